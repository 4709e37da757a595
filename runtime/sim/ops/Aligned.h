/// Instructions that a whole warp executes together (.sync.aligned).
#ifndef LLMC_RUNTIME_SIM_OPS_ALIGNED_H
#define LLMC_RUNTIME_SIM_OPS_ALIGNED_H

#include "runtime/sim/execute/Block.h"

namespace llmc::sim {

/// False unless all 32 lanes are here: these wait for lanes that a branch sent another
/// way, for they may meet behind it; lanes that a guard keeps away, or that have
/// ended, are a fault.
inline bool allLanes(Warp &warp) {
  if (warp.active == kAllLanes) [[likely]]
    return true;
  if (warp.active == warp.group && warp.live == kAllLanes)
    return warp.together(kAllLanes, /*anywhere=*/false);
  warp.block->raise(warp, kNone, FaultKind::Barrier,
                    "an instruction of the whole warp needs all 32 lanes, " +
                        std::to_string(__builtin_popcount(warp.active)) +
                        " execute it");
  return false;
}

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_ALIGNED_H
