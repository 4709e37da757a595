/// kernel.map: a region of scalar ops over rows; a thread does up to 16 bytes of
/// a row at once.
#include "codegen/llvm/VectorRegion.h"
#include "codegen/nvptx/KernelsToNvptx.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static LogicalResult check(kernel::MapOp op, int64_t &length) {
  if (op.getOutputs().empty())
    return op.emitOpError("has no output");
  auto first = cast<MemRefType>(op.getOutputs().front().getType());
  length = first.getRank() == 2 ? first.getDimSize(1) : 0;
  if (length <= 0)
    return op.emitOpError("needs outputs [T, D] with a static D, not ") << first;
  for (Value operand : op.getOperands()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (type && type.getElementType().isInteger(1))
      return op.emitOpError("cannot read or write bits in memory: ") << type;
  }
  for (Value output : op.getOutputs()) {
    auto type = cast<MemRefType>(output.getType());
    if (type.getRank() != 2 || type.getDimSize(1) != length)
      return op.emitOpError("has outputs of several shapes: ") << type;
  }
  for (Value input : op.getInputs()) {
    auto type = cast<MemRefType>(input.getType());
    bool single = type.hasStaticShape() && type.getNumElements() == 1;
    if (!single && (type.getRank() < 1 || type.getRank() > 2 ||
                    type.getShape().back() != length))
      return op.emitOpError("needs inputs [T, D], [D] or of one element, not ")
             << type;
  }
  return success();
}

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
  int64_t length;
  if (failed(check(op, length)))
    return failure();
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
