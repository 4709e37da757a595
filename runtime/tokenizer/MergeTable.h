/// The merges of a byte-pair encoding, by the pair of tokens that is merged.
#ifndef LLMC_RUNTIME_TOKENIZER_MERGETABLE_H
#define LLMC_RUNTIME_TOKENIZER_MERGETABLE_H

#include "runtime/tokenizer/TokenizerModel.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmc::tokenizer {

class MergeTable {
public:
  struct Pair {
    uint64_t key = ~uint64_t(0); // left << 32 | right; all ones: free
    uint32_t rank = 0;
    int32_t result = -1;
  };

  explicit MergeTable(const std::vector<Merge> &merges);

  /// What becomes of \p left and \p right beside each other, or null.
  const Pair *find(int32_t left, int32_t right) const {
    uint64_t key = keyOf(left, right);
    for (size_t i = mix(key);; ++i) {
      const Pair &p = pairs[i & (pairs.size() - 1)];
      if (p.key == key)
        return &p;
      if (p.result < 0)
        return nullptr;
    }
  }

private:
  std::vector<Pair> pairs; // Open addressing; the size is a power of two.

  static uint64_t keyOf(int32_t left, int32_t right) {
    return uint64_t(uint32_t(left)) << 32 | uint32_t(right);
  }
  // The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
  static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_MERGETABLE_H
