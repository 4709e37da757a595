/// kernel.rope: pairs of a head's first elements rotated by the row's angle. A
/// block does a row, a thread a few pairs: a' = a*c - b*s, b' = b*c + a*s, each
/// product rounded. Every pair is read before it is written, so input and output
/// may be the same memory.
#include "codegen/nvptx/KernelsToNvptx.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

namespace {

struct RopeLowering {
  kernel::RopeOp op;
  GpuBuilder b;
  int64_t pairs, lanes;

  explicit RopeLowering(kernel::RopeOp op);
  void run();
  void emitHalf(Value row, Value position, Value head, Value pair);
  void emitInterleaved(Value row, Value position, Value head, Value pair);
  void emitRest(Value row);
  /// Walks `count` elements of each head, `lanes` at a time.
  void forHeads(int64_t count, llvm::function_ref<void(Value, Value)> body);

  Value load(Value row, Value column, int64_t count) {
    return b.loadRowF32(op.getInput(), {row, column}, count);
  }
  void store(Value value, Value row, Value column) {
    Type element = cast<MemRefType>(op.getOutput().getType()).getElementType();
    b.storeRow(b.fromF32(value, element), op.getOutput(), {row, column});
  }
  std::pair<Value, Value> rotate(Value x, Value y, Value position, Value pair) {
    Value c = b.loadRowF32(op.getCos(), {position, pair}, lanes);
    Value s = b.loadRowF32(op.getSin(), {position, pair}, lanes);
    return {b.sub(b.mul(x, c), b.mul(y, s)), b.add(b.mul(y, c), b.mul(x, s))};
  }
};

} // namespace

RopeLowering::RopeLowering(kernel::RopeOp op)
    : op(op), b(op), pairs(op.getRotaryDim() / 2) {
  // Heads begin at multiples of head_dim, their second halves at `pairs`.
  ValueRange rows = op->getOperands();
  lanes = std::gcd(nvptx::rowLanes(rows, pairs), int64_t(op.getHeadDim()));
  if (op.getInterleaved())
    lanes = 1;
}

void RopeLowering::forHeads(int64_t count,
                            llvm::function_ref<void(Value, Value)> body) {
  int64_t chunks = count / lanes;
  b.forThreads(op.getHeads() * chunks, [&](Value number) {
    Value at = b.asIndex(number);
    Value head = b.mul(b.floorDiv(at, chunks), b.index(op.getHeadDim()));
    body(head, b.mul(b.remainder(at, chunks), b.index(lanes)));
  });
}

void RopeLowering::run() {
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value row) {
    Value position = b.toIndex(b.loadScalar(op.getPositions(), {row}));
    forHeads(pairs, [&](Value head, Value pair) {
      if (op.getInterleaved())
        emitInterleaved(row, position, head, pair);
      else
        emitHalf(row, position, head, pair);
    });
    if (op.getRotaryDim() < op.getHeadDim())
      emitRest(row);
  });
}

void RopeLowering::emitHalf(Value row, Value position, Value head, Value pair) {
  Value first = b.add(head, pair);
  Value second = b.add(first, b.index(pairs));
  auto [x, y] = rotate(load(row, first, lanes), load(row, second, lanes),
                       position, pair);
  store(x, row, first);
  store(y, row, second);
}

void RopeLowering::emitInterleaved(Value row, Value position, Value head,
                                   Value pair) {
  Value column = b.add(head, b.mul(pair, b.index(2)));
  Value next = b.add(column, b.index(1));
  auto [x, y] =
      rotate(load(row, column, 1), load(row, next, 1), position, pair);
  store(x, row, column);
  store(y, row, next);
}

/// The elements beyond rotary_dim.
void RopeLowering::emitRest(Value row) {
  int64_t rotary = op.getRotaryDim(), rest = op.getHeadDim() - rotary;
  lanes = std::gcd(lanes, rest);
  forHeads(rest, [&](Value head, Value column) {
    Value at = b.add(b.add(head, b.index(rotary)), column);
    store(load(row, at, lanes), row, at);
  });
}

LogicalResult nvptx::lowerRope(kernel::RopeOp op) {
  int64_t columns = op.getHeads() * op.getHeadDim();
  int64_t headDim = op.getHeadDim(), rotary = op.getRotaryDim();
  for (Value operand : {op.getInput(), op.getOutput()}) {
    auto type = cast<MemRefType>(operand.getType());
    if (type.getRank() != 2 || type.getDimSize(1) != columns ||
        !isa<FloatType>(type.getElementType()))
      return op.emitOpError("needs rows of heads * head_dim floats, not ")
             << type;
  }
  if (rotary % 2 || rotary > headDim || rotary <= 0)
    return op.emitOpError("has a rotary_dim that is odd or beyond head_dim");
  for (Value table : {op.getCos(), op.getSin()})
    if (extent(table, 1) != rotary / 2)
      return op.emitOpError("needs tables [P, rotary_dim/2], not ")
             << table.getType();
  RopeLowering(op).run();
  return success();
}
