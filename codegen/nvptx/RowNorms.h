/// Norms that linears do for each other (passes/fusion/FoldNorms).
#ifndef LLMC_CODEGEN_NVPTX_ROWNORMS_H
#define LLMC_CODEGEN_NVPTX_ROWNORMS_H

#include "codegen/nvptx/LinearSums.h"

namespace llmc::codegen::nvptx {

/// Of a linear's rows at a place: the factors by which sums are multiplied where
/// its inputs came unnormalised (`squares`), and the sums of squares of what it
/// makes where others normalise that (`partial_squares`). Does nothing where the
/// op has neither. Sums have an order that does not depend on rows or grids.
class RowNorms {
public:
  /// For `rows` rows at once, each finished in `items` vectors; `squares` is shared
  /// memory of squaresBytes().
  RowNorms(GpuBuilder &b, const LinearShape &shape, int64_t rows, int64_t items,
           Value squares);
  /// What the op needs to keep squares in; 0 if it keeps none.
  static int64_t squaresBytes(kernel::LinearOp op, int64_t rows, int64_t items);

  /// Finds the factors; a barrier must follow before they are used.
  void prepare(const LinearPlace &place);
  /// The sums of a row (i32), by its factor.
  Value scaled(Value sums, Value row);
  /// Keeps the squares of a vector of the row's first output; null for nothing,
  /// which must be kept as well.
  void keep(Value row, Value item, Value values);
  /// Writes the sums of squares; a barrier must stand before it. Ends in one.
  void finish(const LinearPlace &place);

private:
  GpuBuilder &b;
  const LinearShape &shape;
  int64_t rows, items;
  Value factors; ///< [rows] f32 in shared memory.
  Value squares; ///< [rows, items] f32 in shared memory; none if not kept.
};

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_ROWNORMS_H
