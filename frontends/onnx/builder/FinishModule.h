/// The last steps of an import: the module's attributes, and no dead code.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_FINISHMODULE_H
#define LLMC_FRONTENDS_ONNX_BUILDER_FINISHMODULE_H

#include "frontends/onnx/builder/Symbols.h"
#include "frontends/onnx/reader/OnnxModel.h"
#include "mlir/IR/BuiltinOps.h"

namespace llmc::onnx {

/// Sets `onnx.files`, `onnx.symbols`, `onnx.opset` and what was taken for
/// granted of the symbols.
void setModuleAttributes(mlir::ModuleOp module, const Model &model,
                         const Symbols &symbols);

/// Merges equal ops, drops what nothing reads, initializers too.
void removeDeadCode(mlir::ModuleOp module);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_FINISHMODULE_H
