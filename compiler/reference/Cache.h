/// Values of type `!llm.kv_cache` and the batch descriptor, as the reference
/// evaluator sees them.
#ifndef LLMC_COMPILER_REFERENCE_CACHE_H
#define LLMC_COMPILER_REFERENCE_CACHE_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmc::reference {

/// Keys and values of one layer. Elements are rounded to the cache's type; those
/// of i8 are integers times their head's scale.
struct Cache {
  struct Sequence {
    std::vector<float> keys;   // [length, heads * headDim]
    std::vector<float> values; // [length, heads * headDim]
    std::vector<float> valueScales; // [length, heads] of i8, else empty
  };
  std::vector<Sequence> sequences; // [batch], or by number of sequence

  int64_t length(size_t sequence, int64_t columns) const {
    return sequence < sequences.size() && columns > 0
               ? int64_t(sequences[sequence].keys.size()) / columns
               : 0;
  }
};

/// Which rows [T] of a step belong to which sequence, and where. Without one,
/// rows [B, S, D] are B sequences whose last S positions are the rows, and
/// rows [T, D] are one sequence.
struct Batch {
  std::vector<int64_t> rowSequence; // [T]
  std::vector<int64_t> positions;   // [T]
};

} // namespace llmc::reference

#endif // LLMC_COMPILER_REFERENCE_CACHE_H
