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

/// Neighbouring pairs.
void Rotation::rotate(Load load, Value position, Value head, Value pair,
                      int64_t lanes, Store store) const {
  Value first = interleaved ? b.mul(pair, b.index(2)) : pair;
  Value second = b.add(first, b.index(interleaved ? 1 : rotaryDim / 2));
  Value x = load(head, first, lanes), y = load(head, second, lanes);
  Value c = b.loadRowF32(cos, {position, pair}, lanes);
  Value s = b.loadRowF32(sin, {position, pair}, lanes);
  store(head, first, b.sub(b.mul(x, c), b.mul(y, s)));
  store(head, second, b.add(b.mul(y, c), b.mul(x, s)));
}

/// Elements that one access takes, of pairs and of the rest.
static std::pair<int64_t, int64_t> lanesOf(ValueRange rows, int64_t pairs,
                                           int64_t headDim, bool interleaved) {
  // Heads begin at multiples of head_dim, their second halves at `pairs`.
  int64_t lanes = std::gcd(nvptx::rowLanes(rows, pairs), headDim);
  return {interleaved ? 1 : lanes, std::gcd(lanes, headDim - 2 * pairs)};
}

void Rotation::emit(Value input, ValueRange others, int64_t heads, Value row,
                    Value position, Store store) const {
  int64_t pairs = rotaryDim / 2, rest = headDim - rotaryDim;
  SmallVector<Value> rows = {input, cos, sin};
  llvm::append_range(rows, others);
  auto load = [&](Value head, Value element, int64_t count) {
    Value column = b.add(b.mul(head, b.index(headDim)), element);
    return b.loadRowF32(input, {row, column}, count);
  };
  auto [lanes, together] = lanesOf(rows, pairs, headDim, interleaved);
  forHeads(heads, pairs, lanes, [&, lanes = lanes](Value head, Value pair) {
    rotate(load, position, head, pair, lanes, store);
  });
  if (!rest)
    return;
  forHeads(heads, rest, together,
           [&, together = together](Value head, Value element) {
             Value at = b.add(element, b.index(rotaryDim));
             store(head, at, load(head, at, together));
           });
}

Value Rotation::walk(ValueRange rows, Load load, Value head, Value position,
                     Value carried, Visit visit) const {
  int64_t pairs = rotaryDim / 2, rest = headDim - rotaryDim;
  SmallVector<Value> all(rows);
  all.append({cos, sin});
  auto [lanes, together] = lanesOf(all, pairs, headDim, interleaved);
  auto eachChunk = [&](int64_t count, int64_t lanes,
                       llvm::function_ref<void(Value, Value &)> body) {
    carried = b.loopBy(b.lane(), b.i32(count / lanes), b.i32(warpThreads),
                       carried, [&](Value chunk, ValueRange before) {
                         Value next = before[0];
                         body(b.mul(b.asIndex(chunk), b.index(lanes)), next);
                         return SmallVector<Value>{next};
                       })[0];
  };
  eachChunk(pairs, lanes, [&, lanes = lanes](Value pair, Value &next) {
    rotate(load, position, head, pair, lanes,
           [&](Value, Value element, Value numbers) {
             next = visit(element, numbers, next);
           });
  });
  if (rest)
    eachChunk(rest, together, [&, together = together](Value element, Value &next) {
      Value at = b.add(element, b.index(rotaryDim));
      next = visit(at, load(head, at, together), next);
    });
  return carried;
}
