/// kernel.kv_append: a block does a row.
#include "codegen/nvptx/AppendPlace.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

LogicalResult nvptx::lowerKvAppend(kernel::KvAppendOp op) {
  GpuBuilder b(op);
  auto place = AppendPlace::of(b, op);
  if (failed(place))
    return failure();
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value row) {
    Value position = b.toIndex(b.loadScalar(op.getPositions(), {row}));
    place->enter(op, row, position);
    if (place->layout.hasScales()) {
      place->appendKeyBytes(
          [&](Value head, Value carried, Rotation::Visit visit) {
            return place->walkRow(op.getKey(), row, head, carried, visit);
          });
      place->appendValueBytes(op.getValue(), row);
      return;
    }
    place->copyKeys(op.getKey(), row);
    place->copyValues(op.getValue(), row);
  });
  return success();
}
