/// Runs a pipeline pass by pass: dumps, checks, diagnostics.
#ifndef LLMC_COMPILER_RUNPIPELINE_H
#define LLMC_COMPILER_RUNPIPELINE_H

#include "compiler/Pipelines.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/support/Error.h"

#include <functional>

namespace llmc {

/// Collects an MLIR context's diagnostics instead of printing them.
class DiagnosticLog {
public:
  explicit DiagnosticLog(mlir::MLIRContext &context);
  ~DiagnosticLog();
  /// Errors, a line each, with the node that each is about.
  const std::vector<std::string> &errors() const { return errorLines; }
  const std::vector<std::string> &remarks() const { return remarkLines; }

private:
  mlir::MLIRContext &context;
  mlir::DiagnosticEngine::HandlerID handler;
  std::vector<std::string> errorLines, remarkLines;
};

/// Called after each pass; an error ends the pipeline.
using AfterPass =
    std::function<Status(const PipelineStep &step, mlir::ModuleOp module)>;

/// Runs \p steps on \p module. With \p dumpFolder, the IR before the first pass
/// and after each is written there as `NN-name.mlir`, `NN-name.changed.mlir`
/// where the pass changed it.
/// Errors: NotADecoder where a raise pass fails, Internal where another does,
/// CannotWrite.
Status runPipeline(mlir::ModuleOp module, std::vector<PipelineStep> &steps,
                   const std::string &dumpFolder, DiagnosticLog &log,
                   const AfterPass &after);

} // namespace llmc

#endif // LLMC_COMPILER_RUNPIPELINE_H
