/// The vocabulary of SentencePiece, from whichever file: pieces with scores
/// and types, and how text is made ready for them.
#ifndef LLMC_FRONTENDS_TOKENIZER_PIECEVOCABULARY_H
#define LLMC_FRONTENDS_TOKENIZER_PIECEVOCABULARY_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::tokenizer {

/// The numbers are those of the file formats.
enum class PieceType : uint8_t {
  Normal = 1,
  Unknown = 2,
  Control = 3,
  UserDefined = 4,
  Unused = 5,
  Byte = 6
};

struct Piece {
  std::string text; ///< "▁" for a space.
  float score = 0;
  PieceType type = PieceType::Normal;
};

struct PieceVocabulary {
  bool unigram = false; ///< Else pairs are merged, the highest score first.
  std::vector<Piece> pieces;
  bool byteFallback = false;
  bool addDummyPrefix = true;
  bool removeExtraWhitespaces = true;
  bool escapeWhitespaces = true;
  std::string charsmap;                     ///< Precompiled; empty: none.
  int32_t bosId = 1, eosId = 2, padId = -1; ///< As in SentencePiece.
};

/// The same as a model of the runtime. \p file names it in messages.
/// Errors: BadTokenizer, UnsupportedTokenizer.
Result<TokenizerModel> lowerPieces(PieceVocabulary vocabulary,
                                   const std::string &file);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_PIECEVOCABULARY_H
