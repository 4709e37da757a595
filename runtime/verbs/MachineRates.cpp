#include "runtime/verbs/MachineRates.h"

#include "runtime/verbs/Console.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

namespace llmc {

namespace {

struct Reading {
  std::span<const std::byte> bytes;
  unsigned parts;
  size_t rounds; // over all bytes, so that waking the threads counts for little
  std::vector<uint64_t> sums; // [parts], so that nothing is left out as unused
};

void readPart(void *context, unsigned part) {
  auto &reading = *static_cast<Reading *>(context);
  using Words = uint64_t __attribute__((vector_size(32)));
  constexpr size_t stride = 4 * sizeof(Words);
  size_t blocks = reading.bytes.size() / stride;
  size_t begin = blocks * part / reading.parts;
  size_t end = blocks * (part + 1) / reading.parts;
  Words sums[4] = {};
  for (size_t round = 0; round < reading.rounds; ++round) {
    for (size_t block = begin; block < end; ++block) {
      Words words[4];
      std::memcpy(words, &reading.bytes[block * stride], stride);
      for (int i = 0; i < 4; ++i)
        sums[i] ^= words[i];
    }
    asm volatile("" ::: "memory"); // every round reads again
  }
  Words all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  reading.sums[part] = all[0] ^ all[1] ^ all[2] ^ all[3];
}

} // namespace

double readBandwidth(ThreadPool &threads, std::span<const std::byte> bytes) {
  size_t rounds = std::max<size_t>(1, (size_t(64) << 20) / std::max<size_t>(bytes.size(), 1 << 16));
  Reading reading{bytes, threads.threads(), rounds, std::vector<uint64_t>(threads.threads())};
  double best = 0;
  for (int pass = 0; pass < 3; ++pass) {
    int64_t begin = monotonicNow();
    threads.runAll(readPart, &reading);
    auto time = static_cast<double>(std::max<int64_t>(monotonicNow() - begin, 1));
    for (volatile uint64_t sum : reading.sums)
      (void)sum;
    best = std::max(best, 1e9 * static_cast<double>(bytes.size() * rounds) / time);
  }
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
