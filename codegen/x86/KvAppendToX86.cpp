/// kernel.kv_append: rows of keys and values into their pages.
///
/// What goes 16 or more apart goes one by one: a key's elements (one lane of
/// each line of its panel), and a value's where lines hold pairs of positions.
/// Rows are appended by several threads, and neighbouring positions share
/// lanes: so each is written by a store of its own, never by reading and writing
/// back. A value of f32 goes by whole vectors. Lanes beyond the head's width are
/// filled up with zeros, which attention multiplies but never stores.
#include "codegen/x86/KernelsToX86.h"
#include "codegen/x86/CachePanels.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;

namespace {

/// Where a row's position lies.
struct Place {
  Value page, head, offset;
};

struct KvAppendLowering {
  kernel::KvAppendOp op;
  KvCacheLayout layout;
  VectorBuilder b;

  void run();
  /// Copies a row's head to its place.
  void emitKey(Value row, const Place &place);
  void emitValue(Value row, const Place &place);
  /// Sixteen elements from `column` on of a row's head, zero beyond its width,
  /// in the cache's type.
  Value loadElements(Value rows, Value row, Value head, Value column,
                     Value mask);
};

} // namespace

void KvAppendLowering::run() {
  b.loop(op.getBegin(), op.getEnd(), 1, [&](Value row) {
    Value sequence = b.toIndex(b.loadScalar(op.getRowSequence(), {row}));
    Value position = b.toIndex(b.loadScalar(op.getPositions(), {row}));
    Value slot = b.floorDiv(position, layout.page);
    Value page =
        b.toIndex(b.loadScalar(op.getPageTable(), {sequence, slot}));
    Value offset = b.remainder(position, layout.page);
    b.loop(b.index(0), b.index(layout.heads), 1, [&](Value head) {
      emitKey(row, {page, head, offset});
      emitValue(row, {page, head, offset});
    });
  });
}

Value KvAppendLowering::loadElements(Value rows, Value row, Value head,
                                     Value column, Value mask) {
  Type element = cast<MemRefType>(op.getKeyCache().getType()).getElementType();
  Value start = b.mul(head, b.index(layout.headDim));
  return b.narrow(b.loadF32(rows, {row, b.add(start, column)}, mask), element);
}

void KvAppendLowering::emitKey(Value row, const Place &place) {
  Value panel = b.floorDiv(place.offset, width);
  Value lane = b.remainder(place.offset, width);
  SmallVector<Value> at = {place.page, place.head, panel, {}, lane};
  if (layout.pair > 1)
    at.push_back({});
  auto copy = [&](Value first, Value mask, int64_t count) {
    Value elements =
        loadElements(op.getKey(), row, place.head, first, mask);
    for (int64_t i = 0; i < count; ++i) {
      at[3] = b.add(b.floorDiv(first, layout.pair), b.index(i / layout.pair));
      if (layout.pair > 1)
        at[5] = b.index(i % layout.pair);
      b.storeScalar(vector::ExtractOp::create(b, elements, i),
                    op.getKeyCache(), at);
    }
  };
  int64_t rest = layout.headDim % width, whole = layout.headDim - rest;
  b.loop(b.index(0), b.index(whole), width,
         [&](Value first) { copy(first, {}, width); });
  if (rest)
    copy(b.index(whole), b.prefixMask(rest), rest);
}

void KvAppendLowering::emitValue(Value row, const Place &place) {
  b.columns(layout.headDim, [&](Value column, Value mask) {
    Value elements =
        loadElements(op.getValue(), row, place.head, column, mask);
    Value vector = b.floorDiv(column, width);
    Value line = b.floorDiv(place.offset, layout.pair);
    if (layout.pair == 1) {
      b.store(elements, op.getValueCache(),
              {place.page, place.head, vector, line, b.index(0)});
      return;
    }
    Value half = b.remainder(place.offset, layout.pair);
    for (int64_t i = 0; i < width; ++i)
      b.storeScalar(vector::ExtractOp::create(b, elements, i),
                    op.getValueCache(),
                    {place.page, place.head, vector, line, b.index(i), half});
  });
}

LogicalResult llmc::codegen::lowerKvAppend(kernel::KvAppendOp op) {
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
  KvAppendLowering{op, *layout, VectorBuilder(op.getLoc(), op)}.run();
  return success();
}
