#include "codegen/nvptx/LogitRow.h"

#include "codegen/nvptx/KernelsToNvptx.h"

using namespace mlir;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;
using I = arith::CmpIPredicate;

/// Loads of a thread that are in flight at once: 256 threads with 64 bytes each
/// cover the latency of L2.
static constexpr int64_t mostLoads = 4;
static constexpr int64_t logitBytes = 4;

LogitRow::LogitRow(GpuBuilder &b, Value logits, Value row)
    : b(b), length(extent(logits, 1)),
      lanes(std::min(rowLanes(logits, length), sliceAlignment)) {
  start = b.offset(b.pointer(logits), b.mul(row, b.index(length * logitBytes)));
}

int64_t LogitRow::sliceLength(int64_t count) const {
  return llvm::alignTo(llvm::divideCeil(length, count), sliceAlignment);
}

Value LogitRow::logitAt(Value column) {
  return b.loadConstant(b.getF32Type(),
                        b.offset(start, b.mul(column, b.i32(logitBytes))));
}

SmallVector<Value> LogitRow::walk(Value begin, Value end, int64_t length,
                                  Value thread, int64_t threads,
                                  ValueRange initial, Body body) {
  int64_t stride = threads * lanes;
  int64_t loads = std::min(mostLoads, int64_t(llvm::divideCeil(length, stride)));
  Value first = b.mul(thread, b.i32(lanes));
  auto step = [&](Value base, ValueRange carried) {
    SmallVector<Value> places, valid, rows;
    for (int64_t i = 0; i < loads; ++i) {
      places.push_back(b.add(b.add(base, first), b.i32(i * stride)));
      valid.push_back(b.less(places[i], end));
      // Beyond the end something is read that is there.
      Value at = b.select(valid[i], places[i], begin);
      rows.push_back(b.loadConstant(
          b.f32Lanes(lanes), b.offset(start, b.mul(at, b.i32(logitBytes)))));
    }
    SmallVector<Value> next(carried);
    for (int64_t i = 0; i < loads; ++i)
      for (int64_t lane = 0; lane < lanes; ++lane) {
        Value logit = vector::ExtractOp::create(b, rows[i], lane);
        next = body(logit, b.add(places[i], b.i32(lane)), valid[i], next);
      }
    return next;
  };
  return b.loopBy(begin, end, b.i32(loads * stride), initial, step);
}
