/// kernel.linear over weights of f32, by fused multiply-add.
///
/// A warp takes 32 terms at once: thread (q, i) the four outputs 4q … 4q + 3 of a
/// panel and the terms 4i … 4i + 3. The warps of a block share K, step s belonging
/// to warp s mod 8. Threads' sums are added by a butterfly over i, warps' in
/// ascending order (LinearSums).
#include "codegen/nvptx/LinearByMma.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

static constexpr int64_t mostRows = 8;
static constexpr int64_t stepTerms = 32, threadTerms = 4;

namespace {

class FmaLowering {
public:
  explicit FmaLowering(const LinearShape &shape)
      : shape(shape), b(shape.op), rows(1) {
    kernel::LinearOp op = shape.op;
    while (rows < mostRows && rows < int64_t(op.getTileRows()))
      rows *= 2;
  }
  LogicalResult run();

private:
  void emitStream(const LinearPlace &place, Value stream, LinearSums &ends);
  Value loadWeight(Value panel, Value k, bool bounded);
  Value loadInput(Value row, Value k, bool bounded);
  SmallVector<Value> step(Value panel, ArrayRef<Value> inputRows, Value first,
                          bool bounded, ValueRange sums);

  const LinearShape &shape;
  GpuBuilder b;
  int64_t rows;
};

} // namespace

/// Four outputs at term k (i32).
Value FmaLowering::loadWeight(Value panel, Value k, bool bounded) {
  if (bounded)
    k = b.minimum(k, b.i32(shape.weights.length - 1));
  Value bytes = b.mul(b.asIndex(k), b.index(PanelLayout::lineBytes));
  return b.loadConstant(b.f32Lanes(4), b.offset(panel, bytes));
}

/// Four terms of a row from k on; zero beyond its end.
Value FmaLowering::loadInput(Value row, Value k, bool bounded) {
  Type element = shape.inputElement();
  int64_t length = shape.weights.length, size = shape.inputBytes();
  int64_t lanes = std::min<int64_t>(shape.inputLanes, threadTerms);
  if (bounded)
    lanes = std::gcd(lanes, length);
  SmallVector<Value> elements;
  for (int64_t i = 0; i < threadTerms; i += lanes) {
    Value at = i ? b.add(k, b.i32(i)) : k;
    Value last = bounded ? b.minimum(at, b.i32(length - lanes)) : at;
    Value part = b.toF32(
        b.loadAt(b.lanes(element, lanes),
                 b.offset(row, b.mul(b.asIndex(last), b.index(size)))));
    if (bounded)
      part = b.select(b.less(at, b.i32(length)), part,
                      b.number(part.getType(), 0));
    for (int64_t j = 0; j < lanes; ++j)
      elements.push_back(vector::ExtractOp::create(b, part, j));
  }
  return vector::FromElementsOp::create(b, b.f32Lanes(4), elements);
}

/// The terms from `first` on, of this thread, added to sums [row] of four outputs.
SmallVector<Value> FmaLowering::step(Value panel, ArrayRef<Value> inputRows,
                                     Value first, bool bounded,
                                     ValueRange sums) {
  SmallVector<Value> next(sums), inputs;
  for (Value row : inputRows)
    inputs.push_back(loadInput(row, first, bounded));
  for (int64_t j = 0; j < threadTerms; ++j) {
    Value weight = loadWeight(panel, b.add(first, b.i32(j)), bounded);
    for (auto [sum, input] : llvm::zip_equal(next, inputs))
      sum = b.fma(weight, b.broadcast(vector::ExtractOp::create(b, input, j), 4),
                  sum);
  }
  return next;
}

void FmaLowering::emitStream(const LinearPlace &place, Value stream,
                             LinearSums &ends) {
  Value lane = b.lane(), warp = b.warp();
  Value quad = b.bitAnd(lane, b.i32(3));
  Value panel = b.offset(streamPointer(b, shape, place.tile, stream),
                         b.mul(quad, b.i32(16)));
  Value mine = b.mul(b.shiftRight(lane, 2), b.i32(threadTerms));
  SmallVector<Value> inputRows;
  for (int64_t row = 0; row < rows; ++row)
    inputRows.push_back(rowPointer(b, shape, place, b.i32(row)));
  int64_t full = shape.weights.length / stepTerms;
  SmallVector<Value> sums(rows, b.number(b.f32Lanes(4), 0));
  auto firstOf = [&](Value number) {
    return b.add(b.mul(number, b.i32(stepTerms)), mine);
  };
  if (full)
    sums = b.loopBy(warp, b.i32(full), b.i32(blockWarps), sums,
                    [&](Value number, ValueRange carried) {
                      return step(panel, inputRows, firstOf(number), false,
                                  carried);
                    });
  if (shape.weights.length % stepTerms)
    sums = b.choose(
        b.compare(arith::CmpIPredicate::eq, warp, b.i32(full % blockWarps)),
        [&] {
          return step(panel, inputRows, firstOf(b.i32(full)), true, sums);
        },
        [&] { return sums; });
  for (Value &sum : sums) {
    SmallVector<Value> outputs;
    for (int64_t i = 0; i < 4; ++i)
      outputs.push_back(
          b.sumOfLanes(vector::ExtractOp::create(b, sum, i), /*from=*/4));
    sum = vector::FromElementsOp::create(b, b.f32Lanes(4), outputs);
  }
  b.when(b.less(lane, b.i32(4)), [&] {
    for (int64_t row = 0; row < rows; ++row)
      ends.put(sums[row], warp, stream, b.i32(row), quad);
  });
}

LogicalResult FmaLowering::run() {
  LinearSums ends(b, shape, rows, blockWarps);
  LogicalResult result = success();
  forLinearPlaces(b, shape, rows, [&](const LinearPlace &place) {
    b.loopBy(b.i32(0), b.i32(shape.streams), b.i32(1), {},
             [&](Value stream, ValueRange) {
               emitStream(place, stream, ends);
               return SmallVector<Value>();
             });
    result = ends.finish(place);
  });
  return result;
}

LogicalResult nvptx::lowerLinearByFma(const LinearShape &shape) {
  return FmaLowering(shape).run();
}
