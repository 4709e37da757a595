/// One block of a launch: its warps, its shared and local memory, its barriers,
/// and the loop that runs its warps in turn until all have exited.
#ifndef LLMC_RUNTIME_SIM_EXECUTE_BLOCK_H
#define LLMC_RUNTIME_SIM_EXECUTE_BLOCK_H

#include "runtime/sim/execute/AsyncState.h"
#include "runtime/sim/execute/Barriers.h"
#include "runtime/sim/execute/Fault.h"
#include "runtime/sim/execute/Warp.h"
#include "runtime/sim/memory/DeviceMemory.h"
#include "runtime/sim/memory/SharedMemory.h"

#include <memory>
#include <vector>

namespace llmc::sim {

/// What all blocks of a launch have in common.
struct Launch {
  const Program *program = nullptr;
  DeviceMemory *memory = nullptr;
  uint32_t grid[3] = {1, 1, 1};
  uint32_t block[3] = {1, 1, 1};
  uint32_t dynamicShared = 0;
  std::vector<std::byte> parameters; ///< [Program::parameterBytes]
  Checks checks;
  uint32_t multiprocessors = 1;

  uint32_t threads() const { return block[0] * block[1] * block[2]; }
};

class Block {
public:
  enum class Outcome : uint8_t {
    Finished,
    Faulted,
    Stuck,  ///< All warps poll: perhaps for another block.
    Budget, ///< The instructions given are used up.
  };

  /// The block number \p index of \p launch, from its beginning. A Block may
  /// be used again and again.
  void begin(const Launch &launch, uint64_t index);
  /// Runs up to about \p budget warp instructions.
  Outcome run(uint64_t budget);
  const Fault &fault() const { return failure; }
  /// Fault with what every warp waits for.
  void reportDeadlock();
  /// Warp instructions since the Block was made.
  uint64_t executed() const { return retired; }

  // --- for the families in ops/
  /// Records a fault of \p lane (kNone: the first active) and stops the block.
  void raise(Warp &warp, uint32_t lane, FaultKind kind, std::string why);
  /// The same for a rule of shared memory.
  void raise(Warp &warp, uint32_t lane, const Conflict &conflict);
  /// A mark for an access to shared memory by the current instruction: tick()
  /// once an instruction, mark() for each lane.
  void tick(Warp &warp) { shared.ordering().tick(warp.index); }
  Mark mark(const Warp &warp, unsigned lane,
            AccessKind kind = AccessKind::Plain) {
    return {shared.ordering().clock(warp.index),
            warp.pc,
            uint8_t(warp.index),
            uint8_t(lane),
            kind,
            false};
  }
  /// "shared memory 0x410 (byte 16)" and the like.
  std::string describeShared(uint32_t offset) const;
  /// "thread (1,0,0) at line 12"
  std::string describeThread(const Mark &mark) const;
  /// Something happened that polling warps may be waiting for.
  void progress() { progressed = true; }
  /// After lanes have exited: barriers expect fewer.
  void lanesExited(Warp &warp);
  uint32_t liveThreads() const;

  const Launch *launch = nullptr;
  SharedMemory shared;
  std::vector<std::byte> local;        ///< [threads, Program::localBytes]
  std::vector<std::byte> localWritten; ///< the same
  std::vector<Warp> warps;
  Barriers barriers;
  AsyncState async;
  /// The region that an instruction found last, by its number modulo 64.
  const Region *lastRegion[64] = {};

private:
  void fillSpecials(Warp &warp);
  void runWarp(Warp &warp, uint64_t quantum);

  uint32_t coordinates[3] = {};
  uint64_t number = 0;
  std::unique_ptr<std::byte[]> registerMemory;
  size_t registerCapacity = 0;
  Fault failure;
  bool faulted = false;
  bool progressed = false;
  uint64_t retired = 0;
  uint32_t idleRounds = 0;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_EXECUTE_BLOCK_H
