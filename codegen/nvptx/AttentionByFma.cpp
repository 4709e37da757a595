#include "codegen/nvptx/AttentionByFma.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

static constexpr int64_t lineBytes = 64; ///< Sixteen f32.

/// query . key of this thread's position.
static Value emitScore(GpuBuilder &b, AttentionMemory &memory, Value query,
                       Value keys) {
  int64_t length = memory.layout.headDim;
  int64_t lanes = std::min<int64_t>(memory.queryLanes(), 4);
  Type element = memory.queryElement();
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  return b.loopBy(
      b.i32(0), b.i32(length), b.i32(lanes), b.number(b.getF32Type(), 0),
      [&](Value d, ValueRange carried) {
        Value part = b.toF32(b.loadAt(b.lanes(element, lanes),
                                      b.offset(query, b.mul(d, b.i32(bytes)))));
        Value line = b.offset(keys, b.mul(d, b.i32(lineBytes)));
        Value sum = carried[0];
        for (int64_t i = 0; i < lanes; ++i)
          sum = b.fma(vector::ExtractOp::create(b, part, i),
                      b.loadConstant(b.getF32Type(),
                                     b.offset(line, i * lineBytes)),
                      sum);
        return SmallVector<Value>{sum};
      })[0];
}

LineSoftmax nvptx::emitLineByFma(GpuBuilder &b, AttentionMemory &memory,
                                 const AttentionWork &work, Value query,
                                 Value position, Value from, Value to) {
  Type f32 = b.getF32Type();
  Value lane = b.lane();
  // A thread's position or element in two panels.
  Value panel = b.shiftRight(lane, 4);
  Value inLine = b.shiftLeft(b.bitAnd(lane, b.i32(15)), 2);
  Value keyOffset =
      b.add(b.mul(panel, b.i32(memory.keyPanelBytes())), inLine);
  int64_t steps = llvm::divideCeil(memory.layout.headDim, 32);
  SmallVector<Value> initial = {b.infinity(f32, true), b.number(f32, 0)};
  initial.append(steps, b.number(f32, 0));
  auto last = b.loopBy(
      from, to, b.i32(chunkPositions), initial,
      [&](Value first, ValueRange carried) {
        auto [keys, values] = memory.cachePointers(work, first);
        Value score =
            emitScore(b, memory, query, b.offset(keys, keyOffset));
        score = finishScore(b, memory.op, score, b.add(first, lane), position);
        Value maximum = b.maxOf(carried[0], b.maxOfLanes(score));
        Value base = finiteMaximum(b, maximum);
        Value factor = b.exp2Approx(b.sub(carried[0], base));
        Value weight = b.exp2Approx(b.sub(score, base));
        SmallVector<Value> next = {
            maximum, b.fma(carried[1], factor, b.sumOfLanes(weight))};
        SmallVector<Value> sums, places;
        for (int64_t i = 0; i < steps; ++i) {
          sums.push_back(b.mul(carried[2 + i], factor));
          // Beyond the last panel: the last one again, which nobody stores.
          Value at = b.minimum(b.add(panel, b.i32(2 * i)),
                               b.i32(memory.layout.vectors - 1));
          places.push_back(b.offset(
              values, b.add(b.mul(at, b.i32(memory.valuePanelBytes())), inLine)));
        }
        llvm::append_range(
            next, b.loopBy(b.i32(0), b.i32(chunkPositions), b.i32(1), sums,
                           [&](Value i, ValueRange before) {
                             Value of = b.shuffleFrom(weight, i);
                             Value line = b.mul(i, b.i32(lineBytes));
                             SmallVector<Value> after;
                             for (int64_t s = 0; s < steps; ++s)
                               after.push_back(
                                   b.fma(of,
                                         b.loadConstant(
                                             f32, b.offset(places[s], line)),
                                         before[s]));
                             return after;
                           }));
        return next;
      });
  LineSoftmax result{last[0], last[1], {}};
  result.outputs.append(last.begin() + 2, last.end());
  return result;
}
