#include "runtime/tokenizer/UnigramModel.h"

#include "runtime/tokenizer/UnigramSearch.h"
#include "runtime/tokenizer/WordBorders.h"

#include <algorithm>
#include <cmath>

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
  farthestScore = std::abs(unknownScore);
  for (size_t i = 0; i < model.tokens.size(); ++i) {
    falling &= scores[i] <= 0;
    if (isModelToken(model, outside, i))
      farthestScore = std::max(farthestScore, std::abs(scores[i]));
  }
  bytesComplete =
      model.byteFallback && std::all_of(byteIds.begin(), byteIds.end(),
                                        [](int32_t id) { return id >= 0; });
}

void UnigramModel::encode(std::string_view piece,
                          std::vector<int32_t> &ids) const {
  if (model.floatScores)
    Search<float>(*this, piece, ids).run();
  else
    Search<double>(*this, piece, ids).run();
}

} // namespace llmc::tokenizer
