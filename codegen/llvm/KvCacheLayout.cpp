#include "codegen/llvm/KvCacheLayout.h"

using namespace mlir;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;

FailureOr<KvCacheLayout> KvCacheLayout::of(Operation *op, Value keys,
                                           Value values, int64_t headDim,
                                           int64_t page) {
  auto key = cast<MemRefType>(keys.getType());
  auto value = cast<MemRefType>(values.getType());
  Type element = key.getElementType();
  if (element != value.getElementType() ||
      !(element.isF32() || element.isBF16() || element.isF16() ||
        element.isInteger(8)))
    return op->emitOpError("needs both caches of f32, of bf16, of f16 or of i8");
  int64_t pair = 32 / element.getIntOrFloatBitWidth();
  if (page <= 0 || page % width)
    return op->emitOpError("needs pages of a multiple of 16 positions");
  if (headDim <= 0 || headDim % pair)
    return op->emitOpError("needs heads of a positive width, a multiple of ")
           << pair;
  int64_t rank = pair > 1 ? 6 : 5;
  if (key.getRank() != rank || value.getRank() != rank)
    return op->emitOpError("needs caches of rank ") << rank;
  int64_t heads = key.getDimSize(1), vectors = llvm::divideCeil(headDim, width);
  Type factor = element.isInteger(8) ? BFloat16Type::get(op->getContext()) : element;
  KvCacheLayout layout{heads, headDim, page, vectors, pair, factor};
  SmallVector<int64_t> keyShape = {heads, page / width, layout.keyLines(), width};
  SmallVector<int64_t> valueShape = {heads, vectors, page / pair, width};
  if (pair > 1) {
    keyShape.push_back(pair);
    valueShape.push_back(pair);
  }
  if (heads <= 0 || key.getShape().drop_front() != ArrayRef(keyShape) ||
      value.getShape().drop_front() != ArrayRef(valueShape))
    return op->emitOpError("has caches ")
           << key << " and " << value
           << " whose shapes do not fit head_dim and page";
  return layout;
}
