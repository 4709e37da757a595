/// Verifiers of the rt dialect.
#include "dialects/rt/RtOps.h"

using namespace mlir;
using namespace llmc::rt;

#define GET_OP_CLASSES
#include "dialects/rt/RtOps.cpp.inc"

LogicalResult ShapeOp::verify() {
  AffineMap map = getMap();
  if (map.getNumResults() != 1 || map.getNumInputs() != getOperands().size())
    return emitOpError("map must take ")
           << getOperands().size() << " operands and give one result";
  return success();
}

LogicalResult BufferOp::verify() {
  auto type = cast<MemRefType>(getResult().getType());
  if (type.getNumDynamicDims() != int64_t(getExtents().size()))
    return emitOpError("(1) has ") << getExtents().size() << " extents for "
                                   << type.getNumDynamicDims()
                                   << " dynamic dimensions";
  bool named = getSpace() == Space::Weight || getSpace() == Space::Input ||
               getSpace() == Space::Output;
  if (named && getName().empty())
    return emitOpError("(2) needs a name");
  return success();
}
