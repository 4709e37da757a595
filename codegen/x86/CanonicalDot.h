/// The sum over K that linears and attention share, in its one order.
#ifndef LLMC_CODEGEN_X86_CANONICALDOT_H
#define LLMC_CODEGEN_X86_CANONICALDOT_H

#include "codegen/llvm/VectorBuilder.h"

#include <functional>

namespace llmc::codegen {

/// A register block: `rows` inputs times `panels` vectors of 16 outputs.
struct DotBlock {
  int64_t rows = 1;
  int64_t panels = 1;
  /// The input of a row at `group` + j, the same in every lane (vector<16xf32>);
  /// group and j as of `weight`.
  std::function<Value(int64_t row, Value group, int64_t j)> input;
  /// The weights of a panel at `group` + j, where group is a multiple of `step`
  /// and 0 <= j < step (vector<16xf32>).
  std::function<Value(int64_t panel, Value group, int64_t j)> weight;
  /// Both instead of `input` and `weight` where lines hold pairs that take less
  /// work as they lie: at the two k from `group` + j on, j even, by turns, the
  /// input of a row in all lanes, and the weights of eight outputs, the first or
  /// last of a panel. Beyond an odd K there are zeros.
  std::function<Value(int64_t row, Value group, int64_t j)> inputPair;
  std::function<Value(int64_t panel, Value group, int64_t j, bool last)>
      weightPair;
  /// Called before the terms of a block of 32, with its first k and how many it
  /// has; empty for none.
  std::function<void(Value first, int64_t length)> enter;
  /// Terms in a round of the inner loop: what a line of every weight type in
  /// use has, 4 or 8.
  int64_t step = 4;
  /// What the sums of the block of 32 from `first` on are multiplied with
  /// (vector<16xf32>); empty for weights without scales of groups.
  std::function<Value(int64_t panel, Value first)> scale;
};

/// Emits the sums over k in [0, 32 * blocks + tail), 0 <= tail < 32, in the
/// order of kernel.linear: in a block of 32 the even and the odd terms apart,
/// each from 0 by fused multiply-add; sum += even + odd, or with scales
/// sum = fma(scale, even + odd, sum). Returns rows * panels
/// vectors, row by row.
llvm::SmallVector<Value> emitCanonicalDot(VectorBuilder &b,
                                          const DotBlock &block, Value blocks,
                                          int64_t tail);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_CANONICALDOT_H
