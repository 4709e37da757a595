/// What linears of a block have in common: where rows and panels are, and what
/// follows the partial sums of warps.
#ifndef LLMC_CODEGEN_NVPTX_LINEARSUMS_H
#define LLMC_CODEGEN_NVPTX_LINEARSUMS_H

#include "codegen/llvm/PanelLayout.h"
#include "codegen/nvptx/KernelsToNvptx.h"

namespace llmc::codegen::nvptx {

/// What a lowering of kernel.linear knows before it begins.
struct LinearShape {
  kernel::LinearOp op;
  PanelLayout weights;
  int64_t columns;    ///< N.
  int64_t rowStride;  ///< Of the input, in elements.
  int64_t inputLanes; ///< Neighbours of the input that one access may take.
  int64_t streams;    ///< Panels of all parts in a tile.

  static mlir::FailureOr<LinearShape> of(kernel::LinearOp op);
  Type inputElement() const;
  int64_t inputBytes() const;
  int64_t panels() const { return llvm::divideCeil(columns, 16); }
};

/// The place of a block's work: `rows` rows of the tile's panels.
struct LinearPlace {
  Value tile;
  Value firstRow; ///< i32.
  Value rows;     ///< T, i32.
};

/// Walks the tiles and the blocks of `rowsAtOnce` rows that this block does.
void forLinearPlaces(GpuBuilder &b, const LinearShape &shape,
                     int64_t rowsAtOnce,
                     llvm::function_ref<void(const LinearPlace &)> body);
/// The same with values that go from place to place.
llvm::SmallVector<Value> forLinearPlaces(
    GpuBuilder &b, const LinearShape &shape, int64_t rowsAtOnce,
    ValueRange initial,
    llvm::function_ref<llvm::SmallVector<Value>(const LinearPlace &, ValueRange)>
        body);

/// The address of a tile's panel `stream` (i32, of all parts); of the last panel
/// beyond the end.
Value streamPointer(GpuBuilder &b, const LinearShape &shape, Value tile,
                    Value stream);
/// The address of a row of the input (i32); of the last row beyond T.
Value rowPointer(GpuBuilder &b, const LinearShape &shape,
                 const LinearPlace &place, Value row);

/// Sums of warps in shared memory, and the end of a linear: the sum over warps,
/// scales of columns, the epilogue, the stores.
class RowNorms;
class LinearSums {
public:
  /// Shared memory for `warps` partial sums of each of `rows` rows and the tile's
  /// panels, and for the squares behind them (RowNorms).
  static int64_t bytes(const LinearShape &shape, int64_t rows, int64_t warps);
  /// In `region` where one is given.
  LinearSums(GpuBuilder &b, const LinearShape &shape, int64_t rows,
             int64_t warps, Value region = {});

  /// Keeps four neighbouring outputs' sums (vector<4> of f32 or i32), from
  /// output 4 * `quad` of a panel on.
  void put(Value sums, Value warp, Value stream, Value row, Value quad);
  /// Adds warps in ascending order and finishes. Contains barriers.
  mlir::LogicalResult finish(const LinearPlace &place);

private:
  static int64_t sumsBytes(const LinearShape &shape, int64_t rows, int64_t warps);
  static int64_t lanesOf(const LinearShape &shape);
  /// Vectors of a row.
  static int64_t itemsOf(const LinearShape &shape);
  Value address(Value warp, Value stream, Value row, Value quad);
  mlir::LogicalResult finishItem(const LinearPlace &place, Value item,
                                 RowNorms &norms);
  Value sumOf(const LinearPlace &place, Value panel, int64_t part, Value row,
              Value first);

  GpuBuilder &b;
  const LinearShape &shape;
  int64_t rows, warps;
  int64_t lanes; ///< Outputs that a thread finishes at once.
  Type number;   ///< f32, or i32 of bytes.
  Value region;  ///< [warps, streams, rows, 16]
};

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_LINEARSUMS_H
