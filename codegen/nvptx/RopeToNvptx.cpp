/// kernel.rope: a block rotates a row. Input and output may be the same memory.
#include "codegen/nvptx/Rotation.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

LogicalResult nvptx::lowerRope(kernel::RopeOp op) {
  GpuBuilder b(op);
  Rotation rotation = Rotation::of(b, op);
  if (failed(rotation.check(op, {op.getInput(), op.getOutput()}, op.getHeads())))
    return failure();
  Type element = cast<MemRefType>(op.getOutput().getType()).getElementType();
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value row) {
    Value position = b.toIndex(b.loadScalar(op.getPositions(), {row}));
    rotation.emit(op.getInput(), op.getOutput(), op.getHeads(), row, position,
                  [&](Value head, Value at, Value numbers) {
                    Value column = b.add(
                        b.mul(head, b.index(op.getHeadDim())), at);
                    b.storeRow(b.narrow(numbers, element), op.getOutput(),
                               {row, column});
                  });
  });
  return success();
}
