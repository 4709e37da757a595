#include "runtime/verbs/MachineRates.h"

#include "runtime/cpu/ReadTime.h"

#include <algorithm>
#include <vector>

namespace llmc {

namespace {
constexpr int64_t longEnough = 20000000; // ns
} // namespace

double readBandwidth(ThreadPool &threads, std::span<const std::byte> bytes) {
  // Many rounds over few bytes, so that waking the threads counts for little; and
  // many passes, so that some are not disturbed where other work comes between.
  size_t rounds = std::max<size_t>(1, (size_t(8) << 20) / std::max<size_t>(bytes.size(), 1 << 12));
  std::vector<std::span<const std::byte>> parts;
  for (size_t i = 0, n = threads.threads(); i < n; ++i) {
    size_t begin = bytes.size() * i / n;
    parts.push_back(bytes.subspan(begin, bytes.size() * (i + 1) / n - begin));
  }
  double best = 0;
  int64_t spent = 0;
  for (size_t pass = 0; pass < 3 || (pass < 24 && spent < longEnough); ++pass) {
    int64_t time = readTime(threads, parts, rounds);
    best = std::max(best, 1e9 * static_cast<double>(bytes.size() * rounds) /
                              static_cast<double>(time));
    spent += time;
  }
  return best;
}

} // namespace llmc
