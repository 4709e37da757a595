/// Split patterns of tokenizer.json, which are written for Oniguruma, as PCRE2
/// patterns that match the same.
#ifndef LLMC_FRONTENDS_TOKENIZER_TRANSLATEPATTERN_H
#define LLMC_FRONTENDS_TOKENIZER_TRANSLATEPATTERN_H

#include "runtime/support/Error.h"

#include <string>
#include <string_view>

namespace llmc::tokenizer {

/// What differs and is rewritten: \s \w \d (Unicode's own definitions), \h (a
/// hexadecimal digit), \v (one character), ^ and $ (at every line), the flag m
/// (dot matches newline), {n,m}+ (repeats, is not possessive), {,n}, classes
/// within classes. What is not known to mean the same is refused.
/// Error: UnsupportedTokenizer.
Result<std::string> translatePattern(std::string_view pattern);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_TRANSLATEPATTERN_H
