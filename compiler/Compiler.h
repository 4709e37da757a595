/// The compiler as one call.
#ifndef LLMC_COMPILER_COMPILER_H
#define LLMC_COMPILER_COMPILER_H

#include "compiler/Options.h"
#include "runtime/support/Error.h"

namespace llmc {

/// Compiles a model to a file as the options say. On any error nothing is left
/// behind and a file that was there is untouched. Call it while the process
/// has one thread: kernels are generated in forked workers.
Result<CompileSummary> compileModel(const CompileOptions &options);

/// What CompileOptions::targets may name: `cpu` (all CPU levels that differ),
/// the levels of the CPU and those of GPUs.
std::vector<std::string> targetNames();

/// The names of all passes that options would run, in order.
struct PipelineNames {
  std::vector<std::string> decoder; ///< Of a model that is recognised.
  std::vector<std::string> graph;   ///< Of any other graph.
};
PipelineNames pipelineNames(const CompileOptions &options);

} // namespace llmc

#endif // LLMC_COMPILER_COMPILER_H
