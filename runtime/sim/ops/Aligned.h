/// Instructions that a whole warp executes together (.sync.aligned).
#ifndef LLMC_RUNTIME_SIM_OPS_ALIGNED_H
#define LLMC_RUNTIME_SIM_OPS_ALIGNED_H

#include "runtime/sim/execute/Block.h"

namespace llmc::sim {

/// False, with a fault, unless all 32 lanes are here.
inline bool allLanes(Warp &warp) {
  if (warp.active == kAllLanes) [[likely]]
    return true;
  warp.block->raise(warp, kNone, FaultKind::Barrier,
                    "an instruction of the whole warp needs all 32 lanes, " +
                        std::to_string(__builtin_popcount(warp.active)) +
                        " execute it");
  return false;
}

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_ALIGNED_H
