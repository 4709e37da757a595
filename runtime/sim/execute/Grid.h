/// Runs all blocks of a launch, one after the other. A block that waits for
/// another (a counter in global memory) is set aside while others run, as many
/// as the device would hold at a time.
#ifndef LLMC_RUNTIME_SIM_EXECUTE_GRID_H
#define LLMC_RUNTIME_SIM_EXECUTE_GRID_H

#include "runtime/sim/execute/Block.h"

#include <optional>

namespace llmc::sim {

class Grid {
public:
  /// What stopped the launch; nothing where it ended well. \p resident: blocks
  /// that may run at a time; \p limit: warp instructions.
  std::optional<Fault> run(const Launch &launch, uint64_t resident,
                           uint64_t limit);
  /// Warp instructions of the last run.
  uint64_t executed() const { return total; }

private:
  std::unique_ptr<Block> take();

  std::vector<std::unique_ptr<Block>> idle; ///< Kept for their memory.
  uint64_t total = 0;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_EXECUTE_GRID_H
