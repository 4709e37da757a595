/// Walking tensors by strides: broadcasts, permutations, windows.
#ifndef LLMC_COMPILER_REFERENCE_STRIDED_H
#define LLMC_COMPILER_REFERENCE_STRIDED_H

#include "compiler/reference/Tensor.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace llmc::reference {

using Shape = mlir::SmallVector<int64_t>;

/// The shape that \p shapes broadcast to, aligned from the right; nullopt
/// where two extents differ and neither is 1.
std::optional<Shape> broadcastShapes(mlir::ArrayRef<mlir::ArrayRef<int64_t>> shapes);

/// Strides to read a tensor of \p shape as \p target: 0 where it repeats.
/// nullopt if it does not broadcast to it.
std::optional<Shape> broadcastStrides(mlir::ArrayRef<int64_t> shape,
                                      mlir::ArrayRef<int64_t> target);

/// One row of a walk: per operand the offset of its first element, and how far
/// its next ones are apart.
struct Row {
  int64_t index; ///< Row-major number of the row's first element.
  int64_t count;
  mlir::ArrayRef<int64_t> offsets;
  mlir::ArrayRef<int64_t> strides;
};

/// Walks \p shape in row-major order, row by row, with operands of these
/// strides. Rows are as long as the strides allow, at most \p longest.
void forEachRow(mlir::ArrayRef<int64_t> shape, mlir::ArrayRef<Shape> strides,
                llvm::function_ref<void(const Row &)> body,
                int64_t longest = 1024);

/// target[targetOffset + i . targetStrides] = source[sourceOffset + i .
/// sourceStrides] for every index i of \p shape. One element type.
void copyStrided(Tensor &target, int64_t targetOffset,
                 mlir::ArrayRef<int64_t> targetStrides, const Tensor &source,
                 int64_t sourceOffset, mlir::ArrayRef<int64_t> sourceStrides,
                 mlir::ArrayRef<int64_t> shape);

} // namespace llmc::reference

#endif // LLMC_COMPILER_REFERENCE_STRIDED_H
