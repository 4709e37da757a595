#include "runtime/verbs/MachineRates.h"

#include "runtime/cpu/ReadTime.h"

#include <algorithm>
#include <vector>

namespace llmc {

double readBandwidth(ThreadPool &threads, std::span<const std::byte> bytes) {
  // Many rounds over few bytes, so that waking the threads counts for little.
  size_t rounds = std::max<size_t>(1, (size_t(64) << 20) / std::max<size_t>(bytes.size(), 1 << 16));
  std::vector<std::span<const std::byte>> parts;
  for (size_t i = 0, n = threads.threads(); i < n; ++i) {
    size_t begin = bytes.size() * i / n;
    parts.push_back(bytes.subspan(begin, bytes.size() * (i + 1) / n - begin));
  }
  double best = 0;
  for (int pass = 0; pass < 3; ++pass)
    best = std::max(best, 1e9 * static_cast<double>(bytes.size() * rounds) /
                              static_cast<double>(readTime(threads, parts, rounds)));
  return best;
}

} // namespace llmc
