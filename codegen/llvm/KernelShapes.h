/// What kernels ask of their operands' shapes and types on every target. Each
/// reports an error on its op that says what it needs and what it got.
#ifndef LLMC_CODEGEN_LLVM_KERNELSHAPES_H
#define LLMC_CODEGEN_LLVM_KERNELSHAPES_H

#include "dialects/kernel/KernelOps.h"

namespace llmc::codegen {

/// Outputs [T, D], inputs [T, D], [D] or of one element, none of bits; D.
mlir::FailureOr<int64_t> mapLength(kernel::MapOp op);

/// Every memref is rows of floats of one static length, or a vector of it; that
/// length.
mlir::FailureOr<int64_t> normLength(mlir::Operation *op);

/// Floats [T, K] become i8 [T, K rounded up to 4] and i32 [T, 2].
mlir::LogicalResult checkQuantizeRows(kernel::QuantizeRowsOp op);

/// An input [T, K], outputs [T, N], extras [T, N] or [N], all but T static.
mlir::LogicalResult checkLinear(kernel::LinearOp op);

/// Rows of \p table go to \p output, of one static length, converted between
/// floats at most.
mlir::LogicalResult checkRowCopy(mlir::Operation *op, mlir::Value table,
                                 mlir::Value output);

/// Keys or values to append: \p rows is [T, heads * headDim].
mlir::LogicalResult checkAppendedRows(mlir::Operation *op, mlir::Value rows,
                                      int64_t heads, int64_t headDim);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_KERNELSHAPES_H
