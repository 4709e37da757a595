/// What memory gives: N threads read 2 GiB each their share, four streams each.
/// Prints GB/s, the median of R sweeps.
///
///   g++ -O2 -march=native -pthread read-limit.cpp -o read-limit
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

/// The exclusive-or of a range, read as four streams side by side.
static uint64_t sweep(const char *begin, size_t bytes) {
  size_t quarter = bytes / 4 / 256 * 256;
  Vector sums[4] = {};
  for (size_t at = 0; at < quarter; at += 64)
    for (int stream = 0; stream < 4; ++stream) {
      const char *line = begin + stream * quarter + at;
      __builtin_prefetch(line + 1024, 0, 2);
      sums[stream] ^= *reinterpret_cast<const Vector *>(line);
    }
  Vector all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  return all[0] ^ all[1] ^ all[2] ^ all[3];
}

int main(int count, char **words) {
  int threads = count > 1 ? std::atoi(words[1]) : 1;
  int sweeps = count > 2 ? std::atoi(words[2]) : 5;
  if (threads < 1 || threads > 1024 || sweeps < 1)
    return 2;
  size_t bytes = size_t(2) << 30, share = bytes / threads / 256 * 256;
  void *map = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED)
    return 1;
  madvise(map, bytes, MADV_HUGEPAGE);
  auto *memory = static_cast<char *>(map);
  for (size_t i = 0; i < bytes; i += 4096)
    memory[i] = static_cast<char>(i >> 12);
  std::vector<double> rates;
  std::atomic<uint64_t> sink = 0;
  for (int i = 0; i < sweeps; ++i) {
    auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t)
      workers.emplace_back([&, t] { sink ^= sweep(memory + t * share, share); });
    for (std::thread &worker : workers)
      worker.join();
    std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    rates.push_back(static_cast<double>(share) * threads / seconds.count() / 1e9);
  }
  std::sort(rates.begin(), rates.end());
  std::printf("%.1f\n", rates[rates.size() / 2]);
  return sink == 1; // The sums are used.
}
