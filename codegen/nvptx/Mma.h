/// Products of small matrices by the machine's matrix instructions.
#ifndef LLMC_CODEGEN_NVPTX_MMA_H
#define LLMC_CODEGEN_NVPTX_MMA_H

#include "codegen/nvptx/GpuBuilder.h"

namespace llmc::codegen {

/// sums + a . b of 16 x 16 times 16 x 8 (32 terms of bytes), a warp together.
/// With g = lane / 4 and t = lane mod 4, a thread has (PTX ISA, mma.m16n8k16):
///   a     4 i32: (row g, pair t), (g + 8, t), (g, t + 4), (g + 8, t + 4)
///   b     2 i32: (pair t, column g), (pair t + 4, column g)
///   sums  4 f32 or i32: (row g, columns 2t and 2t + 1), the same of row g + 8
/// A pair is two terms of K of type bf16 or f16, or four bytes.
llvm::SmallVector<Value, 4> emitMma(GpuBuilder &b, Type element, ValueRange left,
                                    ValueRange right, ValueRange sums);

/// Where a thread's part of a fragment lies: its own numbers in the warp, i32.
struct FragmentLane {
  Value g; ///< Row or column of a fragment.
  Value t; ///< Pair of a fragment.

  /// Whether groups 0, 1, 2, 3 take the lane groups 0, 2, 1, 3.
  bool crossed;

  explicit FragmentLane(GpuBuilder &b, bool crossed = false)
      : FragmentLane(b, b.lane(), crossed) {}
  /// Of lane `lane` (i32) of a warp.
  FragmentLane(GpuBuilder &b, Value lane, bool crossed = false)
      : g(b.shiftRight(lane, 2)), t(b.bitAnd(lane, b.i32(3))), crossed(crossed) {}
  /// Of lines of 16 lanes, g is lane group q of panel p of two.
  Value quad(GpuBuilder &b) const {
    if (!crossed)
      return b.bitAnd(g, b.i32(3));
    return b.bitOr(b.shiftLeft(b.bitAnd(g, b.i32(1)), 1),
                   b.bitAnd(b.shiftRight(g, 1), b.i32(1)));
  }
  Value panel(GpuBuilder &b) const { return b.shiftRight(g, 2); }
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_MMA_H
