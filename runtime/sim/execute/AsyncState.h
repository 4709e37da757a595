/// Copies of a block that are in flight, and its mbarriers.
#ifndef LLMC_RUNTIME_SIM_EXECUTE_ASYNCSTATE_H
#define LLMC_RUNTIME_SIM_EXECUTE_ASYNCSTATE_H

#include "runtime/sim/execute/Warp.h"
#include "runtime/sim/memory/SharedMemory.h"

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

  /// A bulk copy into shared memory that ends in this mbarrier's phase.
  struct Copy {
    uint32_t offset, bytes;
    Mark mark;
  };
  std::vector<Copy> landing; ///< Of this phase.
  std::vector<Copy> landed;  ///< Of completed phases; nobody has waited yet.

  /// True where a phase ends.
  bool completeIfReady() {
    if (pending != 0 || transactions != 0)
      return false;
    ++phase;
    pending = expected;
    completed.join(arriving);
    landed.insert(landed.end(), landing.begin(), landing.end());
    landing.clear();
    return true;
  }
};

/// What threads of a warp have issued and not waited for, in groups.
struct FlightQueue {
  struct Part {
    uint32_t offset; ///< In shared memory.
    uint32_t bytes;
    uint32_t group; ///< Of its thread.
    uint8_t lane;
  };
  std::vector<Part> parts;
  uint32_t committed[kLanes] = {}; ///< Groups, by lane.

  /// What a warp may leave without a wait: a loop that never waits must not
  /// take the host's memory. A kernel has some thousands.
  static constexpr size_t kMostParts = size_t(1) << 18;

  bool isFull() const { return parts.size() >= kMostParts; }
  void add(uint32_t offset, uint32_t bytes, unsigned lane) {
    parts.push_back({offset, bytes, committed[lane], uint8_t(lane)});
  }
  void commit(uint32_t lanes) {
    for (unsigned lane = 0; lane < kLanes; ++lane)
      committed[lane] += lanes >> lane & 1;
  }
  /// Removes what the lanes have waited for when at most \p leave groups stay
  /// (\p all: also what is not committed), and calls done(part) for each.
  template <typename Done>
  void wait(uint32_t lanes, uint32_t leave, bool all, Done done) {
    std::erase_if(parts, [&](const Part &part) {
      bool ends = lanes >> part.lane & 1 &&
                  (all || uint64_t(part.group) + leave < committed[part.lane]);
      if (ends)
        done(part);
      return ends;
    });
  }
};

/// Accumulators that wgmma writes, by group.
struct Product {
  Slot first, last;            ///< Places of the registers lie between these.
  std::vector<Slot> registers; ///< Ascending.
  uint32_t group;
};

class AsyncState {
public:
  void begin(size_t warps);
  /// cp.async.wait_group and wait_all by the active lanes.
  void waitCopies(Block &block, Warp &warp, uint32_t leave, bool all);
  /// Adds to \p queue; false where it is full, and a fault was raised.
  static bool keep(Warp &warp, unsigned lane, FlightQueue &queue,
                   uint32_t offset, uint32_t bytes);
  /// cp.async.bulk.wait_group: sources in shared memory may be written again.
  void waitStores(Block &block, Warp &warp, uint32_t leave);
  /// wgmma.wait_group: registers and shared memory are the warp's again.
  void waitProducts(Block &block, Warp &warp, uint32_t leave);
  /// Whether \p inst may run while products are in flight; else raises.
  bool allows(Block &block, Warp &warp, const Inst &inst);

  std::vector<FlightQueue> copies;   ///< cp.async, by warp.
  std::vector<FlightQueue> stores;   ///< Bulk copies out of shared memory.
  std::vector<FlightQueue> operands; ///< Shared memory that wgmma reads.
  std::vector<std::vector<Product>> products; ///< By warp.
  std::map<uint32_t, Mbarrier> mbarriers;     ///< By offset in shared memory.
};

/// Whether an instruction is one of wgmma's (ops/Wgmma.cpp), which may touch
/// accumulators in flight.
bool isWgmma(const Inst &inst);

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_EXECUTE_ASYNCSTATE_H
