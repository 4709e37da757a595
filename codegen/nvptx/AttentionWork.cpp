#include "codegen/nvptx/AttentionWork.h"

#include "codegen/llvm/VectorMath.h"

#include <numbers>

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

AttentionWork AttentionMemory::workOf(Value block, Value cacheHead) {
  AttentionWork work;
  work.firstRow = b.loadScalar(op.blocks, {block, b.index(0)});
  work.rows = b.loadScalar(op.blocks, {block, b.index(1)});
  work.cacheHead = cacheHead;
  work.sequence = b.asIndex(
      b.loadScalar(op.rowSequence, {b.asIndex(work.firstRow)}));
  return work;
}

Value AttentionMemory::lineCount(const AttentionWork &work) {
  return b.mul(work.rows, b.i32(group()));
}

Value AttentionMemory::rowOf(const AttentionWork &work, Value line) {
  return b.add(work.firstRow,
               arith::DivUIOp::create(b, line, b.i32(group())));
}

Value AttentionMemory::headOf(const AttentionWork &work, Value line) {
  return b.add(b.mul(work.cacheHead, b.i32(group())),
               arith::RemUIOp::create(b, line, b.i32(group())));
}

Value AttentionMemory::positionOf(Value row) {
  return b.loadScalar(op.positions, {b.asIndex(row)});
}

Value AttentionMemory::oldestFor(Value position) {
  if (!op.window)
    return b.i32(0);
  return b.maximum(b.sub(position, b.i32(op.window - 1)), b.i32(0));
}

Type AttentionMemory::queryElement() const {
  return cast<MemRefType>(op.query.getType()).getElementType();
}

int64_t AttentionMemory::queryLanes() const {
  return rowLanes(op.query, layout.headDim);
}

Value AttentionMemory::queryPointer(Value row, Value head) {
  auto [strides, start] =
      cast<MemRefType>(op.query.getType()).getStridesAndOffset();
  int64_t bytes = queryElement().getIntOrFloatBitWidth() / 8;
  Value at = b.add(b.mul(b.asIndex(row), b.index(strides[0])),
                   b.mul(b.asIndex(head), b.index(layout.headDim)));
  return b.offset(b.pointer(op.query), b.mul(at, b.index(bytes)));
}

/// The address of a page's part of a cache head, of which a page has `bytes`.
static Value headPointer(GpuBuilder &b, Value cache, Value page, Value head) {
  auto type = cast<MemRefType>(cache.getType());
  int64_t size = type.getElementTypeBitWidth() / 8;
  auto [strides, start] = type.getStridesAndOffset();
  Value at = b.add(b.mul(page, b.index(strides[0] * size)),
                   b.mul(b.asIndex(head), b.index(strides[1] * size)));
  return b.offset(b.pointer(cache), at);
}

std::pair<Value, Value>
AttentionMemory::cachePointers(const AttentionWork &work, Value position) {
  Value slot = arith::DivUIOp::create(b, position, b.i32(layout.page));
  Value in = arith::RemUIOp::create(b, position, b.i32(layout.page));
  Value page = b.asIndex(
      b.loadScalar(op.pageTable, {work.sequence, b.asIndex(slot)}));
  Value keys = b.mul(b.asIndex(b.shiftRight(in, 4)), b.index(keyPanelBytes()));
  Value values = b.mul(b.asIndex(in), b.index(lineBytes()));
  return {b.offset(headPointer(b, op.keyCache, page, work.cacheHead), keys),
          b.offset(headPointer(b, op.valueCache, page, work.cacheHead), values)};
}

Value nvptx::finiteMaximum(GpuBuilder &b, Value maximum) {
  Value none = b.compare(arith::CmpFPredicate::OEQ, maximum,
                         b.infinity(b.getF32Type(), true));
  return b.select(none, b.number(b.getF32Type(), 0), maximum);
}

SoftmaxFactors SoftmaxFactors::merge(GpuBuilder &b, Value before, Value added) {
  Value maximum = b.maxOf(before, added);
  Value base = finiteMaximum(b, maximum);
  return {maximum, b.exp2Approx(b.sub(before, base)),
          b.exp2Approx(b.sub(added, base))};
}

Value nvptx::finishScore(GpuBuilder &b, const AttentionOperands &op,
                         Value product, Value key, Value position) {
  Type f32 = b.getF32Type();
  double scale = op.scale;
  if (double cap = op.softcap; cap > 0) {
    product = emitTanh(b, b.mul(product, b.number(f32, scale / cap)));
    scale = cap;
  }
  Value score = b.mul(product, b.number(f32, scale * std::numbers::log2e));
  Value seen = b.compare(arith::CmpIPredicate::sle, key, position);
  if (op.window)
    seen = b.both(seen, b.less(b.sub(position, b.i32(op.window)), key));
  return b.select(seen, score, b.infinity(f32, true));
}
