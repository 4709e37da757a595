/// A softmax that is taken piece by piece: (m, sum, output) of kernel.attention.
#ifndef LLMC_CODEGEN_X86_SOFTMAX_H
#define LLMC_CODEGEN_X86_SOFTMAX_H

#include "codegen/llvm/VectorBuilder.h"

namespace llmc::codegen {

/// What scores are lessened by before exp: their maximum, or 0 where that is
/// -inf, so that what is subtracted from -inf is a number.
Value softmaxBase(VectorBuilder &b, Value maximum);

/// What merging two softmaxes multiplies each by (kernel.attention: N, a, b).
/// All are scalars.
struct SoftmaxMerge {
  Value maximum, before, added;

  static SoftmaxMerge emit(VectorBuilder &b, Value before, Value added);
  /// fma(y, b, x * a) of scalars or vectors.
  Value apply(VectorBuilder &b, Value x, Value y) const;
};

/// Softmaxes on the stack.
struct SoftmaxState {
  Value maxima, sums; ///< [lines]
  Value outputs;      ///< [lines, columns]

  static SoftmaxState allocate(VectorBuilder &b, int64_t lines,
                               int64_t columns);
  /// Of the lines [0, `lines`): nothing seen yet.
  void clear(VectorBuilder &b, Value lines) const;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_SOFTMAX_H
