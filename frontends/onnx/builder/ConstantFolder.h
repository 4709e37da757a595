/// Evaluates small ops of constants while the graph is built, so that tables,
/// masks and scales reach the passes as constants.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_CONSTANTFOLDER_H
#define LLMC_FRONTENDS_ONNX_BUILDER_CONSTANTFOLDER_H

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace llmc::onnx {

class ConstantFolder {
public:
  explicit ConstantFolder(mlir::ModuleOp module);
  ~ConstantFolder();

  /// The elements of the result of \p op, where it has one of at most 4096
  /// elements, all its operands are constants, and the reference evaluator can
  /// compute it; else null.
  mlir::DenseElementsAttr fold(mlir::Operation *op);

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_CONSTANTFOLDER_H
