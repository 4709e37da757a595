/// Symbolic shapes: dynamic dimensions as affine expressions over the module's
/// symbols, kept as the encoding of a tensor type (see OnnxDialect.td).
#ifndef LLMC_DIALECTS_ONNX_SYMBOLICSHAPE_H
#define LLMC_DIALECTS_ONNX_SYMBOLICSHAPE_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir {
class ModuleOp;
}

namespace llmc::onnx {

using Dims = llvm::SmallVector<mlir::AffineExpr>;

/// The tensor type of these extents: an encoding only where one is symbolic.
mlir::RankedTensorType symbolicTensorType(llvm::ArrayRef<mlir::AffineExpr> dims,
                                          mlir::Type elementType);

/// The extents of a ranked tensor type. A dynamic dimension without encoding
/// yields a null expression.
Dims symbolicDims(mlir::RankedTensorType type);

/// The value of \p dim under \p symbols (symbol i is symbols[i]); nullopt for
/// a symbol beyond the list, a division by zero or a null expression.
std::optional<int64_t> evaluateDim(mlir::AffineExpr dim,
                                   llvm::ArrayRef<int64_t> symbols);

/// All extents of \p type under \p symbols.
std::optional<llvm::SmallVector<int64_t>>
evaluateShape(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> symbols);

/// Product of extents; null if one is null.
mlir::AffineExpr productOf(llvm::ArrayRef<mlir::AffineExpr> dims,
                           mlir::MLIRContext *context);

/// The names of the module's symbols, `onnx.symbols`.
llvm::SmallVector<llvm::StringRef> symbolNames(mlir::ModuleOp module);

} // namespace llmc::onnx

#endif // LLMC_DIALECTS_ONNX_SYMBOLICSHAPE_H
