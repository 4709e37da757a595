/// kernel.quantize_rows: a block makes bytes of a row; a pass over it for its
/// largest magnitude, and one that rounds.
#include "codegen/llvm/ByteScale.h"
#include "codegen/llvm/KernelShapes.h"
#include "codegen/nvptx/KernelsToNvptx.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static void quantizeRow(GpuBuilder &b, kernel::QuantizeRowsOp op, Value row,
                        Value region) {
  Type f32 = b.getF32Type(), i32 = b.getI32Type();
  int64_t length = extent(op.getInput(), 1);
  int64_t lanes = nvptx::rowLanes({op.getInput(), op.getOutput()}, length);
  Value zero = b.number(f32, 0);
  auto largest = b.forThreads(
      length / lanes, zero, [&](Value chunk, ValueRange carried) {
        Value column = b.mul(b.asIndex(chunk), b.index(lanes));
        Value x = math::AbsFOp::create(
            b, b.loadRowF32(op.getInput(), {row, column}, lanes));
        return SmallVector<Value>{b.maxOf(carried[0], b.largestOf(x))};
      });
  auto scale = ByteScale::of(b, b.maxOfBlock(largest[0], region));
  auto sums = b.forThreads(
      length / lanes, b.i32(0), [&](Value chunk, ValueRange carried) {
        Value column = b.mul(b.asIndex(chunk), b.index(lanes));
        Value number = scale.integers(
            b, b.loadRowF32(op.getInput(), {row, column}, lanes));
        Value bytes =
            arith::TruncIOp::create(b, b.lanes(b.getI8Type(), lanes), number);
        b.storeRow(bytes, op.getOutput(), {row, column});
        return SmallVector<Value>{b.add(carried[0], b.sumOf(number))};
      });
  Value sum = b.sumOfBlock(sums[0], region);
  b.when(b.compare(arith::CmpIPredicate::eq, b.thread(), b.i32(0)), [&] {
    for (int64_t k = length; k < extent(op.getOutput(), 1); ++k)
      b.storeScalar(b.integer(b.getI8Type(), 0), op.getOutput(),
                    {row, b.index(k)});
    b.storeScalar(b.bitcast(scale.scale, i32), op.getTerms(),
                  {row, b.index(0)});
    b.storeScalar(b.mul(sum, b.i32(-128)), op.getTerms(), {row, b.index(1)});
  });
}

LogicalResult nvptx::lowerQuantizeRows(kernel::QuantizeRowsOp op) {
  if (failed(checkQuantizeRows(op)))
    return failure();
  GpuBuilder b(op);
  Value region = b.shared("sums", blockWarps * sizeof(float));
  b.forTiles(op.getBegin(), op.getEnd(),
             [&](Value row) { quantizeRow(b, op, row, region); });
  return success();
}
