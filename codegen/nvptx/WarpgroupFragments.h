/// Packed weights in shared memory as the first factor of a warpgroup's products.
#ifndef LLMC_CODEGEN_NVPTX_WARPGROUPFRAGMENTS_H
#define LLMC_CODEGEN_NVPTX_WARPGROUPFRAGMENTS_H

#include "codegen/nvptx/WeightFragments.h"

namespace llmc::codegen {

/// Fragments of a stage: 64 terms of panels, which a tensor tile brought, swizzled
/// across tileLine() bytes. Rows lie there along K, so terms keep their order: of each
/// eight, thread t has the terms 2t and 2t + 1. A warp multiplies a pair of panels;
/// a load of 16 bytes is four outputs, as in WeightFragments, in the lane's order.
class WarpgroupFragments {
public:
  static constexpr int64_t stageTerms = 64, productTerms = 16;

  /// `weights` decodes; all must outlive this.
  WarpgroupFragments(GpuBuilder &b, const PanelLayout &layout,
                     const WeightFragments &weights, const FragmentLane &lane);

  /// Bytes of a line of the tile: two of a panel's lines where its bytes are whole
  /// ones (a tensor's strides should be multiples of each other), else one.
  static int64_t tileLine(const PanelLayout &layout) {
    return PanelLayout::lineBytes * (layout.kind == PanelLayout::Kind::Pair ? 2 : 1);
  }
  /// Of a panel in a stage.
  int64_t panelBytes() const { return stageTerms / layout.lineTerms() * 64; }
  /// The fragments (4 i32) of products j = 0 and 1 of terms 16 `number` … + 15 of a
  /// stage whose weights begin at `stage`; `panel` (i32) is that of this thread.
  llvm::SmallVector<llvm::SmallVector<Value>>
  fragments(Value stage, Value panel, int64_t number) const;

private:
  /// The four outputs' bytes of eight terms.
  Value load(Value stage, Value panel, int64_t eight) const;
  /// This thread's two terms of an output's bytes.
  Value pairOf(Value word) const;

  GpuBuilder &b;
  const PanelLayout &layout;
  const WeightFragments &weights;
  const FragmentLane &lane;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_WARPGROUPFRAGMENTS_H
