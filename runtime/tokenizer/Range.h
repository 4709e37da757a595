/// A part of a text.
#ifndef LLMC_RUNTIME_TOKENIZER_RANGE_H
#define LLMC_RUNTIME_TOKENIZER_RANGE_H

#include <cstdint>
#include <functional>

namespace llmc::tokenizer {

/// A half-open range of bytes of some text.
struct Range {
  uint32_t begin;
  uint32_t end;
};

/// Receives what a search finds, match after match; false ends the search.
using TakeMatch = std::function<bool(Range)>;

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_RANGE_H
