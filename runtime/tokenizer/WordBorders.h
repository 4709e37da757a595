/// Where a long piece can be cut so that its parts become the ids of the whole.
#ifndef LLMC_RUNTIME_TOKENIZER_WORDBORDERS_H
#define LLMC_RUNTIME_TOKENIZER_WORDBORDERS_H

#include "runtime/tokenizer/TokenizerModel.h"

#include <cstddef>
#include <string_view>

namespace llmc::tokenizer {

/// "▁", which SentencePiece writes for a space.
inline constexpr std::string_view spaceMark = "\xE2\x96\x81";

/// Whether no token reaches over a border of words: a place where a mark stands
/// behind something else. The mark is a token itself, so that unknown
/// characters on either side of it stay apart.
bool keepsToWords(const TokenizerModel &model);

/// The bytes of \p text (not empty) in front of its first border of words.
inline size_t wordLength(std::string_view text) {
  size_t at = 0;
  while (text.substr(at).starts_with(spaceMark))
    at += spaceMark.size();
  size_t next = text.find(spaceMark, at);
  return next == text.npos ? text.size() : next;
}

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_WORDBORDERS_H
