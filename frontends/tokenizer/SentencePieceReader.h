/// Reads a tokenizer.model: SentencePiece's ModelProto.
#ifndef LLMC_FRONTENDS_TOKENIZER_SENTENCEPIECEREADER_H
#define LLMC_FRONTENDS_TOKENIZER_SENTENCEPIECEREADER_H

#include "frontends/tokenizer/PieceVocabulary.h"

#include <string_view>

namespace llmc::tokenizer {

/// Reads untrusted bytes; allocates no more than a small multiple of them.
/// Errors: BadTokenizer; UnsupportedTokenizer for word models, a white space
/// mark behind words, and a denormalizer.
Result<PieceVocabulary> readSentencePiece(std::string_view bytes,
                                          const std::string &file);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_SENTENCEPIECEREADER_H
