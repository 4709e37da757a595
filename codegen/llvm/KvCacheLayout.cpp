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
      !(element.isF32() || element.isBF16() || element.isF16()))
    return op->emitOpError("needs both caches of f32, of bf16 or of f16");
  int64_t pair = element.isF32() ? 1 : 2;
  if (page <= 0 || page % width)
    return op->emitOpError("needs pages of a multiple of 16 positions");
  if (headDim <= 0 || headDim % pair)
    return op->emitOpError("needs heads of a positive width, even in pairs");
  int64_t rank = pair > 1 ? 6 : 5;
  if (key.getRank() != rank || value.getRank() != rank)
    return op->emitOpError("needs caches of rank ") << rank;
  int64_t heads = key.getDimSize(1), vectors = llvm::divideCeil(headDim, width);
  SmallVector<int64_t> keyShape = {heads, page / width, headDim / pair, width};
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
  return KvCacheLayout{heads, headDim, page, vectors, pair};
}
