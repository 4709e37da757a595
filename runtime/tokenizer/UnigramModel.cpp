#include "runtime/tokenizer/UnigramModel.h"

#include "runtime/tokenizer/Unicode.h"
#include "runtime/tokenizer/UnigramCache.h"
#include "runtime/tokenizer/WordBorders.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <queue>

namespace llmc::tokenizer {

UnigramModel::UnigramModel(const TokenizerModel &model)
    : model(model), scores(model.scores), byteIds(byteTokenIds(model)),
      wordwise(keepsToWords(model)) {
  std::vector<bool> outside = tokensOutside(model);
  std::vector<std::pair<std::string_view, int32_t>> entries;
  // SentencePiece takes the lowest score of ordinary pieces, and the highest,
  // or 0 where all are below; the tokenizers library the lowest of all.
  bool any = false;
  double lowest = 0, highest = 0;
  auto useOf = [&](size_t i) {
    return model.uses.empty() ? TokenUse::Text : model.uses[i];
  };
  for (size_t i = 0; i < model.tokens.size(); ++i) {
    if (!outside[i] && useOf(i) == TokenUse::Text) {
      lowest = any ? std::min(lowest, scores[i]) : scores[i];
      highest = std::max(highest, scores[i]);
      any = true;
    }
    if (!isModelToken(model, outside, i))
      continue;
    entries.push_back({model.tokens[i], int32_t(i)});
    longestToken = std::max(longestToken, model.tokens[i].size());
  }
  trie = ByteTrie(std::move(entries));
  unknownScore =
      model.floatScores ? double(float(lowest) - 10.0f) : lowest - 10;
  for (size_t i = 0; i < model.tokens.size(); ++i)
    if (useOf(i) == TokenUse::UserDefined)
      scores[i] = double(float(model.tokens[i].size()) * float(highest)) - 0.1;
  falling = unknownScore <= 0;
  for (size_t i = 0; i < model.tokens.size(); ++i)
    falling &= scores[i] <= 0;
  bytesComplete =
      model.byteFallback && std::all_of(byteIds.begin(), byteIds.end(),
                                        [](int32_t id) { return id >= 0; });
}

/// One search: the best token that ends at each position, and the sums of
/// scores of the last few positions.
template <typename Score> struct UnigramModel::Search {
  static constexpr int32_t none = -2, unknownCharacter = -1;

  const UnigramModel &owner;
  std::string_view piece;
  std::vector<int32_t> &ids;
  // The tokens that end in [base, base + best.size()), or one of the above;
  // every path passes base.
  std::vector<int32_t> best{none};
  size_t base = 0, reach = 0;
  std::vector<Score> sums; ///< Of a position at its low bits.
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

  Search(const UnigramModel &owner, std::string_view piece,
         std::vector<int32_t> &ids)
      : owner(owner), piece(piece), ids(ids),
        sums(std::bit_ceil(std::min(owner.longestToken, piece.size()) + 5)) {
    if (piece.size() < owner.worthACache)
      return;
    cache.emplace(owner.falling);
    ids.reserve(ids.size() + piece.size() / 4);
  }

  Score &sumAt(size_t position) { return sums[position & (sums.size() - 1)]; }

  /// Where the best token that ends at \p end begins.
  size_t beginOf(size_t end) const {
    int32_t id = best[end - base];
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
    for (size_t at = end; at > base; at = beginOf(at))
      ends.push_back(uint32_t(at));
    size_t begin = base;
    for (size_t i = ends.size(); i-- > 0; begin = ends[i]) {
      int32_t id = best[ends[i] - base];
      if (id == owner.model.unkId)
        id = unknownCharacter;
      giveToken(id, begin, ends[i]);
      if (noting)
        noteToken(id, ends[i]);
    }
    best.erase(best.begin(), best.begin() + ptrdiff_t(end - base));
    base = end;
  }

  /// The last position that every path to [from, reach] passes: the one that
  /// stands farthest steps back until all stand on one.
  size_t meetingOfPaths(size_t from) {
    for (size_t p = from; p <= reach; ++p)
      if (best[p - base] != none)
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
    if (end - base >= best.size())
      best.resize(end - base + 1, none);
    auto sum = Score(exact);
    if (noting) {
      found.least = std::min(found.least, sum);
      found.most = std::max(found.most, sum);
    }
    int32_t &known = best[end - base];
    if (known == none || exact > double(sumAt(end))) {
      known = id;
      sumAt(end) = sum;
    }
    reach = std::max(reach, end);
  }

  /// Every path passes \p at, which is base: takes what is known of the
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
      base = reach = at + known->bytes;
      best.assign(1, none);
      sumAt(base) = sum + known->sum;
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

  void run() {
    size_t patience = mostNodes, at = 0;
    while (at < piece.size()) {
      if (at == reach) {
        if (at > base)
          give(at);
        if (noting && at > noteBegin)
          finishNote(at);
        if (cache && !noting && replay(at)) {
          at = base;
          continue;
        }
      } else if (at - base > patience) {
        size_t meeting = meetingOfPaths(at);
        if (meeting > base)
          give(meeting);
        patience = std::max(mostNodes, 2 * (at - base));
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
    if (at > base)
      give(at);
    giveUnknown();
  }
};

void UnigramModel::encode(std::string_view piece,
                          std::vector<int32_t> &ids) const {
  if (model.floatScores)
    Search<float>(*this, piece, ids).run();
  else
    Search<double>(*this, piece, ids).run();
}

} // namespace llmc::tokenizer
