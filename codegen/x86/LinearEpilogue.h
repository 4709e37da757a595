/// What follows the sums of kernel.linear, on vectors.
#ifndef LLMC_CODEGEN_X86_LINEAREPILOGUE_H
#define LLMC_CODEGEN_X86_LINEAREPILOGUE_H

#include "codegen/x86/PanelWeights.h"
#include "dialects/kernel/KernelOps.h"

namespace llmc::codegen {

/// Emits a linear's epilogue region and its stores. Nothing is read or written
/// beyond N: the last panel's extras and outputs are masked.
class LinearEpilogue {
public:
  /// Of an op that checkLinear() passed.
  LinearEpilogue(VectorBuilder &b, kernel::LinearOp op)
      : b(b), op(op), columns(extent(op.getOutputs().front(), 1)) {}

  /// Panels of an output; each part of the weight has as many.
  int64_t panels() const {
    return llvm::divideCeil(columns, VectorBuilder::width);
  }

  /// For the rows [row, row + rows) of one panel: `sums` has, for each row, the
  /// sum vector (vector<16xf32>) of each part.
  mlir::LogicalResult
  emit(Value row, int64_t rows, Value panel,
       llvm::ArrayRef<llvm::SmallVector<Value>> sums);

private:
  mlir::LogicalResult emitVector(Value row, Value panel,
                                 llvm::ArrayRef<Value> sums, Value mask);

  VectorBuilder &b;
  kernel::LinearOp op;
  int64_t columns;
};

/// Sums of bytes (vector<16xi32>) of a row with a stream of weights as f32, times
/// the scales of the stream's columns and then of the row.
Value emitScaledBytes(VectorBuilder &b, kernel::LinearOp op,
                      const PanelWeights &weights, Value row, Value stream,
                      Value sums);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_LINEAREPILOGUE_H
