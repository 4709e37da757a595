/// What the kernels of attention are given, for every target.
#ifndef LLMC_CODEGEN_LLVM_ATTENTIONOPERANDS_H
#define LLMC_CODEGEN_LLVM_ATTENTIONOPERANDS_H

#include "codegen/llvm/KvCacheLayout.h"
#include "dialects/kernel/KernelOps.h"

namespace llmc::codegen {

/// What kernel.attention and kernel.attention_split have in common.
struct AttentionOperands {
  Value query, rowSequence, positions, pageTable, blocks, keyCache, valueCache;
  int64_t heads; ///< Query heads.
  int64_t split; ///< Positions of a piece.
  double scale;
  int64_t window; ///< 0: none.
  double softcap; ///< 0: none.

  template <typename Op> static AttentionOperands of(Op op) {
    return {op.getQuery(),
            op.getRowSequence(),
            op.getPositions(),
            op.getPageTable(),
            op.getBlocks(),
            op.getKeyCache(),
            op.getValueCache(),
            int64_t(op.getHeads()),
            int64_t(op.getSplit()),
            op.getScale().convertToDouble(),
            int64_t(op.getWindow()),
            op.getSoftcap().convertToDouble()};
  }
};

/// Checks what attention and attention_split have in common; an error on `op`
/// says what is wrong.
mlir::FailureOr<KvCacheLayout>
attentionLayout(mlir::Operation *op, const AttentionOperands &operands,
                int64_t headDim, int64_t page);
/// Checks that `rows` is [T, columns] of floats.
mlir::LogicalResult checkHeadRows(mlir::Operation *op, Value rows,
                                  int64_t columns);
/// Checks [slots, T, columns] f32 of attention_split and attention_merge.
mlir::LogicalResult checkPieces(mlir::Operation *op, Value maxima, Value sums,
                                Value partials, int64_t heads, int64_t headDim);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_ATTENTIONOPERANDS_H
