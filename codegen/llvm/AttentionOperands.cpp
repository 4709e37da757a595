#include "codegen/llvm/AttentionOperands.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

FailureOr<KvCacheLayout>
llmc::codegen::attentionLayout(Operation *op, const AttentionOperands &operands,
                               int64_t headDim, int64_t page) {
  auto layout = KvCacheLayout::of(op, operands.keyCache, operands.valueCache,
                                  headDim, page);
  if (failed(layout))
    return failure();
  if (operands.heads <= 0 || operands.heads % layout->heads)
    return op->emitOpError("has ") << operands.heads << " heads for "
                                   << layout->heads << " cache heads";
  if (failed(checkHeadRows(op, operands.query, operands.heads * headDim)))
    return failure();
  return layout;
}

LogicalResult llmc::codegen::checkHeadRows(Operation *op, Value rows,
                                           int64_t columns) {
  auto type = cast<MemRefType>(rows.getType());
  if (type.getRank() == 2 && type.getDimSize(1) == columns &&
      isa<FloatType>(type.getElementType()))
    return success();
  return op->emitOpError("needs rows of heads * head_dim floats, not ") << type;
}

LogicalResult llmc::codegen::checkPieces(Operation *op, Value maxima,
                                         Value sums, Value partials,
                                         int64_t heads, int64_t headDim) {
  int64_t slots = cast<MemRefType>(maxima.getType()).getDimSize(0);
  for (Value pieces : {maxima, sums, partials}) {
    auto type = cast<MemRefType>(pieces.getType());
    int64_t columns = pieces == partials ? heads * headDim : heads;
    if (type.getRank() != 3 || type.isDynamicDim(0) ||
        type.getDimSize(0) != slots || slots < 1 ||
        type.getDimSize(2) != columns || !type.getElementType().isF32())
      return op->emitOpError("needs [slots, T, ")
             << columns << "] f32 for its pieces, not " << type;
  }
  return success();
}
