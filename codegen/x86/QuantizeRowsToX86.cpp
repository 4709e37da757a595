/// kernel.quantize_rows: a pass over a row for its largest magnitude, and one
/// that rounds.
#include "codegen/llvm/ByteScale.h"
#include "codegen/llvm/KernelShapes.h"
#include "codegen/x86/KernelsToX86.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static void quantizeRow(VectorBuilder &b, kernel::QuantizeRowsOp op, Value row) {
  Type i32 = b.getI32Type();
  int64_t length = extent(op.getInput(), 1);
  auto largest = b.columns(
      length, {b.number(b.f32Lanes(), 0)},
      [&](Value column, Value mask, ValueRange carried) {
        Value x = b.loadF32(op.getInput(), {row, column}, mask);
        return SmallVector<Value>{b.maxOf(carried[0], emitMagnitude(b, x))};
      });
  auto scale = ByteScale::of(b, b.maxLanes(largest[0]));
  auto sums = b.columns(
      length, {b.integer(b.lanes(i32), 0)},
      [&](Value column, Value mask, ValueRange carried) {
        Value number = scale.integers(
            b, b.loadF32(op.getInput(), {row, column}, mask));
        Value bytes =
            arith::TruncIOp::create(b, b.lanes(b.getI8Type()), number);
        b.store(bytes, op.getOutput(), {row, column}, mask);
        return SmallVector<Value>{b.add(carried[0], number)};
      });
  for (int64_t k = length; k < extent(op.getOutput(), 1); ++k)
    b.storeScalar(b.integer(b.getI8Type(), 0), op.getOutput(),
                  {row, b.index(k)});
  b.storeScalar(b.bitcast(scale.scale, i32), op.getTerms(),
                {row, b.index(0)});
  b.storeScalar(b.mul(b.sumLanes(sums[0]), b.integer(i32, -128)), op.getTerms(),
                {row, b.index(1)});
}

LogicalResult llmc::codegen::lowerQuantizeRows(kernel::QuantizeRowsOp op) {
  if (failed(checkQuantizeRows(op)))
    return failure();
  VectorBuilder b(op.getLoc(), op);
  b.loop(op.getBegin(), op.getEnd(), 1,
         [&](Value row) { quantizeRow(b, op, row); });
  return success();
}
