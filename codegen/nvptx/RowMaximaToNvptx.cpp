/// kernel.row_maxima: a block does a slice of a row. A thread keeps the largest of
/// its columns, which it sees in ascending order; lanes and warps are joined by the
/// largest of numbers that hold logit and column.
#include "codegen/nvptx/ChoiceNumbers.h"
#include "codegen/nvptx/KernelsToNvptx.h"
#include "codegen/nvptx/LogitRow.h"

#include <limits>

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;
using I = arith::CmpIPredicate;

static constexpr int64_t wordBytes = 8;

LogicalResult nvptx::lowerRowMaxima(kernel::RowMaximaOp op) {
  GpuBuilder b(op);
  int64_t slices = extent(op.getMaxima(), 1);
  Type i32 = b.getI32Type(), i64 = b.getI64Type();
  Value region = b.shared("maxima of warps", blockWarps * wordBytes);
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value tile) {
    Value row = b.floorDiv(tile, slices), slice = b.remainder(tile, slices);
    LogitRow logits(b, op.getLogits(), row);
    int64_t length = logits.sliceLength(slices);
    Value begin = arith::IndexCastOp::create(b, i32, b.mul(slice, b.index(length)));
    Value end = b.minimum(b.add(begin, b.i32(length)), b.i32(logits.columns()));
    Value least = b.i32(std::numeric_limits<int32_t>::min());
    auto best = logits.walk(
        begin, end, length, b.thread(), blockThreads, {least, b.i32(-1)},
        [&](Value logit, Value column, Value valid, ValueRange best) {
          Value bits = orderedBits(b, logit);
          Value isMore = b.both(valid, b.less(best[0], bits));
          return SmallVector<Value>{b.select(isMore, bits, best[0]),
                                    b.select(isMore, column, best[1])};
        });
    // The complement: of equals the lowest column.
    Value low = arith::ExtUIOp::create(b, i64, b.bitXor(best[1], b.i32(-1)));
    Value high = arith::ExtUIOp::create(b, i64, best[0]);
    Value largest = b.maxOfLanes(b.bitOr(b.shiftLeft(high, 32), low));
    b.barrier(); // Nobody may still read the region.
    b.when(b.compare(I::eq, b.lane(), b.i32(0)), [&] {
      b.storeAt(largest, b.offset(region, b.mul(b.warp(), b.i32(wordBytes))));
    });
    b.barrier();
    b.when(b.compare(I::eq, b.thread(), b.i32(0)), [&] {
      Value all;
      for (int64_t i = 0; i < blockWarps; ++i) {
        Value one = b.loadAt(i64, b.offset(region, i * wordBytes));
        all = all ? b.maximum(all, one) : one;
      }
      b.storeScalar(all, op.getMaxima(), {row, slice});
    });
  });
  return success();
}
