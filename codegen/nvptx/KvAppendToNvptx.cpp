/// kernel.kv_append and kernel.rope_append: a block writes a row's keys and values to
/// their places, a thread what lies together: of keys a pair of elements (each by
/// itself where they are rotated), of values one. Lanes beyond a head's width are
/// written as zeros.
#include "codegen/llvm/KvCacheLayout.h"
#include "codegen/nvptx/KernelsToNvptx.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;

namespace {

/// Rows of keys and values to where their positions lie.
struct AppendLowering {
  KvCacheLayout layout;
  GpuBuilder b;
  Value keys, values, rowSequence, positions, pageTable, keyCache, valueCache;
  Value begin, end;
  Value position, page, offset; ///< Of the row being done.

  template <typename OpTy>
  AppendLowering(OpTy op, const KvCacheLayout &layout)
      : layout(layout), b(op), keys(op.getKey()), values(op.getValue()),
        rowSequence(op.getRowSequence()), positions(op.getPositions()),
        pageTable(op.getPageTable()), keyCache(op.getKeyCache()),
        valueCache(op.getValueCache()), begin(op.getBegin()), end(op.getEnd()) {}

  void forRows(llvm::function_ref<void(Value row)> body);
  void emitKeys(Value row);
  void emitRotatedKeys(Value row, kernel::RopeAppendOp op);
  void emitValues(Value row);
  /// One element of a head's key; `key` is f32.
  void storeKey(Value key, Value head, Value d);
};

} // namespace

void AppendLowering::forRows(llvm::function_ref<void(Value)> body) {
  b.forTiles(begin, end, [&](Value row) {
    Value sequence = b.toIndex(b.loadScalar(rowSequence, {row}));
    position = b.toIndex(b.loadScalar(positions, {row}));
    Value slot = b.floorDiv(position, layout.page);
    page = b.toIndex(b.loadScalar(pageTable, {sequence, slot}));
    offset = b.remainder(position, layout.page);
    body(row);
  });
}

void AppendLowering::emitKeys(Value row) {
  Type element = cast<MemRefType>(keyCache.getType()).getElementType();
  int64_t pair = layout.pair, groups = layout.headDim / pair;
  // Heads are whole pairs, but rows may begin anywhere.
  int64_t lanes = nvptx::rowLanes(keys, pair);
  b.forThreads(layout.heads * groups, [&](Value number) {
    Value at = b.asIndex(number);
    Value head = b.floorDiv(at, groups), group = b.remainder(at, groups);
    for (int64_t first = 0; first < pair; first += lanes) {
      Value column = b.add(b.mul(at, b.index(pair)), b.index(first));
      Value key = b.fromF32(b.loadRowF32(keys, {row, column}, lanes), element);
      SmallVector<Value> place = {page, head, b.floorDiv(offset, width), group,
                                  b.remainder(offset, width)};
      if (pair > 1)
        place.push_back(b.index(first));
      b.storeRow(key, keyCache, place);
    }
  });
}

void AppendLowering::storeKey(Value key, Value head, Value d) {
  Type element = cast<MemRefType>(keyCache.getType()).getElementType();
  SmallVector<Value> place = {page, head, b.floorDiv(offset, width),
                              b.floorDiv(d, layout.pair),
                              b.remainder(offset, width)};
  if (layout.pair > 1)
    place.push_back(b.remainder(d, layout.pair));
  b.storeScalar(b.fromF32(key, element), keyCache, place);
}

