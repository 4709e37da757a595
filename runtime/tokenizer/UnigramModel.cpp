#include "runtime/tokenizer/UnigramModel.h"

#include "runtime/tokenizer/Unicode.h"

#include <algorithm>

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
    if (isModelToken(model, outside, i))
      entries.push_back({model.tokens[i], int32_t(i)});
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

template <typename Score>
void UnigramModel::search(std::string_view piece,
                          std::vector<int32_t> &ids) const {
  struct Node {
    Score score = 0;
    uint32_t from = ~uint32_t(0); // Where the best token that ends here begins.
    int32_t id = -1;              // -1: an unknown character.
  };
  // Nodes of [base, base + best.size()); base is a position that every path
  // passes.
  std::vector<Node> best(1);
  size_t base = 0, reach = 0;
  auto nodeAt = [&](size_t position) -> Node & {
    if (position - base >= best.size())
      best.resize(position - base + 1);
    return best[position - base];
  };
  struct Step {
    int32_t id;
    uint32_t begin, end;
  };
  std::vector<Step> path;
  // Unknown characters in a row are given out together; so is the unknown
  // token itself, where its spelling stands in the text.
  size_t unknownBegin = 0, unknownEnd = 0;
  auto giveUnknown = [&] {
    std::string_view text =
        piece.substr(unknownBegin, unknownEnd - unknownBegin);
    unknownBegin = unknownEnd;
    if (text.empty())
      return;
    bool bytes =
        model.byteFallback && text != model.tokens[size_t(model.unkId)] &&
        (bytesComplete || std::all_of(text.begin(), text.end(), [&](char c) {
           return byteIds[uint8_t(c)] >= 0;
         }));
    if (!bytes)
      ids.push_back(model.unkId);
    else
      for (char c : text)
        ids.push_back(byteIds[uint8_t(c)]);
  };
  auto give = [&](size_t end) {
    path.clear();
    for (size_t at = end; at > base;) {
      const Node &n = best[at - base];
      path.push_back({n.id, n.from, uint32_t(at)});
      at = n.from;
    }
    for (size_t i = path.size(); i-- > 0;) {
      const Step &step = path[i];
      if (step.id >= 0 && step.id != model.unkId) {
        giveUnknown();
        ids.push_back(step.id);
        continue;
      }
      if (unknownEnd == unknownBegin)
        unknownBegin = step.begin;
      unknownEnd = step.end;
    }
    Node last = best[end - base];
    best.assign(1, last);
    base = end;
  };

  auto at = uint32_t(0);
  while (at < piece.size()) {
    if (at == reach && at > base)
      give(at);
    Score till = best[at - base].score;
    uint32_t length = decodeOne(piece.substr(at)).length;
    bool single = false;
    auto offer = [&](size_t n, Score candidate, int32_t id) {
      Node &target = nodeAt(at + n);
      if (target.from == ~uint32_t(0) || candidate > target.score)
        target = {candidate, at, id};
      reach = std::max(reach, at + n);
    };
    trie.eachPrefix(piece.substr(at), [&](size_t n, int32_t id) {
      offer(n, Score(scores[size_t(id)] + double(till)), id);
      single |= n == length;
    });
    if (!single)
      offer(length, Score(unknownScore) + till, -1);
    at += length;
  }
  if (at > base)
    give(at);
  giveUnknown();
}

void UnigramModel::encode(std::string_view piece,
                          std::vector<int32_t> &ids) const {
  if (model.floatScores)
    search<float>(piece, ids);
  else
    search<double>(piece, ids);
}

} // namespace llmc::tokenizer
