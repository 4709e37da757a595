/// A graph compiled in this process and run by the runtime's graph executor.
#ifndef LLMC_TEST_CONFORMANCE_COMPILEDGRAPH_H
#define LLMC_TEST_CONFORMANCE_COMPILEDGRAPH_H

#include "frontends/onnx/reader/OnnxModel.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/model/GraphExecutor.h"

#include <memory>
#include <string>

namespace llmc::test {

/// The highest CPU level that this machine and the compiler have.
std::string hostLevel();

class CompiledGraph {
public:
  /// Lowers \p module (what the importer made of \p model; it is changed) and
  /// generates its kernels for hostLevel(). Errors: UnsupportedOps, or what the
  /// generator and the runtime say.
  static Result<std::unique_ptr<CompiledGraph>> make(mlir::ModuleOp module,
                                                     const onnx::Model &model);
  ~CompiledGraph();

  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) {
    return executor->run(inputs);
  }
  const Program &program() const { return executor->program(); }

private:
  CompiledGraph() = default;
  std::string path; ///< The model.bin.
  std::unique_ptr<LoadedModel> loaded;
  std::unique_ptr<GraphExecutor> executor;
};

} // namespace llmc::test

#endif // LLMC_TEST_CONFORMANCE_COMPILEDGRAPH_H
