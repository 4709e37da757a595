#include "runtime/tokenizer/PieceModel.h"

#include "runtime/tokenizer/BpeModel.h"
#include "runtime/tokenizer/UnigramModel.h"
#include "runtime/tokenizer/WordModel.h"

#include <string>

namespace llmc::tokenizer {

std::unique_ptr<PieceModel> PieceModel::create(const TokenizerModel &model) {
  switch (model.kind) {
  case ModelKind::Bpe:
    break;
  case ModelKind::Unigram:
    return std::make_unique<UnigramModel>(model);
  case ModelKind::WordPiece:
  case ModelKind::WordLevel:
  case ModelKind::LongestMatch:
    return std::make_unique<WordModel>(model);
  }
  return std::make_unique<BpeModel>(model);
}

std::vector<bool> tokensOutside(const TokenizerModel &model) {
  std::vector<bool> outside(model.tokens.size());
  for (const AddedToken &t : model.added)
    outside[size_t(t.id)] = !t.inModel;
  return outside;
}

bool isModelToken(const TokenizerModel &model, const std::vector<bool> &outside,
                  size_t id) {
  return !outside[id] && !model.tokens[id].empty() &&
         (model.uses.empty() || model.uses[id] != TokenUse::Never);
}

std::vector<int32_t> byteTokenIds(const TokenizerModel &model) {
  std::vector<int32_t> ids(256, -1);
  std::vector<bool> outside = tokensOutside(model);
  auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (size_t i = 0; i < model.tokens.size(); ++i) {
    const std::string &t = model.tokens[i];
    if (t.size() != 6 || !t.starts_with("<0x") || t[5] != '>' || outside[i])
      continue;
    int high = digit(t[3]), low = digit(t[4]);
    if (high >= 0 && low >= 0 && ids[size_t(high * 16 + low)] < 0)
      ids[size_t(high * 16 + low)] = int32_t(i);
  }
  return ids;
}

} // namespace llmc::tokenizer
