#include "codegen/nvptx/HeadNorm.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

HeadNorm HeadNorm::of(GpuBuilder &b, kernel::RopeAppendOp op, Value rows,
                      unsigned number) {
  HeadNorm norm{b, rows, {}, int64_t(op.getHeadDim()),
                op.getEpsilon().convertToDouble(),
                op.getOffset().convertToDouble(), {}, {}, {}};
  if (!op.getScales().empty())
    norm.scale = op.getScales()[number];
  return norm;
}

bool HeadNorm::isOfRow() const {
  return scale && cast<MemRefType>(scale.getType()).getDimSize(0) != headDim;
}

/// Of `length` elements of the row.
Value HeadNorm::factorFrom(Value column, int64_t length) {
  int64_t lanes = sumLanes(length);
  Value zero = b.number(b.f32Lanes(lanes), 0);
  Value squares =
      b.loopBy(b.lane(), b.i32(length / lanes), b.i32(warpThreads), zero,
               [&](Value chunk, ValueRange carried) {
                 Value at = b.add(
                     column, b.mul(b.asIndex(chunk), b.index(lanes)));
                 Value x = loadNeighbours(b, rows, {row, at}, lanes);
                 return SmallVector<Value>{b.fma(x, x, carried[0])};
               })[0];
  return inverseRoot(b, b.sumOfLanes(b.sumOf(squares)), length, epsilon);
}

void HeadNorm::enterRow(Value row) {
  this->row = row;
  head = {};
  if (isOfRow())
    factor = factorFrom(
        b.index(0), cast<MemRefType>(rows.getType()).getDimSize(1));
}

void HeadNorm::enterHead(Value head) {
  if (head == this->head)
    return;
  this->head = head;
  if (scale && !isOfRow())
    factor = factorFrom(b.mul(head, b.index(headDim)), headDim);
}

Value HeadNorm::load(Value element, int64_t count) {
  Value column = b.add(b.mul(head, b.index(headDim)), element);
  Value x = b.loadRowF32(rows, {row, column}, count);
  if (!scale)
    return x;
  Value weight =
      b.loadRowF32(scale, {isOfRow() ? column : element}, count);
  if (offset != 0)
    weight = b.add(weight, b.number(weight.getType(), offset));
  Value scaled = b.mul(b.mul(x, b.broadcast(factor, count)), weight);
  Type type = cast<MemRefType>(rows.getType()).getElementType();
  return b.toF32(b.narrow(scaled, type));
}
