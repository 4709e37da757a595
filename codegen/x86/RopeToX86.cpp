/// kernel.rope: pairs of a head's first elements rotated by the row's angle.
///
/// Sixteen pairs at a time: a' = a*c - b*s, b' = b*c + a*s, each product
/// rounded. `half` pairs lie in two vectors; `interleaved` ones in one vector
/// of 32 lanes that is taken apart and put together again. Every pair is read
/// before it is written, so input and output may be the same memory.
#include "codegen/x86/KernelsToX86.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

namespace {

struct RopeLowering {
  kernel::RopeOp op;
  VectorBuilder b;
  int64_t pairs;

  explicit RopeLowering(kernel::RopeOp op)
      : op(op), b(op.getLoc(), op), pairs(op.getRotaryDim() / 2) {}

  void run();
  void emitHalf(Value row, Value position, Value head);
  void emitInterleaved(Value row, Value position, Value head);
  void emitRest(Value row, Value head);

  Value load(Value row, Value column, Value mask,
             int64_t count = VectorBuilder::width) {
    return b.loadF32(op.getInput(), {row, column}, mask, count);
  }
  void store(Value value, Value row, Value column, Value mask) {
    Type element = cast<MemRefType>(op.getOutput().getType()).getElementType();
    b.store(b.narrow(value, element), op.getOutput(), {row, column}, mask);
  }
  /// The rotated pair, from columns [pair, pair + 16) of the tables.
  std::pair<Value, Value> rotate(Value x, Value y, Value position, Value pair,
                                 Value mask) {
    Value c = b.loadF32(op.getCos(), {position, pair}, mask);
    Value s = b.loadF32(op.getSin(), {position, pair}, mask);
    return {b.sub(b.mul(x, c), b.mul(y, s)), b.add(b.mul(y, c), b.mul(x, s))};
  }
};

} // namespace

void RopeLowering::run() {
  int64_t headDim = op.getHeadDim();
  b.loop(op.getBegin(), op.getEnd(), 1, [&](Value row) {
    Value position = b.toIndex(b.loadScalar(op.getPositions(), {row}));
    b.loop(b.index(0), b.index(op.getHeads() * headDim), headDim,
           [&](Value head) {
             if (op.getInterleaved())
               emitInterleaved(row, position, head);
             else
               emitHalf(row, position, head);
             emitRest(row, head);
           });
  });
}

void RopeLowering::emitHalf(Value row, Value position, Value head) {
  b.columns(pairs, [&](Value pair, Value mask) {
    Value first = b.add(head, pair);
    Value second = b.add(first, b.index(pairs));
    auto [x, y] = rotate(load(row, first, mask), load(row, second, mask),
                         position, pair, mask);
    store(x, row, first, mask);
    store(y, row, second, mask);
  });
}

void RopeLowering::emitInterleaved(Value row, Value position, Value head) {
  constexpr int64_t width = VectorBuilder::width;
  SmallVector<int64_t> even, odd, both;
  for (int64_t i = 0; i < width; ++i) {
    even.push_back(2 * i);
    odd.push_back(2 * i + 1);
    both.append({i, width + i});
  }
  b.columns(pairs, [&](Value pair, Value mask) {
    Value column = b.add(head, b.mul(pair, b.index(2)));
    Value wideMask =
        mask ? b.prefixMask(2 * (pairs % width), 2 * width) : Value();
    Value both32 = load(row, column, wideMask, 2 * width);
    auto [x, y] =
        rotate(vector::ShuffleOp::create(b, both32, both32, even),
               vector::ShuffleOp::create(b, both32, both32, odd), position,
               pair, mask);
    store(vector::ShuffleOp::create(b, x, y, both), row, column, wideMask);
  });
}

/// The elements beyond rotary_dim.
void RopeLowering::emitRest(Value row, Value head) {
  int64_t rotary = op.getRotaryDim(), rest = op.getHeadDim() - rotary;
  Value start = b.add(head, b.index(rotary));
  b.columns(rest, [&](Value column, Value mask) {
    Value at = b.add(start, column);
    store(load(row, at, mask), row, at, mask);
  });
}

LogicalResult llmc::codegen::lowerRope(kernel::RopeOp op) {
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
