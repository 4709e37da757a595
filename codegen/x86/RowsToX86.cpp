/// kernel.embedding and kernel.take_rows: rows copied from one table to
/// another, converted where the element types differ. Of a table in panels the
/// columns are copied: a row's elements lie a line apart, one by one.
#include "codegen/llvm/KernelShapes.h"
#include "codegen/x86/KernelsToX86.h"
#include "codegen/x86/PanelWeights.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

/// output[t, :] = table[indices[t], :] for t in [begin, end).
static LogicalResult lowerGather(Operation *op, Value table, Value indices,
                                 Value output, Value begin, Value end) {
  auto from = cast<MemRefType>(table.getType());
  auto to = cast<MemRefType>(output.getType());
  if (failed(checkRowCopy(op, table, output)))
    return failure();
  Type source = from.getElementType(), target = to.getElementType();
  VectorBuilder b(op->getLoc(), op);
  b.loop(begin, end, 1, [&](Value t) {
    Value row = b.toIndex(b.loadScalar(indices, {t}));
    b.columns(to.getDimSize(1), [&](Value column, Value mask) {
      Value value = b.load(table, {row, column}, mask);
      if (source != target)
        value = b.narrow(b.toF32(value), target);
      b.store(value, output, {t, column}, mask);
    });
  });
  return success();
}

/// output[t, :] = weight[:, tokens[t]] for a weight in panels.
static LogicalResult lowerColumns(kernel::EmbeddingOp op) {
  int64_t length = extent(op.getOutput(), 1);
  auto table = cast<MemRefType>(op.getTable().getType());
  auto weights = PanelWeights::of(op, op.getTable(), op.getScheme(), length,
                                  table.getDimSize(0));
  if (failed(weights))
    return failure();
  Type target = cast<MemRefType>(op.getOutput().getType()).getElementType();
  VectorBuilder b(op->getLoc(), op);
  b.loop(op.getBegin(), op.getEnd(), 1, [&](Value t) {
    Value token = b.toIndex(b.loadScalar(op.getTokens(), {t}));
    Value panel = b.floorDiv(token, VectorBuilder::width);
    Value lane = b.sub(token, b.mul(panel, b.index(VectorBuilder::width)));
    auto copy = [&](Value group, int64_t count) {
      for (int64_t j = 0; j < count; ++j) {
        Value k = j ? b.add(group, b.index(j)) : group;
        Value element = weights->element(b, panel, group, j, lane);
        b.storeScalar(b.narrow(element, target), op.getOutput(), {t, k});
      }
    };
    // Whole lines at a time.
    int64_t step = weights->step(), whole = length / step * step;
    b.loop(b.index(0), b.index(whole), step,
           [&](Value group) { copy(group, step); });
    if (whole != length)
      copy(b.index(whole), length - whole);
  });
  return success();
}

LogicalResult llmc::codegen::lowerEmbedding(kernel::EmbeddingOp op) {
  if (op.getPanels())
    return lowerColumns(op);
  return lowerGather(op, op.getTable(), op.getTokens(), op.getOutput(),
                     op.getBegin(), op.getEnd());
}

LogicalResult llmc::codegen::lowerTakeRows(kernel::TakeRowsOp op) {
  return lowerGather(op, op.getInput(), op.getRows(), op.getOutput(),
                     op.getBegin(), op.getEnd());
}
