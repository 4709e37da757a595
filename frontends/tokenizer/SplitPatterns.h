/// Split patterns that formats only name.
#ifndef LLMC_FRONTENDS_TOKENIZER_SPLITPATTERNS_H
#define LLMC_FRONTENDS_TOKENIZER_SPLITPATTERNS_H

#include "runtime/tokenizer/TokenizerModel.h"

#include <string_view>

namespace llmc::tokenizer {

/// Appends the splits that tokenizer.ggml.pre \p name stands for, and ByteMap.
/// False where the name is not known; then nothing is appended.
bool appendGgufSplits(std::string_view name, TokenizerModel &model);

/// The same for an encoding of tiktoken ("cl100k_base"), and its special
/// tokens, of which those are added that \p model has no other token for.
bool appendTiktokenEncoding(std::string_view name, TokenizerModel &model);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_SPLITPATTERNS_H
