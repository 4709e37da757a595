/// kernel.embedding and kernel.take_rows: rows copied from one table to
/// another, converted where the element types differ.
#include "codegen/x86/KernelsToX86.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

/// output[t, :] = table[indices[t], :] for t in [begin, end).
static LogicalResult lowerGather(Operation *op, Value table, Value indices,
                                 Value output, Value begin, Value end) {
  auto from = cast<MemRefType>(table.getType());
  auto to = cast<MemRefType>(output.getType());
  if (from.getRank() != 2 || to.getRank() != 2 || to.isDynamicDim(1) ||
      from.getDimSize(1) != to.getDimSize(1))
    return op->emitOpError("copies between rows of one static length, not ")
           << from << " and " << to;
  Type source = from.getElementType(), target = to.getElementType();
  if (source != target && !(isa<FloatType>(source) && isa<FloatType>(target)))
    return op->emitOpError("cannot convert ") << source << " to " << target;
  VectorBuilder b(op->getLoc(), op);
  b.loop(begin, end, 1, [&](Value t) {
    Value row = b.toIndex(b.loadScalar(indices, {t}));
    b.columns(to.getDimSize(1), [&](Value column, Value mask) {
      Value value = b.load(table, {row, column}, mask);
      if (source != target)
        value = b.fromF32(b.toF32(value), target);
      b.store(value, output, {t, column}, mask);
    });
  });
  return success();
}

LogicalResult llmc::codegen::lowerEmbedding(kernel::EmbeddingOp op) {
  return lowerGather(op, op.getTable(), op.getTokens(), op.getOutput(),
                     op.getBegin(), op.getEnd());
}

LogicalResult llmc::codegen::lowerTakeRows(kernel::TakeRowsOp op) {
  return lowerGather(op, op.getInput(), op.getRows(), op.getOutput(),
                     op.getBegin(), op.getEnd());
}
