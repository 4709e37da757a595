/// kernel.attention_merge: a block merges a line's pieces in ascending order, a
/// thread an element of the output.
#include "codegen/nvptx/AttentionWork.h"

#include <numbers>

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

/// One row and one query head.
static void emitMerge(GpuBuilder &b, kernel::AttentionMergeOp op, Value tile) {
  int64_t headDim = op.getHeadDim(), slots = extent(op.getMaxima(), 0);
  Type f32 = b.getF32Type();
  Type element = cast<MemRefType>(op.getOutput().getType()).getElementType();
  Value row = b.floorDiv(tile, op.getHeads());
  Value head = b.remainder(tile, op.getHeads());
  Value last = b.toIndex(b.loadScalar(op.getPositions(), {row}));
  Value oldest = b.index(0);
  if (int64_t window = op.getWindow())
    oldest = b.maxIndex(b.sub(last, b.index(window - 1)), oldest);
  Value first = b.floorDiv(oldest, op.getSplit());
  Value end = b.add(b.floorDiv(last, op.getSplit()), b.index(1));
  Value start = b.mul(head, b.index(headDim));
  nvptx::forColumns(b, headDim, 1, [&](Value d) {
    Value column = b.add(start, d);
    SmallVector<Value> none = {b.infinity(f32, true), b.number(f32, 0),
                               b.number(f32, 0)};
    auto total = b.loopBy(
        first, end, b.index(1), none, [&](Value piece, ValueRange carried) {
          Value slot = b.remainder(piece, slots);
          Value maximum = b.mul(b.loadScalar(op.getMaxima(), {slot, row, head}),
                                b.number(f32, std::numbers::log2e));
          Value sum = b.loadScalar(op.getSums(), {slot, row, head});
          Value output = b.loadScalar(op.getPartials(), {slot, row, column});
          auto merge = SoftmaxFactors::merge(b, carried[0], maximum);
          return SmallVector<Value>{
              merge.maximum,
              b.fma(sum, merge.added, b.mul(carried[1], merge.before)),
              b.fma(output, merge.added, b.mul(carried[2], merge.before))};
        });
    b.storeScalar(b.narrow(b.div(total[2], total[1]), element), op.getOutput(),
                  {row, column});
  });
}

LogicalResult nvptx::lowerAttentionMerge(kernel::AttentionMergeOp op) {
  int64_t heads = op.getHeads(), headDim = op.getHeadDim();
  if (heads <= 0 || headDim <= 0)
    return op.emitOpError("needs positive heads and head_dim");
  if (failed(checkPieces(op, op.getMaxima(), op.getSums(), op.getPartials(),
                         heads, headDim)) ||
      failed(checkHeadRows(op, op.getOutput(), heads * headDim)))
    return failure();
  GpuBuilder b(op);
  b.forTiles(op.getBegin(), op.getEnd(),
             [&](Value tile) { emitMerge(b, op, tile); });
  return success();
}
