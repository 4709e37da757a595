#include "runtime/tokenizer/MergeTable.h"

#include <bit>

namespace llmc::tokenizer {

MergeTable::MergeTable(const std::vector<Merge> &merges) {
  pairs.resize(std::bit_ceil(merges.size() * 2 + 1));
  uint32_t rank = 0;
  for (size_t n = 0; n < merges.size(); ++n) {
    const Merge &m = merges[n];
    rank = m.tied && n > 0 ? rank : uint32_t(n);
    uint64_t key = keyOf(m.left, m.right);
    for (size_t i = mix(key);; ++i) {
      Pair &p = pairs[i & (pairs.size() - 1)];
      // A pair that stands in the list twice has the later rank, as it has in
      // the tokenizers library.
      if (p.key == key || p.result < 0) {
        p = {key, rank, m.result};
        break;
      }
    }
  }
}

} // namespace llmc::tokenizer
