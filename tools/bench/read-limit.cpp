/// What memory gives: N threads read 2 GiB, each its share, as one stream and as
/// four with prefetches. Prints the better way's GB/s, the median of its sweeps.
///
///   g++ -O3 -march=native -pthread read-limit.cpp -o read-limit
///   read-limit THREADS [SWEEPS]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <sys/mman.h>

typedef uint64_t Vector __attribute__((vector_size(64)));

/// The exclusive-or of a range, read as \p streams streams side by side, eight
/// lines in flight.
template <int streams>
static uint64_t sweep(const char *begin, size_t bytes) {
  constexpr int lines = 8 / streams;
  size_t share = bytes / streams / 512 * 512;
  Vector sums[8] = {};
  for (size_t at = 0; at < share; at += 64 * lines)
    for (int i = 0; i < 8; ++i) {
      const char *line = begin + i / lines * share + at + i % lines * 64;
      if (streams > 1)
        __builtin_prefetch(line + 1024, 0, 2);
      sums[i] ^= *reinterpret_cast<const Vector *>(line);
    }
  Vector all = {};
  for (const Vector &sum : sums)
    all ^= sum;
  return all[0] ^ all[1] ^ all[2] ^ all[3];
}

int main(int count, char **words) {
  int threads = count > 1 ? std::atoi(words[1]) : 1;
  int sweeps = count > 2 ? std::atoi(words[2]) : 5;
  if (threads < 1 || threads > 1024 || sweeps < 1)
    return 2;
  size_t bytes = size_t(2) << 30, share = bytes / threads / 4096 * 4096;
  void *map = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED)
    return 1;
  madvise(map, bytes, MADV_HUGEPAGE);
  auto *memory = static_cast<char *>(map);
  for (size_t i = 0; i < bytes; i += 4096)
    memory[i] = static_cast<char>(i >> 12);
  std::atomic<uint64_t> sink = 0;
  double best = 0;
  for (auto way : {sweep<1>, sweep<4>}) {
    std::vector<double> rates;
    for (int i = 0; i < sweeps; ++i) {
      auto start = std::chrono::steady_clock::now();
      std::vector<std::thread> workers;
      for (int t = 0; t < threads; ++t)
        workers.emplace_back([&, t] { sink ^= way(memory + t * share, share); });
      for (std::thread &worker : workers)
        worker.join();
      std::chrono::duration<double> seconds =
          std::chrono::steady_clock::now() - start;
      rates.push_back(static_cast<double>(share) * threads / seconds.count() / 1e9);
    }
    std::sort(rates.begin(), rates.end());
    best = std::max(best, rates[rates.size() / 2]);
  }
  std::printf("%.1f\n", best);
  return sink == 1; // The sums are used.
}
