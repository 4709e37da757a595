/// kernel.map: a region of scalar ops over rows; a thread does up to 16 bytes of
/// a row at once.
#include "codegen/llvm/KernelShapes.h"
#include "codegen/llvm/VectorRegion.h"
#include "codegen/nvptx/KernelsToNvptx.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

/// The elements of an input at (row, column): of its row, of the one row that it
/// has, or its one element in all lanes.
static Value readInput(GpuBuilder &b, Value input, int64_t length, Value row,
                       Value column, int64_t lanes) {
  auto type = cast<MemRefType>(input.getType());
  if (type.getRank() == 2 && type.getDimSize(1) == length)
    return b.loadRow(input, {row, column}, lanes);
  if (type.getRank() == 1 && type.getDimSize(0) == length)
    return b.loadRow(input, {column}, lanes);
  SmallVector<Value> at(type.getRank(), b.index(0));
  return b.broadcast(b.loadScalar(input, at), lanes);
}

LogicalResult nvptx::lowerMap(kernel::MapOp op) {
  FailureOr<int64_t> checked = mapLength(op);
  if (failed(checked))
    return failure();
  int64_t length = *checked;
  GpuBuilder b(op);
  int64_t lanes = rowLanes(op.getOperands(), length);
  LogicalResult result = success();
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value row) {
    forColumns(b, length, lanes, [&](Value column) {
      SmallVector<Value> arguments;
      for (Value input : op.getInputs())
        arguments.push_back(readInput(b, input, length, row, column, lanes));
      auto values =
          cloneOntoVectors(b, op.getBody().front(), arguments, lanes);
      if (failed(values)) {
        result = failure();
        return;
      }
      for (auto [value, output] : llvm::zip_equal(*values, op.getOutputs()))
        b.storeRow(value, output, {row, column});
    });
  });
  return result;
}