/// A thread rotates a pair as kernel.rope does, each product rounded.
void AppendLowering::emitRotatedKeys(Value row, kernel::RopeAppendOp op) {
  int64_t pairs = op.getRotaryDim() / 2, headDim = layout.headDim;
  auto load = [&](Value head, Value d) {
    Value column = b.add(b.mul(head, b.index(headDim)), d);
    return b.toF32(b.loadScalar(keys, {row, column}));
  };
  b.forThreads(layout.heads * pairs, [&](Value number) {
    Value at = b.asIndex(number);
    Value head = b.floorDiv(at, pairs), pair = b.remainder(at, pairs);
    Value first = op.getInterleaved() ? b.mul(pair, b.index(2)) : pair;
    Value second =
        b.add(first, b.index(op.getInterleaved() ? 1 : pairs));
    Value x = load(head, first), y = load(head, second);
    Value c = b.toF32(b.loadScalar(op.getCos(), {position, pair}));
    Value s = b.toF32(b.loadScalar(op.getSin(), {position, pair}));
    storeKey(b.sub(b.mul(x, c), b.mul(y, s)), head, first);
    storeKey(b.add(b.mul(y, c), b.mul(x, s)), head, second);
  });
  int64_t rest = headDim - 2 * pairs;
  if (rest == 0)
    return;
  b.forThreads(layout.heads * rest, [&](Value number) {
    Value at = b.asIndex(number);
    Value head = b.floorDiv(at, rest);
    Value d = b.add(b.remainder(at, rest), b.index(2 * pairs));
    storeKey(load(head, d), head, d);
  });
}

void AppendLowering::emitValues(Value row) {
  Type element = cast<MemRefType>(valueCache.getType()).getElementType();
  int64_t columns = layout.vectors * width, headDim = layout.headDim;
  b.forThreads(layout.heads * columns, [&](Value number) {
    Value at = b.asIndex(number);
    Value head = b.floorDiv(at, columns), d = b.remainder(at, columns);
    Value inside = b.less(d, b.index(headDim));
    // What is beyond reads the last element and drops it.
    Value column = b.add(b.mul(head, b.index(headDim)),
                         b.minimum(d, b.index(headDim - 1)));
    Value value = b.toF32(b.loadScalar(values, {row, column}));
    value = b.select(inside, value, b.number(b.getF32Type(), 0));
    SmallVector<Value> place = {page, head, b.floorDiv(d, width),
                                b.floorDiv(offset, layout.pair),
                                b.remainder(d, width)};
    if (layout.pair > 1)
      place.push_back(b.remainder(offset, layout.pair));
    b.storeScalar(b.fromF32(value, element), valueCache, place);
  });
}

/// The cache's layout, where keys and values have rows of its heads.
template <typename OpTy>
static FailureOr<KvCacheLayout> layoutOf(OpTy op) {
  auto layout = KvCacheLayout::of(op, op.getKeyCache(), op.getValueCache(),
                                  op.getHeadDim(), op.getPage());
  if (failed(layout))
    return failure();
  for (Value operand : {op.getKey(), op.getValue()}) {
    auto type = cast<MemRefType>(operand.getType());
    if (type.getRank() != 2 ||
        type.getDimSize(1) != layout->heads * layout->headDim)
      return op.emitOpError("needs rows of KV * head_dim columns, not ")
             << type;
  }
  return layout;
}

LogicalResult nvptx::lowerKvAppend(kernel::KvAppendOp op) {
  auto layout = layoutOf(op);
  if (failed(layout))
    return failure();
  AppendLowering lowering(op, *layout);
  lowering.forRows([&](Value row) {
    lowering.emitKeys(row);
    lowering.emitValues(row);
  });
  return success();
}

LogicalResult nvptx::lowerRopeAppend(kernel::RopeAppendOp op) {
  auto layout = layoutOf(op);
  if (failed(layout))
    return failure();
  // Queries are rotated as everywhere, by the block that does the row's keys.
  OpBuilder builder(op);
  auto rope = kernel::RopeOp::create(
      builder, op.getLoc(), op.getQuery(), op.getPositions(), op.getCos(),
      op.getSin(), op.getOutput(), op.getBegin(), op.getEnd(), op.getHeads(),
      op.getHeadDim(), op.getRotaryDim(), op.getInterleaved());
  LogicalResult result = lowerRope(rope);
  rope->erase();
  if (failed(result))
    return failure();
  AppendLowering lowering(op, *layout);
  lowering.forRows([&](Value row) {
    lowering.emitRotatedKeys(row, op);
    lowering.emitValues(row);
  });
  return success();
}
