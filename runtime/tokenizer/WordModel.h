/// Models that read a piece from left to right without looking back.
#ifndef LLMC_RUNTIME_TOKENIZER_WORDMODEL_H
#define LLMC_RUNTIME_TOKENIZER_WORDMODEL_H

#include "runtime/tokenizer/ByteTrie.h"
#include "runtime/tokenizer/PieceModel.h"

namespace llmc::tokenizer {

/// WordPiece (Wu et al., arXiv 1609.08144): the longest token, then the longest
/// that continues a word, and so on; a word that this cannot read to its end is
/// one unknown token. WordLevel: the word is a token or unknown. LongestMatch:
/// the longest token each time; a character that none begins with is unknown.
class WordModel final : public PieceModel {
public:
  explicit WordModel(const TokenizerModel &model);
  void encode(std::string_view piece, std::vector<int32_t> &ids) const override;

private:
  const TokenizerModel &model;
  ByteTrie first;  // All tokens.
  ByteTrie others; // Those with the continuing prefix, without it.

  bool readWord(std::string_view piece, std::vector<int32_t> &ids) const;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_WORDMODEL_H
