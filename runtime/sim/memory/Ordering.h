/// Which accesses of a block are ordered before which: vector clocks over its
/// warps. A warp's clock ticks with each of its accesses to shared memory; what
/// it has seen of another warp's clock it learned at a barrier or from an
/// mbarrier's phase. Lanes of one warp are ordered by their own warp's clock
/// as of the last bar.warp.sync or barrier.
///
/// A release speaks for the whole warp, also where one lane does it (an elected
/// lane's arrive): races that only a missing bar.warp.sync in front of it makes
/// are not found. No race is reported that is none.
#ifndef LLMC_RUNTIME_SIM_MEMORY_ORDERING_H
#define LLMC_RUNTIME_SIM_MEMORY_ORDERING_H

#include <algorithm>
#include <cstdint>

namespace llmc::sim {

/// Warps of a block, and one that stands for copies in flight (TMA).
inline constexpr unsigned kMaxWarps = 32;
inline constexpr unsigned kAsyncWarp = kMaxWarps;
inline constexpr unsigned kClocks = kMaxWarps + 1;

struct VectorClock {
  uint32_t at[kClocks] = {};
  void join(const VectorClock &other) {
    for (unsigned i = 0; i < kClocks; ++i)
      at[i] = std::max(at[i], other.at[i]);
  }
};

class Ordering {
public:
  /// A new block: all that came before is ordered, and forgotten. False where
  /// the clocks would overflow soon: marks must be cleared, then restart().
  bool begin() {
    uint32_t latest = *std::max_element(now.at, now.at + kClocks);
    if (latest > 0xC0000000)
      return false;
    set(latest);
    return true;
  }
  void restart() { set(0); }
  /// Marks with a clock up to this one are an earlier block's.
  uint32_t origin() const { return start; }

  uint32_t tick(unsigned warp) { return ++now.at[warp]; }
  uint32_t clock(unsigned warp) const { return now.at[warp]; }
  /// Whether \p warp has learned of what \p other did at \p clock.
  bool knows(unsigned warp, unsigned other, uint32_t clock) const {
    return clock <= seen[warp].at[other];
  }
  void syncLanes(unsigned warp) { seen[warp].at[warp] = now.at[warp]; }
  /// All that \p warp has done and learned until now.
  VectorClock release(unsigned warp) const {
    VectorClock clock = seen[warp];
    clock.at[warp] = now.at[warp];
    return clock;
  }
  void acquire(unsigned warp, const VectorClock &clock) {
    seen[warp].join(clock);
  }

private:
  void set(uint32_t clock) {
    start = clock;
    std::fill(now.at, now.at + kClocks, clock);
    for (VectorClock &own : seen)
      own = now;
  }
  VectorClock now;
  VectorClock seen[kClocks];
  uint32_t start = 0;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_MEMORY_ORDERING_H
