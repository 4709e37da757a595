/// Shape arithmetic: elementwise operators on the contents of small tensors.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_ARITHMETIC_H
#define LLMC_FRONTENDS_ONNX_BUILDER_ARITHMETIC_H

#include "frontends/onnx/builder/Emitter.h"

namespace llmc::onnx {

/// What `op` ("onnx.add", "onnx.equal", …) makes of two elements of this type;
/// null where that depends on the symbols, or the operator is not followed.
/// Booleans are 0 and 1.
mlir::AffineExpr foldBinary(llvm::StringRef op, mlir::AffineExpr a,
                            mlir::AffineExpr b, mlir::Type elementType);
/// The same for one operand.
mlir::AffineExpr foldUnary(llvm::StringRef op, mlir::AffineExpr a,
                           mlir::Type elementType);

/// For every element of a tensor of \p result extents, the index of the element
/// of a tensor of \p input extents that broadcasts to it.
llvm::SmallVector<size_t> broadcastIndices(llvm::ArrayRef<int64_t> input,
                                           llvm::ArrayRef<int64_t> result);

/// Number of elements of a static shape; nullopt above \p limit or if dynamic.
std::optional<size_t> countOf(llvm::ArrayRef<mlir::AffineExpr> dims,
                              size_t limit);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_ARITHMETIC_H
