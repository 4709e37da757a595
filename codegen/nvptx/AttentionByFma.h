/// Attention over caches of f32 by fused multiply-add.
#ifndef LLMC_CODEGEN_NVPTX_ATTENTIONBYFMA_H
#define LLMC_CODEGEN_NVPTX_ATTENTIONBYFMA_H

#include "codegen/nvptx/AttentionWork.h"

namespace llmc::codegen::nvptx {

/// The softmax of a line, done by a warp.
struct LineSoftmax {
  Value maximum, sum;               ///< The same in all threads.
  llvm::SmallVector<Value> outputs; ///< Element 32 i + lane.
};

/// The softmax of one line over the positions [from, to) (i32, multiples of 32),
/// at `position`: a thread has a position of each step for scores, and elements
/// for outputs.
LineSoftmax emitLineByFma(GpuBuilder &b, AttentionMemory &memory,
                          const AttentionWork &work, Value query,
                          Value position, Value from, Value to);

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_ATTENTIONBYFMA_H
