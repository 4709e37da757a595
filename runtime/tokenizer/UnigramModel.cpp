#include "runtime/tokenizer/UnigramModel.h"

#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <bit>
#include <queue>

namespace llmc::tokenizer {

UnigramModel::UnigramModel(const TokenizerModel &model)
    : model(model), scores(model.scores), byteIds(byteTokenIds(model)) {
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

  Search(const UnigramModel &owner, std::string_view piece,
         std::vector<int32_t> &ids)
      : owner(owner), piece(piece), ids(ids),
        sums(std::bit_ceil(std::min(owner.longestToken, piece.size()) + 5)) {}

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

  /// Gives out the path to \p end, which every path passes.
  void give(size_t end) {
    ends.clear();
    for (size_t at = end; at > base; at = beginOf(at))
      ends.push_back(uint32_t(at));
    size_t begin = base;
    for (size_t i = ends.size(); i-- > 0; begin = ends[i]) {
      int32_t id = best[ends[i] - base];
      if (id >= 0 && id != owner.model.unkId) {
        giveUnknown();
        ids.push_back(id);
        continue;
      }
      if (unknownEnd == unknownBegin)
        unknownBegin = begin;
      unknownEnd = ends[i];
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

  /// A way to \p end with \p id as its last token.
  void offer(size_t end, Score sum, int32_t id) {
    if (end - base >= best.size())
      best.resize(end - base + 1, none);
    int32_t &known = best[end - base];
    if (known == none || sum > sumAt(end)) {
      known = id;
      sumAt(end) = sum;
    }
    reach = std::max(reach, end);
  }

  void run() {
    size_t patience = mostNodes, at = 0;
    while (at < piece.size()) {
      if (at == reach && at > base) {
        give(at);
      } else if (at - base > patience) {
        size_t meeting = meetingOfPaths(at);
        if (meeting > base)
          give(meeting);
        patience = std::max(mostNodes, 2 * (at - base));
      }
      Score till = sumAt(at);
      size_t length = decodeOne(piece.substr(at)).length;
      bool single = false;
      owner.trie.eachPrefix(piece.substr(at), [&](size_t n, int32_t id) {
        offer(at + n, Score(owner.scores[size_t(id)] + double(till)), id);
        single |= n == length;
      });
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
