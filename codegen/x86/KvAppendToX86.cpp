/// kernel.kv_append: rows of keys and values into their pages.
///
/// What goes 16 or more apart goes one by one: a key's elements (one lane of
/// each line of its panel), and a value's where lines hold pairs of positions.
/// Rows are appended by several threads, and neighbouring positions share
/// lanes: so each is written by a store of its own, never by reading and writing
/// back. A value of f32 goes by whole vectors. Lanes beyond the head's width are
/// filled up with zeros, which attention multiplies but never stores. Bytes of
/// keys go four together, and a pass over the head's elements finds their scale
/// first.
#include "codegen/llvm/ByteScale.h"
#include "codegen/llvm/KernelShapes.h"
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
  /// The scale of a row's head, stored in line `line` of its panel of keys.
  ByteScale emitScale(Value rows, Value row, const Place &place, int64_t line);
  void emitKeyBytes(Value row, const Place &place);
  /// Sixteen numbers of a row's head as bytes; zero beyond its width.
  Value loadBytes(const ByteScale &scale, Value rows, Value row, Value head,
                  Value column, Value mask);
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
      if (layout.hasScales())
        emitKeyBytes(row, {page, head, offset});
      else
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

ByteScale KvAppendLowering::emitScale(Value rows, Value row, const Place &place,
                                      int64_t line) {
  Value start = b.mul(place.head, b.index(layout.headDim));
  auto most = b.columns(
      layout.headDim, {b.number(b.f32Lanes(), 0)},
      [&](Value column, Value mask, ValueRange carried) {
        Value x = b.loadF32(rows, {row, b.add(start, column)}, mask);
        return SmallVector<Value>{b.maxOf(carried[0], emitMagnitude(b, x))};
      });
  auto scale = ByteScale::of(b, b.maxLanes(most[0]));
  Value bytes = vector::BitCastOp::create(b, b.lanes(b.getI8Type(), 4),
                                          b.broadcast(scale.scale, 1));
  b.store(bytes, op.getKeyCache(),
          {place.page, place.head, b.floorDiv(place.offset, width),
           b.index(line), b.remainder(place.offset, width), b.index(0)});
  return scale;
}

Value KvAppendLowering::loadBytes(const ByteScale &scale, Value rows, Value row,
                                  Value head, Value column, Value mask) {
  Value start = b.mul(head, b.index(layout.headDim));
  Value numbers = b.loadF32(rows, {row, b.add(start, column)}, mask);
  return arith::TruncIOp::create(b, b.lanes(b.getI8Type()),
                                 scale.integers(b, numbers));
}

void KvAppendLowering::emitKeyBytes(Value row, const Place &place) {
  auto scale = emitScale(op.getKey(), row, place, layout.scaleLine());
  Value panel = b.floorDiv(place.offset, width);
  Value lane = b.remainder(place.offset, width);
  auto copy = [&](Value first, Value mask, int64_t count) {
    Value bytes = loadBytes(scale, op.getKey(), row, place.head, first, mask);
    for (int64_t i = 0; i < count; i += layout.pair) {
      Value four = vector::ShuffleOp::create(
          b, bytes, bytes, ArrayRef<int64_t>{i, i + 1, i + 2, i + 3});
      Value line = b.add(b.floorDiv(first, layout.pair),
                         b.index(i / layout.pair));
      b.store(four, op.getKeyCache(),
              {place.page, place.head, panel, line, lane, b.index(0)});
    }
  };
  int64_t rest = layout.headDim % width, whole = layout.headDim - rest;
  b.loop(b.index(0), b.index(whole), width,
         [&](Value first) { copy(first, {}, width); });
  if (rest)
    copy(b.index(whole), b.prefixMask(rest), rest);
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
  ByteScale scale;
  if (layout.hasScales())
    scale = emitScale(op.getValue(), row, place, layout.scaleLine() + 1);
  b.columns(layout.headDim, [&](Value column, Value mask) {
    Value elements =
        layout.hasScales()
            ? loadBytes(scale, op.getValue(), row, place.head, column, mask)
            : loadElements(op.getValue(), row, place.head, column, mask);
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
  for (Value rows : {op.getKey(), op.getValue()})
    if (failed(checkAppendedRows(op, rows, layout->heads, layout->headDim)))
      return failure();
  KvAppendLowering{op, *layout, VectorBuilder(op.getLoc(), op)}.run();
  return success();
}
