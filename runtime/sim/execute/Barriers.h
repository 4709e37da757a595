/// The sixteen named barriers of a block (bar.sync, bar.arrive, bar.red), and
/// the cluster's barrier, whose cluster is this block alone.
#ifndef LLMC_RUNTIME_SIM_EXECUTE_BARRIERS_H
#define LLMC_RUNTIME_SIM_EXECUTE_BARRIERS_H

#include "runtime/sim/execute/Warp.h"
#include "runtime/sim/memory/Ordering.h"

#include <string>
#include <vector>

namespace llmc::sim {

class Block;

enum class BarrierReduction : uint8_t { None, Popc, And, Or };

/// One arrival of the active lanes of a warp.
struct Arrival {
  uint32_t barrier = 0;
  uint32_t expected = 0; ///< Threads; 0: all of the block.
  bool waits = true;
  bool aligned = true;
  BarrierReduction reduction = BarrierReduction::None;
  Slot result = kNone;    ///< Of a reduction: u32, or a predicate for and, or.
  uint32_t predicate = 0; ///< Of a reduction: the lanes' bits.
};

class Barriers {
public:
  static constexpr unsigned kNamed = 16;

  void begin();
  void arrive(Block &block, Warp &warp, const Arrival &arrival);
  /// Barriers that wait for all threads complete when the rest have exited.
  void lanesExited(Block &block);
  void clusterArrive(Block &block, Warp &warp);
  void clusterWait(Block &block, Warp &warp);
  /// What the barriers wait for, for the report of a deadlock.
  std::string describe() const;

private:
  struct Waiter {
    uint32_t warp;
    uint32_t mask;
    Slot result;
  };
  struct State {
    uint32_t expected = 0;
    uint32_t arrived = 0; ///< Threads.
    uint32_t counted = 0; ///< The same, whole warps counting 32.
    bool inUse = false;
    BarrierReduction reduction = BarrierReduction::None;
    uint32_t votes = 0;
    VectorClock joined;
    std::vector<Waiter> waiters;
  };
  void completeIfReady(Block &block, State &state);

  State named[kNamed];
  struct {
    uint32_t arrived = 0;
    uint32_t phase = 0;
    VectorClock joined, completed;
    uint32_t arrivedAt[kMaxWarps] = {}; ///< Phase of each warp's last arrive.
    uint32_t waiting = 0;               ///< Warps.
  } cluster;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_EXECUTE_BARRIERS_H
