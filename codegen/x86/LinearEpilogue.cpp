#include "codegen/x86/LinearEpilogue.h"

#include "codegen/llvm/VectorRegion.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

LogicalResult LinearEpilogue::emit(Value row, int64_t rows, Value panel,
                                   ArrayRef<SmallVector<Value>> sums) {
  auto all = [&](Value mask) {
    for (int64_t r = 0; r < rows; ++r)
      if (failed(emitVector(r ? b.add(row, b.index(r)) : row, panel, sums[r],
                            mask)))
        return failure();
    return success();
  };
  int64_t tail = columns % VectorBuilder::width;
  if (!tail)
    return all({});
  Value mask = b.prefixMask(tail);
  if (panels() == 1)
    return all(mask);
  Value last =
      b.compare(arith::CmpIPredicate::eq, panel, b.index(panels() - 1));
  auto branch = scf::IfOp::create(b, last, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&branch.getThenRegion().front());
  if (failed(all(mask)))
    return failure();
  b.setInsertionPointToStart(&branch.getElseRegion().front());
  return all({});
}

LogicalResult LinearEpilogue::emitVector(Value row, Value panel,
                                         ArrayRef<Value> sums, Value mask) {
  Value column = b.mul(panel, b.index(VectorBuilder::width));
  SmallVector<Value> arguments(sums);
  for (Value extra : op.getExtras()) {
    bool perRow = cast<MemRefType>(extra.getType()).getRank() == 2;
    arguments.push_back(perRow ? b.load(extra, {row, column}, mask)
                               : b.load(extra, {column}, mask));
  }
  auto results = cloneOntoVectors(b, op.getEpilogue().front(), arguments);
  if (failed(results))
    return failure();
  for (auto [value, output] : llvm::zip_equal(*results, op.getOutputs()))
    b.store(value, output, {row, column}, mask);
  return success();
}

Value llmc::codegen::emitScaledBytes(VectorBuilder &b, kernel::LinearOp op,
                                     const PanelWeights &weights, Value row,
                                     Value stream, Value sums) {
  Value bits = b.loadScalar(op.getTerms(), {row, b.index(0)});
  Value scale = b.broadcast(b.bitcast(bits, b.getF32Type()));
  Value numbers = arith::SIToFPOp::create(b, b.f32Lanes(), sums);
  return b.mul(b.mul(numbers, weights.columnScales(b, stream)), scale);
}
