#include "runtime/tokenizer/WordBorders.h"

#include "runtime/tokenizer/PieceModel.h"

#include <algorithm>

namespace llmc::tokenizer {

/// Whether a merge gives what its two tokens spell.
static bool spells(const TokenizerModel &model, const Merge &merge) {
  const std::string &left = model.tokens[size_t(merge.left)],
                    &right = model.tokens[size_t(merge.right)],
                    &result = model.tokens[size_t(merge.result)];
  return result.size() == left.size() + right.size() &&
         result.starts_with(left) && result.ends_with(right);
}

bool keepsToWords(const TokenizerModel &model) {
  if (model.kind != ModelKind::Bpe && model.kind != ModelKind::Unigram)
    return false;
  // What looks at a piece as a whole would see another one.
  if (model.ignoreMerges || !model.endOfWordSuffix.empty())
    return false;
  std::vector<bool> outside = tokensOutside(model);
  bool hasMark = false;
  for (size_t i = 0; i < model.tokens.size(); ++i) {
    if (!isModelToken(model, outside, i))
      continue;
    const std::string &text = model.tokens[i];
    hasMark |= text == spaceMark;
    if (wordLength(text) < text.size())
      return false;
  }
  return hasMark &&
         std::all_of(model.merges.begin(), model.merges.end(),
                     [&](const Merge &merge) { return spells(model, merge); });
}

} // namespace llmc::tokenizer
