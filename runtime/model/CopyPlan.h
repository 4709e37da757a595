/// Which blocks of the weights are copied in which order.
#ifndef LLMC_RUNTIME_MODEL_COPYPLAN_H
#define LLMC_RUNTIME_MODEL_COPYPLAN_H

#include "runtime/format/Program.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmc {

/// Blocks are those of the section's hashes (hashBlockBytes), so that each fills
/// a page of a copy and is checked as it is copied.
struct CopyPlan {
  std::vector<uint64_t> blocks; ///< In order of use, each once.
  struct Move {
    size_t weight; ///< In Model::weights.
    size_t ready;  ///< It may be moved when so many of `blocks` are copied.
  };
  std::vector<Move> moves; ///< In ascending order of `ready`.

  /// The most blocks that are copied before the next weight can be moved.
  size_t largestStep() const;
};

/// The order of use is that of the launches: decoders before graphs, a module's
/// programs as they stand. With \p everyBlock those follow that no launch reads.
CopyPlan planCopy(const Model &model, uint64_t sectionBytes, bool everyBlock);

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_COPYPLAN_H
