#include "runtime/verbs/MachineRates.h"

#include "runtime/cpu/ReadTime.h"

#include <algorithm>
#include <cstdio>
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

uint64_t ownMemory() {
  FILE *file = std::fopen("/proc/self/status", "r");
  if (!file)
    return 0;
  uint64_t sum = 0;
  char line[256];
  while (std::fgets(line, sizeof line, file)) {
    unsigned long long kilobytes = 0;
    if (std::sscanf(line, "RssAnon: %llu", &kilobytes) == 1 ||
        std::sscanf(line, "RssShmem: %llu", &kilobytes) == 1)
      sum += kilobytes * 1024;
  }
  std::fclose(file);
  return sum;
}

} // namespace llmc
