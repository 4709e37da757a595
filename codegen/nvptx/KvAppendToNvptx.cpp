/// kernel.kv_append: a block writes a row's keys and values to their places, a
/// thread what lies together: of keys a pair of elements, of values one. Lanes
/// beyond a head's width are written as zeros.
#include "codegen/llvm/KvCacheLayout.h"
#include "codegen/nvptx/KernelsToNvptx.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;

namespace {

struct KvAppendLowering {
  kernel::KvAppendOp op;
  KvCacheLayout layout;
  GpuBuilder b;
  Value page, offset; ///< Where the row's position lies.

  void run();
  void emitKeys(Value row);
  void emitValues(Value row);
};

} // namespace

void KvAppendLowering::run() {
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value row) {
    Value sequence = b.toIndex(b.loadScalar(op.getRowSequence(), {row}));
    Value position = b.toIndex(b.loadScalar(op.getPositions(), {row}));
    Value slot = b.floorDiv(position, layout.page);
    page = b.toIndex(b.loadScalar(op.getPageTable(), {sequence, slot}));
    offset = b.remainder(position, layout.page);
    emitKeys(row);
    emitValues(row);
  });
}

void KvAppendLowering::emitKeys(Value row) {
  Type element = cast<MemRefType>(op.getKeyCache().getType()).getElementType();
  int64_t pair = layout.pair, groups = layout.headDim / pair;
  // Heads are whole pairs, but rows may begin anywhere.
  int64_t lanes = nvptx::rowLanes(op.getKey(), pair);
  b.forThreads(layout.heads * groups, [&](Value number) {
    Value at = b.asIndex(number);
    Value head = b.floorDiv(at, groups), group = b.remainder(at, groups);
    for (int64_t first = 0; first < pair; first += lanes) {
      Value column = b.add(b.mul(at, b.index(pair)), b.index(first));
      Value key = b.fromF32(b.loadRowF32(op.getKey(), {row, column}, lanes),
                            element);
      SmallVector<Value> place = {page, head, b.floorDiv(offset, width), group,
                                  b.remainder(offset, width)};
      if (pair > 1)
        place.push_back(b.index(first));
      b.storeRow(key, op.getKeyCache(), place);
    }
  });
}

void KvAppendLowering::emitValues(Value row) {
  Type element =
      cast<MemRefType>(op.getValueCache().getType()).getElementType();
  int64_t columns = layout.vectors * width, headDim = layout.headDim;
  b.forThreads(layout.heads * columns, [&](Value number) {
    Value at = b.asIndex(number);
    Value head = b.floorDiv(at, columns), d = b.remainder(at, columns);
    Value inside = b.less(d, b.index(headDim));
    // What is beyond reads the last element and drops it.
    Value column = b.add(b.mul(head, b.index(headDim)),
                         b.minimum(d, b.index(headDim - 1)));
    Value value = b.toF32(b.loadScalar(op.getValue(), {row, column}));
    value = b.select(inside, value, b.number(b.getF32Type(), 0));
    SmallVector<Value> place = {page, head, b.floorDiv(d, width),
                                b.floorDiv(offset, layout.pair),
                                b.remainder(d, width)};
    if (layout.pair > 1)
      place.push_back(b.remainder(offset, layout.pair));
    b.storeScalar(b.fromF32(value, element), op.getValueCache(), place);
  });
}

LogicalResult nvptx::lowerKvAppend(kernel::KvAppendOp op) {
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
  KvAppendLowering{op, *layout, GpuBuilder(op), {}, {}}.run();
  return success();
}
