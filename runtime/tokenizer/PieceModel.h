/// What turns a piece of text into tokens; one class for each ModelKind.
#ifndef LLMC_RUNTIME_TOKENIZER_PIECEMODEL_H
#define LLMC_RUNTIME_TOKENIZER_PIECEMODEL_H

#include "runtime/tokenizer/TokenizerModel.h"

#include <memory>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

class PieceModel {
public:
  virtual ~PieceModel() = default;

  /// Appends the ids of \p piece (valid UTF-8, below 2 GiB).
  virtual void encode(std::string_view piece,
                      std::vector<int32_t> &ids) const = 0;

  /// Builds the tables for \p model, which passed checkModel() and must stay
  /// where it is.
  static std::unique_ptr<PieceModel> create(const TokenizerModel &model);
};

/// The tokens that the model itself may give, by text: neither added tokens
/// that its vocabulary lacks nor those that no text becomes.
bool isModelToken(const TokenizerModel &model, const std::vector<bool> &outside,
                  size_t id);
/// [vocab] whether the token is an added one outside the model's vocabulary.
std::vector<bool> tokensOutside(const TokenizerModel &model);
/// [256] the ids of "<0xHH>", or -1.
std::vector<int32_t> byteTokenIds(const TokenizerModel &model);

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_PIECEMODEL_H
