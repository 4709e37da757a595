#include "codegen/nvptx/Rotation.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

LogicalResult Rotation::check(Operation *op, ValueRange rows,
                              int64_t heads) const {
  for (Value operand : rows) {
    auto type = cast<MemRefType>(operand.getType());
    if (type.getRank() != 2 || type.getDimSize(1) != heads * headDim ||
        !isa<FloatType>(type.getElementType()))
      return op->emitOpError("needs rows of heads * head_dim floats, not ")
             << type;
  }
  if (rotaryDim % 2 || rotaryDim > headDim || rotaryDim <= 0)
    return op->emitOpError("has a rotary_dim that is odd or beyond head_dim");
  for (Value table : {cos, sin})
    if (extent(table, 1) != rotaryDim / 2)
      return op->emitOpError("needs tables [P, rotary_dim/2], not ")
             << table.getType();
  return success();
}

/// Walks `count` elements of each head, `lanes` at a time.
void Rotation::forHeads(int64_t heads, int64_t count, int64_t lanes,
                        llvm::function_ref<void(Value, Value)> body) const {
  int64_t chunks = count / lanes;
  b.forThreads(heads * chunks, [&](Value number) {
    Value head = arith::DivUIOp::create(b, number, b.i32(chunks));
    Value chunk = arith::RemUIOp::create(b, number, b.i32(chunks));
    body(b.asIndex(head), b.mul(b.asIndex(chunk), b.index(lanes)));
  });
}

void Rotation::emit(Value input, ValueRange others, int64_t heads, Value row,
                    Value position, Store store) const {
  int64_t pairs = rotaryDim / 2, rest = headDim - rotaryDim;
  SmallVector<Value> rows = {input, cos, sin};
  llvm::append_range(rows, others);
  // Heads begin at multiples of head_dim, their second halves at `pairs`.
  int64_t lanes = interleaved ? 1 : std::gcd(rowLanes(rows, pairs), headDim);
  auto load = [&](Value head, Value element, int64_t count) {
    Value column = b.add(b.mul(head, b.index(headDim)), element);
    return b.loadRowF32(input, {row, column}, count);
  };
  forHeads(heads, pairs, lanes, [&](Value head, Value pair) {
    Value first = interleaved ? b.mul(pair, b.index(2)) : pair;
    Value second = b.add(first, b.index(interleaved ? 1 : pairs));
    Value x = load(head, first, lanes), y = load(head, second, lanes);
    Value c = b.loadRowF32(cos, {position, pair}, lanes);
    Value s = b.loadRowF32(sin, {position, pair}, lanes);
    store(head, first, b.sub(b.mul(x, c), b.mul(y, s)));
    store(head, second, b.add(b.mul(y, c), b.mul(x, s)));
  });
  if (!rest)
    return;
  int64_t together = std::gcd(std::gcd(rowLanes(rows, pairs), headDim), rest);
  forHeads(heads, rest, together, [&](Value head, Value element) {
    Value at = b.add(element, b.index(rotaryDim));
    store(head, at, load(head, at, together));
  });
}
