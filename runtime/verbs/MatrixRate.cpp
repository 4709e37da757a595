/// Compiled with -ffp-contract=fast: a product and a sum are one FMA.
#include "runtime/verbs/MatrixRate.h"

#include "runtime/verbs/Console.h"

#include <algorithm>
#include <immintrin.h>
#include <optional>
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

/// What LDTILECFG reads (Intel SDM volume 1, chapter 18).
struct alignas(64) TileShapes {
  uint8_t palette = 1, startRow = 0, reserved[14] = {};
  uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// Four tiles of sums, as a product's latency asks for: each pair of a tile of
/// inputs and one of weights meets in one of them, as in a kernel.
constexpr int tileSums = 4;
constexpr double tileOperations = 2.0 * 16 * 16 * 32;

[[gnu::target("amx-tile,amx-bf16")]] void multiplyTiles(void *context, unsigned part) {
  auto &work = *static_cast<Work *>(context);
  TileShapes shapes;
  alignas(64) uint16_t ones[512];
  std::fill(std::begin(ones), std::end(ones), uint16_t(0x3f80)); // 1 in bf16
  _tile_loadconfig(&shapes);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, ones, 64);
  _tile_loadd(5, ones, 64);
  _tile_loadd(6, ones, 64);
  _tile_loadd(7, ones, 64);
  for (size_t round = 0; round < work.rounds / 16; ++round) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  alignas(64) float sums[256];
  _tile_stored(0, sums, 64);
  _tile_release();
  work.results[part] = sums[0];
}

/// Kernels of a level whose name begins so, for weights of a type.
struct Probe {
  std::string_view level;
  std::optional<ElementType> type; // none: any
  std::string_view how;
  void (*run)(void *work, unsigned part);
  double operationsPerRound;
};

/// The first that fits is taken: levels with matrix instructions for some types
/// stand before those that do all others.
constexpr Probe probes[] = {
    {"x86-64-amx", ElementType::BF16, "bf16 products of AMX tiles in registers", multiplyTiles,
     tileOperations * tileSums / 16},
    // Products of f16 take as long (Intel's optimization manual, AMX).
    {"x86-64-amx-fp16", ElementType::F16, "bf16 products of AMX tiles in registers, as fast as f16",
     multiplyTiles, tileOperations * tileSums / 16},
    {"x86-64-v3", std::nullopt, "f32 FMA in registers, AVX2", multiplyAdd8, 2 * 8 * chains},
    {"x86-64-", std::nullopt, "f32 FMA in registers, AVX-512", multiplyAdd16, 2 * 16 * chains},
};

} // namespace

static constexpr int64_t longEnough = 20000000; // ns

MatrixRate matrixRate(ThreadPool &threads, std::string_view level, ElementType type) {
  auto probe = std::ranges::find_if(probes, [&](const Probe &candidate) {
    return level.starts_with(candidate.level) && candidate.type.value_or(type) == type;
  });
  if (probe == std::end(probes))
    return {0, "no loop is known for this level"};
  Work work{size_t(1) << 18, std::vector<float>(threads.threads())};
  double best = 0;
  // Short ones, so that some are not disturbed where other work comes between.
  int64_t spent = 0;
  for (int pass = 0; pass < 3 || (pass < 12 && spent < longEnough); ++pass) {
    int64_t begin = monotonicNow();
    threads.runAll(probe->run, &work);
    auto time = static_cast<double>(std::max<int64_t>(monotonicNow() - begin, 1));
    spent += static_cast<int64_t>(time);
    for (volatile float result : work.results)
      (void)result;
    best = std::max(best, 1e9 * probe->operationsPerRound *
                              static_cast<double>(work.rounds * threads.threads()) / time);
  }
  return {best, probe->how};
}

} // namespace llmc
