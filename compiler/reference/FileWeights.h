/// Initializers from the files that a module names.
#ifndef LLMC_COMPILER_REFERENCE_FILEWEIGHTS_H
#define LLMC_COMPILER_REFERENCE_FILEWEIGHTS_H

#include "compiler/reference/Evaluator.h"

namespace llvm {
class MemoryBuffer;
}

namespace llmc::reference {

/// Maps the files of the module's attribute `onnx.files`, each when first
/// used. Tensors share the map and keep it alive.
class FileWeights : public WeightProvider {
public:
  /// Relative names are resolved against \p folder (empty: where we run).
  explicit FileWeights(mlir::ModuleOp module, std::string folder = {});
  mlir::FailureOr<Tensor> load(onnx::InitializerOp op) override;
  /// The first byte of an initializer, all of whose bytes are in its file; null
  /// on any error, which lastError() tells.
  const std::byte *bytes(onnx::InitializerOp op);
  std::string lastError() const override { return message; }

private:
  mlir::SmallVector<std::string> paths;
  mlir::SmallVector<std::shared_ptr<llvm::MemoryBuffer>> maps; // one per path
  std::string message;
};

} // namespace llmc::reference

#endif // LLMC_COMPILER_REFERENCE_FILEWEIGHTS_H
