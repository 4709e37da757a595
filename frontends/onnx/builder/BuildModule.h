/// Builds a module of the onnx dialect from a model that the reader checked.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_BUILDMODULE_H
#define LLMC_FRONTENDS_ONNX_BUILDER_BUILDMODULE_H

#include "frontends/onnx/reader/OnnxModel.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace llmc::onnx {

/// The module of \p model: `func.func @main` with one onnx op per node, in the
/// one form of each operator that OnnxDialect.td describes, and
///
///   onnx.files       paths that `onnx.initializer` ops index
///   onnx.symbols     names of the symbols of symbolic shapes
///   onnx.opset       the model's version of ONNX's own domain
///   onnx.equal_dims  maps of two results that the graph needs to be equal
///   onnx.non_negative  maps of one result that it needs to be at least 0
///
/// The function has `onnx.input_names` and `onnx.output_names`, and every
/// argument its `onnx.name`. Every op's location is its node's name within the
/// place in the file: the node's index (from 1) stands for the line.
///
/// Model-local functions and If nodes of a known condition are inlined; shape
/// arithmetic is folded away; what nothing reads is dropped.
///
/// Errors: UnsupportedOps lists every node that cannot be imported;
/// ShapeMismatch, UnsupportedType and TooLarge name the first node at fault.
Result<mlir::OwningOpRef<mlir::ModuleOp>>
buildModule(mlir::MLIRContext &context, const Model &model);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_BUILDMODULE_H
