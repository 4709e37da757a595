#include "codegen/nvptx/RowNorms.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

static constexpr int64_t numberBytes = 4;

RowNorms::RowNorms(GpuBuilder &b, const LinearShape &shape, int64_t rows,
                   int64_t items, Value squares)
    : b(b), shape(shape), rows(rows), items(items) {
  kernel::LinearOp op = shape.op;
  if (op.getSquares())
    factors = b.shared("factors of rows", rows * numberBytes);
  if (op.getPartialSquares())
    this->squares = squares;
}

int64_t RowNorms::squaresBytes(kernel::LinearOp op, int64_t rows, int64_t items) {
  return op.getPartialSquares() ? rows * items * numberBytes : 0;
}

/// A warp sums a row's squares: lane i those of tiles i, i + 32, …, then a
/// butterfly.
void RowNorms::prepare(const LinearPlace &place) {
  kernel::LinearOp op = shape.op;
  if (!op.getSquares())
    return;
  int64_t count = extent(op.getSquares(), 1);
  Type f32 = b.getF32Type();
  b.loopBy(b.warp(), b.i32(rows), b.i32(b.warps()), {}, [&](Value row,
                                                             ValueRange) {
    Value last = b.sub(place.rows, b.i32(1));
    Value at = b.asIndex(b.minimum(b.add(place.firstRow, row), last));
    Value sum = b.loopBy(
        b.lane(), b.i32(count), b.i32(warpThreads), {b.number(f32, 0)},
        [&](Value tile, ValueRange carried) {
          Value part = b.loadScalar(op.getSquares(), {at, b.asIndex(tile)});
          return SmallVector<Value>{b.add(carried[0], part)};
        })[0];
    sum = b.sumOfLanes(sum);
    b.when(b.compare(arith::CmpIPredicate::eq, b.lane(), b.i32(0)), [&] {
      b.storeAt(inverseRoot(b, sum, shape.weights.length,
                            op.getNormEpsilon().convertToDouble()),
                b.offset(factors, b.mul(row, b.i32(numberBytes))));
    });
    return SmallVector<Value>();
  });
}

Value RowNorms::scaled(Value sums, Value row) {
  if (!factors)
    return sums;
  Value factor = b.loadAt(b.getF32Type(),
                          b.offset(factors, b.mul(row, b.i32(numberBytes))));
  return b.mul(sums, b.broadcast(
                         factor, cast<VectorType>(sums.getType()).getDimSize(0)));
}

void RowNorms::keep(Value row, Value item, Value values) {
  if (!squares)
    return;
  Value sum = values ? b.sumOf(b.mul(values, values))
                     : b.number(b.getF32Type(), 0);
  Value at = b.add(b.mul(row, b.i32(items)), item);
  b.storeAt(sum, b.offset(squares, b.mul(at, b.i32(numberBytes))));
}

/// A thread adds a row's items in ascending order.
void RowNorms::finish(const LinearPlace &place) {
  if (!squares)
    return;
  kernel::LinearOp op = shape.op;
  b.forThreads(rows, [&](Value row) {
    Value at = b.add(place.firstRow, row);
    b.when(b.less(at, place.rows), [&] {
      Value start = b.offset(squares, b.mul(row, b.i32(items * numberBytes)));
      Value sum = b.loopBy(
          b.i32(0), b.i32(items), b.i32(1), {b.number(b.getF32Type(), 0)},
          [&](Value item, ValueRange carried) {
            Value part =
                b.loadAt(b.getF32Type(),
                         b.offset(start, b.mul(item, b.i32(numberBytes))));
            return SmallVector<Value>{b.add(carried[0], part)};
          })[0];
      b.storeScalar(sum, op.getPartialSquares(), {b.asIndex(at), place.tile});
    });
  });
  // Lanes of a warp meet again: products of the next tile need all of them.
  b.barrier();
}
