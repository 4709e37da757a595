/// The end of kernel.attention_split: the pieces of a block of rows become its
/// output.
#ifndef LLMC_CODEGEN_NVPTX_PIECEMERGE_H
#define LLMC_CODEGEN_NVPTX_PIECEMERGE_H

#include "codegen/nvptx/AttentionWork.h"

namespace llmc::codegen::nvptx {

/// Whichever block ends the last piece of some rows and a cache head merges them
/// all: a counter in memory tells who that is, and is 0 again afterwards. Nobody
/// waits for another block, so any grid does.
class PieceMerge {
public:
  PieceMerge(GpuBuilder &b, kernel::AttentionSplitOp op,
             const AttentionMemory &memory);

  /// Whether the operands are what this needs; an error on `op` says what is not.
  static mlir::LogicalResult check(kernel::AttentionSplitOp op,
                                   const KvCacheLayout &layout);

  /// Behind a piece that this block has stored. `counter` is its number among the
  /// counters (an index), `first` the number of the first of `count` pieces that
  /// the rows see (i32), the same for the whole block. Contains barriers.
  void arrive(AttentionMemory &memory, const AttentionWork &work, Value counter,
              Value first, Value count);

private:
  Value isLast(Value counter, Value count);
  void merge(AttentionMemory &memory, const AttentionWork &work, Value first,
             Value count);
  llvm::SmallVector<Value> addPieces(Value row, Value head, Value column,
                                     Value first, Value count);

  kernel::AttentionSplitOp op;
  GpuBuilder &b;
  int64_t slots, lanes;
  Value told; ///< Shared: whether this block is the last, i32.
};

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_PIECEMERGE_H
