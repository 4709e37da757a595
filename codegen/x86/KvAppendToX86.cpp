/// kernel.kv_append: rows of keys and values into their pages.
///
/// A key's elements go 16 apart (one lane of each line of its panel), one by
/// one; a value's go by whole vectors, the last filled up with zeros, which
/// attention multiplies but never stores.
#include "codegen/x86/KernelsToX86.h"
#include "codegen/x86/KvCacheLayout.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

FailureOr<KvCacheLayout> KvCacheLayout::of(Operation *op, Value keys,
                                           Value values, int64_t headDim,
                                           int64_t page) {
  constexpr int64_t width = VectorBuilder::width;
  auto key = cast<MemRefType>(keys.getType());
  auto value = cast<MemRefType>(values.getType());
  if (page <= 0 || page % width)
    return op->emitOpError("needs pages of a multiple of 16 positions");
  if (headDim <= 0 || key.getRank() != 5 || value.getRank() != 5)
    return op->emitOpError("needs caches of rank 5");
  int64_t heads = key.getDimSize(1), vectors = llvm::divideCeil(headDim, width);
  SmallVector<int64_t> keyShape = {heads, page / width, headDim, width};
  SmallVector<int64_t> valueShape = {heads, vectors, page, width};
  if (heads <= 0 || key.getShape().drop_front() != ArrayRef(keyShape) ||
      value.getShape().drop_front() != ArrayRef(valueShape))
    return op->emitOpError("has caches ")
           << key << " and " << value
           << " whose shapes do not fit head_dim and page";
  if (key.getElementType() != value.getElementType() ||
      !isa<FloatType>(key.getElementType()))
    return op->emitOpError("needs both caches of one float type");
  return KvCacheLayout{heads, headDim, page, vectors};
}

namespace {

struct KvAppendLowering {
  kernel::KvAppendOp op;
  KvCacheLayout layout;
  VectorBuilder b;

  void run();
  /// Copies head `head` of a row; `page` and `offset` are the position's place.
  void emitKey(Value row, Value head, Value page, Value offset);
  void emitValue(Value row, Value head, Value page, Value offset);
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
      emitKey(row, head, page, offset);
      emitValue(row, head, page, offset);
    });
  });
}

void KvAppendLowering::emitKey(Value row, Value head, Value page,
                               Value offset) {
  constexpr int64_t width = VectorBuilder::width;
  Type element = cast<MemRefType>(op.getKeyCache().getType()).getElementType();
  Value panel = b.floorDiv(offset, width), lane = b.remainder(offset, width);
  Value start = b.mul(head, b.index(layout.headDim));
  b.loop(b.index(0), b.index(layout.headDim), 1, [&](Value d) {
    Value value = b.toF32(b.loadScalar(op.getKey(), {row, b.add(start, d)}));
    b.storeScalar(b.fromF32(value, element), op.getKeyCache(),
                  {page, head, panel, d, lane});
  });
}

void KvAppendLowering::emitValue(Value row, Value head, Value page,
                                 Value offset) {
  constexpr int64_t width = VectorBuilder::width;
  Type element =
      cast<MemRefType>(op.getValueCache().getType()).getElementType();
  Value start = b.mul(head, b.index(layout.headDim));
  b.columns(layout.headDim, [&](Value column, Value mask) {
    Value value = b.loadF32(op.getValue(), {row, b.add(start, column)}, mask);
    b.store(b.fromF32(value, element), op.getValueCache(),
            {page, head, b.floorDiv(column, width), offset, b.index(0)});
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
