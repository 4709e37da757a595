/// Compiled with -ffp-contract=fast: a product and a sum are one FMA.
#include "runtime/verbs/MatrixRate.h"

#include "runtime/verbs/Console.h"

#include <algorithm>
#include <vector>

namespace llmc {

namespace {

/// FMAs take 4 cycles and two start in each: 8 chains keep them busy, and 12
/// with two constants fit 16 registers.
constexpr int chains = 12;

struct Work {
  size_t rounds;
  std::vector<float> results; // [threads], so that nothing is left out as unused
};

/// What a loop over vectors of \p Floats does, for each part alike.
template <typename Floats> [[gnu::always_inline]] inline float multiplyAdd(size_t rounds) {
  Floats factor = Floats{} + 0.75f, addend = Floats{} + 0.25f, sums[chains];
  // Equal chains would be one to the compiler, and 1 stays 1.
#pragma GCC unroll 12
  for (int chain = 0; chain < chains; ++chain)
    sums[chain] = Floats{} + static_cast<float>(chain + 2);
  for (size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int chain = 0; chain < chains; ++chain)
      sums[chain] = sums[chain] * factor + addend;
  }
  Floats all = {};
#pragma GCC unroll 12
  for (int chain = 0; chain < chains; ++chain)
    all += sums[chain];
  return all[0];
}

using Floats8 = float __attribute__((vector_size(32)));
using Floats16 = float __attribute__((vector_size(64)));

[[gnu::target("avx2,fma")]] void multiplyAdd8(void *context, unsigned part) {
  auto &work = *static_cast<Work *>(context);
  work.results[part] = multiplyAdd<Floats8>(work.rounds);
}

[[gnu::target("avx512f")]] void multiplyAdd16(void *context,
                                                                      unsigned part) {
  auto &work = *static_cast<Work *>(context);
  work.results[part] = multiplyAdd<Floats16>(work.rounds);
}

/// Kernels of a level whose name begins so, for weights of a type.
struct Probe {
  std::string_view level;
  std::string_view how;
  void (*run)(void *work, unsigned part);
  double operationsPerRound;
};

/// The first that fits is taken. A level with matrix instructions of its own
/// gets a row here, before those that its name begins with; where they take some
/// types only, a row of its own for these.
constexpr Probe probes[] = {
    {"x86-64-v3", "f32 FMA in registers, AVX2", multiplyAdd8, 2 * 8 * chains},
    {"x86-64-", "f32 FMA in registers, AVX-512", multiplyAdd16, 2 * 16 * chains},
};

} // namespace

MatrixRate matrixRate(ThreadPool &threads, std::string_view level, ElementType) {
  auto probe = std::ranges::find_if(
      probes, [&](const Probe &candidate) { return level.starts_with(candidate.level); });
  if (probe == std::end(probes))
    return {0, "no loop is known for this level"};
  Work work{size_t(1) << 20, std::vector<float>(threads.threads())};
  double best = 0;
  for (int pass = 0; pass < 3; ++pass) {
    int64_t begin = monotonicNow();
    threads.runAll(probe->run, &work);
    auto time = static_cast<double>(std::max<int64_t>(monotonicNow() - begin, 1));
    for (volatile float result : work.results)
      (void)result;
    best = std::max(best, 1e9 * probe->operationsPerRound *
                              static_cast<double>(work.rounds * threads.threads()) / time);
  }
  return {best, probe->how};
}

} // namespace llmc
