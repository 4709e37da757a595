/// kernel.map: a region of scalar ops over rows, sixteen elements at a time.
#include "codegen/llvm/KernelShapes.h"
#include "codegen/llvm/VectorRegion.h"
#include "codegen/x86/KernelsToX86.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

/// The vector of an input at (row, column): of its row, of the one row that it
/// has, or its one element in all lanes.
static Value readInput(VectorBuilder &b, Value input, int64_t length, Value row,
                       Value column, Value mask) {
  auto type = cast<MemRefType>(input.getType());
  if (type.getRank() == 2 && type.getDimSize(1) == length)
    return b.load(input, {row, column}, mask);
  if (type.getRank() == 1 && type.getDimSize(0) == length)
    return b.load(input, {column}, mask);
  SmallVector<Value> at(type.getRank(), b.index(0));
  return b.broadcast(b.loadScalar(input, at));
}

LogicalResult llmc::codegen::lowerMap(kernel::MapOp op) {
  FailureOr<int64_t> checked = mapLength(op);
  if (failed(checked))
    return failure();
  int64_t length = *checked;
  VectorBuilder b(op.getLoc(), op);
  LogicalResult result = success();
  b.loop(op.getBegin(), op.getEnd(), 1, [&](Value row) {
    b.columns(length, [&](Value column, Value mask) {
      SmallVector<Value> arguments;
      for (Value input : op.getInputs())
        arguments.push_back(readInput(b, input, length, row, column, mask));
      auto values = cloneOntoVectors(b, op.getBody().front(), arguments);
      if (failed(values)) {
        result = failure();
        return;
      }
      for (auto [value, output] : llvm::zip_equal(*values, op.getOutputs()))
        b.store(value, output, {row, column}, mask);
    });
  });
  return result;
}
