/// The products of a linear that a warp has in registers.
#ifndef LLMC_CODEGEN_NVPTX_LINEARPRODUCTS_H
#define LLMC_CODEGEN_NVPTX_LINEARPRODUCTS_H

#include "codegen/nvptx/LinearSums.h"
#include "codegen/nvptx/WeightFragments.h"

namespace llmc::codegen::nvptx {

/// `pairs` pairs of panels times `tiles` tiles of eight rows. Sums are a flat list:
/// [pair, product of two, tile, register]; sums of inputs [tile, register].
class LinearProducts {
public:
  static constexpr int64_t tileRows = 8;

  LinearProducts(GpuBuilder &b, const LinearShape &shape, int64_t pairs,
                 int64_t tiles);

  using Registers = llvm::SmallVector<Value>;

  Registers zeroSums() const;
  Registers zeroInputSums() const;
  /// sums += weights . inputs over a step: `loaded` [pair, load], `rows` what
  /// InputFragments loaded for each tile. Sums of inputs where a list is given.
  void multiply(llvm::ArrayRef<Value> loaded, llvm::ArrayRef<Value> rows,
                llvm::MutableArrayRef<Value> sums,
                llvm::MutableArrayRef<Value> inputSums);
  /// sums += scale * (part + (middle - zero) * inputSums); `scales` [pair, scales
  /// or zero points] (vector<4xf32>).
  void addScaled(llvm::ArrayRef<Value> scales, llvm::ArrayRef<Value> part,
                 llvm::ArrayRef<Value> inputSums,
                 llvm::MutableArrayRef<Value> sums);
  /// Keeps the sums as those of `warp`, from a stream and a row of the block on
  /// (all i32); not those of panels at or beyond `streams` (a number).
  void put(LinearSums &into, llvm::ArrayRef<Value> sums, Value warp,
           Value firstStream, Value firstRow);

  /// Scales, and zero points, of a group: one vector or two.
  int64_t perGroup() const { return perGroup(layout); }
  static int64_t perGroup(const PanelLayout &layout) {
    return layout.scheme.zeros ? 2 : 1;
  }
  /// Appends those of a group that begins at `group`, the thread's address.
  void loadScales(Value group, Registers &into);

  WeightFragments weights;
  InputFragments inputs;
  FragmentLane lane;

private:
  GpuBuilder &b;
  const LinearShape &shape;
  const PanelLayout &layout;
  int64_t pairs, tiles;
  Type number; ///< f32, or i32 of bytes.
};

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_LINEARPRODUCTS_H
