/// Copies of a block that are in flight, and its mbarriers.
#ifndef LLMC_RUNTIME_SIM_EXECUTE_ASYNCSTATE_H
#define LLMC_RUNTIME_SIM_EXECUTE_ASYNCSTATE_H

#include "runtime/sim/execute/Warp.h"
#include "runtime/sim/memory/Ordering.h"

#include <map>
#include <string>
#include <vector>

namespace llmc::sim {

class Block;

/// An mbarrier object (ISA section 9.7.13.15), which lives at an address of
/// shared memory. Its eight bytes there hold nothing that a kernel may read.
struct Mbarrier {
  uint32_t expected = 0;    ///< Arrivals of each phase.
  uint32_t pending = 0;     ///< Arrivals still to come in this phase.
  int64_t transactions = 0; ///< Bytes expected and not yet copied.
  uint64_t phase = 0;       ///< Completed phases.
  VectorClock arriving;     ///< What the arrivals of this phase release.
  VectorClock completed;    ///< What waiting for the last phase acquires.

  void completeIfReady() {
    if (pending != 0 || transactions != 0)
      return;
    ++phase;
    pending = expected;
    completed.join(arriving);
  }
};

/// cp.async: what each thread has issued and not waited for.
struct CopyQueue {
  struct Copy {
    uint32_t offset; ///< In shared memory.
    uint32_t bytes;
    uint32_t group; ///< Of its thread.
    uint8_t lane;
  };
  std::vector<Copy> copies;
  uint32_t committed[kLanes] = {}; ///< Groups, by lane.
};

class AsyncState {
public:
  void begin(size_t warps) {
    queues.assign(warps, {});
    mbarriers.clear();
  }
  /// cp.async.commit_group by the active lanes.
  void commit(Warp &warp);
  /// cp.async.wait_group: at most \p leave groups of each active lane stay;
  /// \p all: also what is not committed is waited for.
  void wait(Block &block, Warp &warp, uint32_t leave, bool all);

  std::vector<CopyQueue> queues;          ///< By warp.
  std::map<uint32_t, Mbarrier> mbarriers; ///< By offset in shared memory.
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_EXECUTE_ASYNCSTATE_H
