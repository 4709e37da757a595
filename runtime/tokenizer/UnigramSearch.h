/// One search of UnigramModel.
#ifndef LLMC_RUNTIME_TOKENIZER_UNIGRAMSEARCH_H
#define LLMC_RUNTIME_TOKENIZER_UNIGRAMSEARCH_H

#include "runtime/tokenizer/Repeats.h"
#include "runtime/tokenizer/Unicode.h"
#include "runtime/tokenizer/UnigramCache.h"
#include "runtime/tokenizer/UnigramModel.h"
#include "runtime/tokenizer/UnigramNodes.h"
#include "runtime/tokenizer/UnigramWindow.h"
#include "runtime/tokenizer/WordBorders.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <queue>

namespace llmc::tokenizer {

/// One search: the best token that ends at each position, and the sums of
/// scores of the last few positions.
template <typename Score> struct UnigramModel::Search {
  static constexpr int32_t none = UnigramNodes::none, unknownCharacter = -1;

  const UnigramModel &owner;
  std::string_view piece;
  std::vector<int32_t> &ids;
  // The tokens that end at each position, or one of the above;
  // every path passes best.base().
  UnigramNodes best;
  size_t reach = 0;
  size_t patience = mostNodes; ///< How far paths go before it looks.
  std::vector<Score> sums;     ///< Of a position at its low bits.
  // Unknown characters in a row are given out together; so is the unknown
  // token itself, where its spelling stands in the text.
  size_t unknownBegin = 0, unknownEnd = 0;
  std::vector<uint32_t> ends;         // Scratch of give().
  std::priority_queue<size_t> fronts; // Scratch of meetingOfPaths().

  using Cache = UnigramCache<Score>;
  std::optional<Cache> cache;
  // The stretch that is being noted, where noting is set. Its sums are whole.
  bool noting = false;
  size_t noteBegin = 0;
  size_t noteEnd = 0;  ///< Its tokens end by here.
  size_t noteHalf = 0; ///< It may end from here on.
  size_t looked = 0;   ///< How far the text was read.
  bool open = false;   ///< Text behind noteEnd counts.
  Score noteSum = 0;
  typename Cache::Key noteKey;
  typename Cache::Found found;

  using Window = UnigramWindow<Score>;
  Repeats<Window> repeats;

  Search(const UnigramModel &owner, std::string_view piece,
         std::vector<int32_t> &ids)
      : owner(owner), piece(piece), ids(ids),
        sums(std::bit_ceil(std::min(owner.longestToken, piece.size()) + 5)),
        repeats(piece.size() < owner.worthACache ? std::string_view() : piece) {
    if (piece.size() < owner.worthACache)
      return;
    cache.emplace(owner.falling);
    ids.reserve(ids.size() + piece.size() / 4);
  }

  Score &sumAt(size_t position) { return sums[position & (sums.size() - 1)]; }

  /// Where the best token that ends at \p end begins.
  size_t beginOf(size_t end) {
    int32_t id = best[end];
    if (id >= 0)
      return end - owner.model.tokens[size_t(id)].size();
    do
      --end;
    while ((uint8_t(piece[end]) & 0xC0) == 0x80);
    return end;
  }

  void giveUnknown() {
    std::string_view text =
        piece.substr(unknownBegin, unknownEnd - unknownBegin);
    unknownBegin = unknownEnd;
    if (text.empty())
      return;
    const std::vector<int32_t> &bytes = owner.byteIds;
    const TokenizerModel &model = owner.model;
    bool spell = model.byteFallback &&
                 text != model.tokens[size_t(model.unkId)] &&
                 (owner.bytesComplete ||
                  std::all_of(text.begin(), text.end(),
                              [&](char c) { return bytes[uint8_t(c)] >= 0; }));
    if (!spell)
      ids.push_back(model.unkId);
    else
      for (char c : text)
        ids.push_back(bytes[uint8_t(c)]);
  }

  /// Adds the token that ends at \p end, or an unknown character (-1).
  void noteToken(int32_t id, size_t end) {
    auto till = uint32_t(end - noteBegin);
    if (id < 0 && found.count > 0 && found.tokens[found.count - 1].id < 0)
      found.tokens[found.count - 1].end = till;
    else if (found.count < Cache::maxTokens)
      found.tokens[found.count++] = {id, till};
    else
      noting = false;
  }

  /// The token \p id, or an unknown character (-1), stands in [begin, end).
  void giveToken(int32_t id, size_t begin, size_t end) {
    if (id >= 0) {
      giveUnknown();
      ids.push_back(id);
      return;
    }
    if (unknownEnd == unknownBegin)
      unknownBegin = begin;
    unknownEnd = end;
  }

  /// Gives out the path to \p end, which every path passes.
  void give(size_t end) {
    ends.clear();
    for (size_t at = end; at > best.base(); at = beginOf(at))
      ends.push_back(uint32_t(at));
    size_t begin = best.base();
    for (size_t i = ends.size(); i-- > 0; begin = ends[i]) {
      int32_t id = best[ends[i]];
      if (id == owner.model.unkId)
        id = unknownCharacter;
      giveToken(id, begin, ends[i]);
      if (noting)
        noteToken(id, ends[i]);
    }
    best.forgetBefore(end);
  }

  /// The last position that every path to [from, reach] passes: the one that
  /// stands farthest steps back until all stand on one.
  size_t meetingOfPaths(size_t from) {
    for (size_t p = from; p <= reach; ++p)
      if (best[p] != none)
        fronts.push(p);
    size_t last = fronts.top();
    for (fronts.pop(); !fronts.empty(); fronts.pop()) {
      if (fronts.top() != last)
        fronts.push(beginOf(last));
      last = fronts.top();
    }
    return last;
  }

  /// A way to \p end with \p id as its last token. What is compared is not yet
  /// rounded, though what it is compared with is: so does SentencePiece.
  void offer(size_t end, double exact, int32_t id) {
    auto sum = Score(exact);
    if (noting) {
      found.least = std::min(found.least, sum);
      found.most = std::max(found.most, sum);
    }
    int32_t &known = best.made(end);
    if (known == none || exact > double(sumAt(end))) {
      known = id;
      sumAt(end) = sum;
    }
    reach = std::max(reach, end);
  }

  /// Every path passes \p at, which is best.base(): takes what is known of the
  /// stretch that begins there, or starts to note it. Whether it was known.
  bool replay(size_t at) {
    std::string_view rest =
        piece.substr(at, Cache::maxBytes + spaceMark.size());
    size_t length = owner.wordwise ? wordLength(rest) : rest.size();
    open = length > Cache::maxBytes ||
           (length == rest.size() && at + length < piece.size());
    length = std::min(length, Cache::maxBytes);
    Score sum = sumAt(at);
    noteKey = Cache::keyOf(rest.substr(0, length), open, sum);
    if (const typename Cache::Found *known = cache->find(noteKey, sum)) {
      size_t begin = at;
      for (uint32_t i = 0; i < known->count; ++i) {
        giveToken(known->tokens[i].id, begin, at + known->tokens[i].end);
        begin = at + known->tokens[i].end;
      }
      reach = at + known->bytes;
      best.restart(reach);
      sumAt(reach) = sum + known->sum;
      return true;
    }
    noting = true;
    noteBegin = looked = at;
    noteEnd = at + length;
    noteHalf = open ? at + length / 2 : noteEnd;
    noteSum = sum;
    found = {};
    found.least = found.most = sum;
    return false;
  }

  /// Every path passes \p at, and what is before was given out.
  void finishNote(size_t at) {
    if (at > noteEnd)
      noting = false;
    if (!noting || at < noteHalf)
      return;
    noting = false;
    if ((open && looked > noteEnd) || !cache->staysNear(noteSum, found.least) ||
        !cache->staysNear(noteSum, found.most))
      return;
    found.bytes = uint32_t(at - noteBegin);
    found.sum = sumAt(at) - noteSum;
    found.least -= noteSum;
    found.most -= noteSum;
    cache->note(noteKey, found);
  }

  /// What the search from \p at on hangs on.
  Window windowAt(size_t at) {
    Window window(sumAt(at), at == best.base(), unknownEnd > unknownBegin,
                  unknownBegin);
    for (size_t p = at; p <= reach; ++p) {
      int32_t id = best[p];
      window.add(id, id == none && p > best.base() ? sumAt(at) : sumAt(p));
    }
    return window;
  }

  /// Goes on behind what repeats itself from \p at on; returns where that is.
  [[gnu::noinline]] size_t skipRepeats(size_t at) {
    auto stateOf = [&] { return windowAt(at); };
    auto *reference = repeats.reference();
    // Where all paths meet is the best place to come back to.
    if (reference && at == best.base() && !reference->state.meets) {
      repeats.refer(at, ids.size(), stateOf());
      return at;
    }
    size_t looks = at + owner.longestToken + 4;
    auto skip = repeats.visit(at, looks, ids.size(), stateOf);
    if (skip.times == 0)
      return at;
    Window window = windowAt(at);
    const Window &before = repeats.reference()->state;
    size_t times = window.timesFrom(before, skip.bytes, owner.farthestScore,
                                    owner.falling);
    times = std::min(times, skip.times);
    if (times == 0) {
      repeats.wait(at + skip.bytes + 256);
      return at;
    }
    size_t from = at - skip.bytes;
    if (at == best.base() && window.followsUnknown(before, skip.bytes)) {
      size_t bytes = skip.bytes * times;
      repeatSince(ids, skip.mark, times);
      bool waits = unknownEnd > unknownBegin;
      unknownEnd += bytes;
      if (!waits)
        unknownBegin = unknownEnd;
      else if (unknownBegin != before.unknownBegin)
        unknownBegin += bytes;
      at += bytes;
      reach = at;
      best.restart(at);
      sumAt(at) = window.sumAfter(before, times);
    } else if (best.base() <= from && from < at) {
      // Where paths meet it is done in parts, and these are given out.
      bool meet = meetingOfPaths(at) > from;
      if (meet)
        times =
            std::min(times, std::max<size_t>(4 * mostNodes / skip.bytes, 1));
      repeatNodes(at, skip.bytes, times,
                  window.sumAfter(before, times) - window.sum);
      at += skip.bytes * times;
      patience = meet ? patience : 2 * (at - best.base());
    }
    noting = false;
    repeats.refer(at, ids.size(), windowAt(at));
    return at;
  }

  /// The nodes behind \p at are, \p times, those of the \p bytes before it,
  /// with sums that are \p more in the end.
  void repeatNodes(size_t at, size_t bytes, size_t times, Score more) {
    std::vector<Score> ahead;
    for (size_t p = at; p <= reach; ++p)
      ahead.push_back(sumAt(p));
    best.repeat(at, bytes, times);
    reach += bytes * times;
    for (Score sum : ahead)
      sumAt(bytes * times + at++) = sum + more;
  }

  void run() {
    size_t at = 0;
    while (at < piece.size()) {
      if (at == reach) {
        if (at > best.base())
          give(at);
        if (noting && at > noteBegin)
          finishNote(at);
      }
      if (repeats.wanted(at))
        if (size_t next = skipRepeats(at); next > at) {
          at = next;
          continue;
        }
      if (at == reach) {
        if (cache && !noting && replay(at)) {
          at = reach;
          continue;
        }
      } else if (at - best.base() > patience) {
        size_t meeting = meetingOfPaths(at);
        if (meeting > best.base())
          give(meeting);
        patience = std::max(mostNodes, 2 * (at - best.base()));
      }
      Score till = sumAt(at);
      size_t length = decodeOne(piece.substr(at)).length;
      bool single = false;
      size_t read =
          owner.trie.eachPrefix(piece.substr(at), [&](size_t n, int32_t id) {
            offer(at + n, owner.scores[size_t(id)] + double(till), id);
            single |= n == length;
          });
      looked = std::max(looked, at + std::max(read, length));
      if (!single)
        offer(at + length, Score(owner.unknownScore) + till, unknownCharacter);
      at += length;
    }
    if (at > best.base())
      give(at);
    giveUnknown();
  }
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_UNIGRAMSEARCH_H
