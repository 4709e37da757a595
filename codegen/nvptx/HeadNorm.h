/// The norms of kernel.rope_append.
#ifndef LLMC_CODEGEN_NVPTX_HEADNORM_H
#define LLMC_CODEGEN_NVPTX_HEADNORM_H

#include "codegen/nvptx/KernelsToNvptx.h"

namespace llmc::codegen::nvptx {

/// Heads of rows as kernel.rms_norm would leave them, or as they are where there
/// is no scale. A warp sums a head's squares (or its row's, each warp for itself):
/// a lane's in ascending order, then a butterfly.
struct HeadNorm {
  GpuBuilder &b;
  Value rows;  ///< [T, H * headDim]
  Value scale; ///< [headDim], [H * headDim] or null.
  int64_t headDim;
  double epsilon, offset;
  Value row, head, factor; ///< Of what was entered last.

  /// Number 0 is of queries, 1 of keys.
  static HeadNorm of(GpuBuilder &b, kernel::RopeAppendOp op, Value rows,
                     unsigned number);
  /// Whether the heads of a row have one factor.
  bool isOfRow() const;
  /// Before the heads of a row, by whole warps.
  void enterRow(Value row);
  /// Before load(), by a whole warp; does nothing the second time.
  void enterHead(Value head);
  /// Neighbours of the head's elements, f32.
  Value load(Value element, int64_t count);

private:
  Value factorFrom(Value column, int64_t length);
};

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_HEADNORM_H
