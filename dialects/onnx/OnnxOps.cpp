/// Verifiers of the onnx dialect. Each error repeats the number of the
/// constraint in the op's description.
#include "dialects/onnx/OnnxOps.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace llmc::onnx;

/// Constraints (1) and (2) of the binary ops. Extents are compared where all
/// three are known.
static LogicalResult verifyBinary(Operation *op) {
  auto left = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  auto right = dyn_cast<RankedTensorType>(op->getOperand(1).getType());
  auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!left || !right || !result)
    return success();
  if (!isa<PowOp>(op) && left.getElementType() != right.getElementType())
    return op->emitOpError("(1) takes ")
           << left.getElementType() << " and " << right.getElementType();
  bool fits = result.getRank() == std::max(left.getRank(), right.getRank());
  for (int64_t i = 1; fits && i <= result.getRank(); ++i) {
    auto extent = [&](RankedTensorType type) {
      return i > type.getRank() ? 1 : type.getDimSize(type.getRank() - i);
    };
    int64_t l = extent(left), r = extent(right), to = extent(result);
    if (ShapedType::isDynamic(l) || ShapedType::isDynamic(r) ||
        ShapedType::isDynamic(to))
      continue;
    fits = (l == r || l == 1 || r == 1) && to == (l == 1 ? r : l);
  }
  if (!fits)
    return op->emitOpError("(2) ") << left << " and " << right
                                   << " do not broadcast to " << result;
  return success();
}

/// Constraint (1) of the reductions.
static LogicalResult verifyAxes(Operation *op, ArrayRef<int64_t> axes) {
  auto input = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  if (!input)
    return success();
  int64_t previous = -1;
  for (int64_t axis : axes) {
    if (axis <= previous || axis >= input.getRank())
      return op->emitOpError("(1) axes [")
             << axes << "] are not ascending dimensions of " << input;
    previous = axis;
  }
  return success();
}

#define GET_OP_CLASSES
#include "dialects/onnx/OnnxOps.cpp.inc"

LogicalResult InitializerOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type || !type.hasStaticShape())
    return emitOpError("(1) type must be a ranked tensor of static shape, not ")
           << getType();
  if (!type.getElementType().isIntOrFloat())
    return emitOpError("(1) element type must be an integer or float, not ")
           << type.getElementType();
  // A boolean takes a byte; sub-byte integers are packed without row padding.
  int64_t bits = type.getElementTypeBitWidth();
  int64_t size = bits == 1 ? 8 : bits;
  for (int64_t extent : type.getShape())
    if (llvm::MulOverflow(size, extent, size))
      return emitOpError("(2) ") << type << " takes more than 2^60 bytes";
  int64_t expected = size / 8 + (size % 8 != 0);
  if (int64_t(getBytes()) != expected)
    return emitOpError("(2) ") << type << " takes " << expected
                               << " bytes, not " << getBytes();
  return success();
}

LogicalResult ConstantOp::verify() {
  if (getValue().getShapedType() != getType())
    return emitOpError("(1) result ")
           << getType() << " is not the value's " << getValue().getShapedType();
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult NoneOp::fold(FoldAdaptor) { return UnitAttr::get(getContext()); }

LogicalResult ReshapeOp::verify() {
  auto input = dyn_cast<RankedTensorType>(getInput().getType());
  auto result = dyn_cast<RankedTensorType>(getResult().getType());
  if (!input || !result)
    return success();
  if (input.getElementType() != result.getElementType())
    return emitOpError("(1) cannot change the element type ")
           << input.getElementType() << " to " << result.getElementType();
  if (input.hasStaticShape() && result.hasStaticShape() &&
      input.getNumElements() != result.getNumElements())
    return emitOpError("(2) cannot reshape ")
           << input.getNumElements() << " elements to "
           << result.getNumElements();
  return success();
}

LogicalResult TransposeOp::verify() {
  auto input = dyn_cast<RankedTensorType>(getInput().getType());
  if (!input)
    return success();
  SmallVector<bool> seen(input.getRank(), false);
  bool valid = getPermutation().size() == seen.size();
  for (int64_t dim : getPermutation()) {
    valid = valid && dim >= 0 && dim < input.getRank() && !seen[dim];
    if (valid)
      seen[dim] = true;
  }
  if (!valid)
    return emitOpError("(1) permutation [")
           << getPermutation() << "] does not permute " << input.getRank()
           << " dimensions";
  return success();
}

LogicalResult SliceOp::verify() {
  auto input = dyn_cast<RankedTensorType>(getInput().getType());
  if (!input)
    return success();
  size_t rank = input.getRank();
  if (getStarts().getNumResults() != rank || getSteps().size() != rank)
    return emitOpError("(1) needs one start and one step for each of ")
           << rank << " dimensions";
  if (llvm::is_contained(getSteps(), 0))
    return emitOpError("(1) a step must not be 0");
  return success();
}

LogicalResult DimensionsOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getResult().getType());
  if (!type || !type.hasStaticShape() || type.getRank() > 1 ||
      type.getNumElements() != getValues().getNumResults())
    return emitOpError("(1) result must hold ")
           << getValues().getNumResults() << " elements in rank 0 or 1, not "
           << getResult().getType();
  return success();
}

static LogicalResult verifyBlocks(Operation *op, uint64_t bits,
                                  uint64_t blockSize) {
  if (bits != 2 && bits != 4 && bits != 8)
    return op->emitOpError("(1) bits must be 2, 4 or 8, not ") << bits;
  if (blockSize < 16 || !llvm::isPowerOf2_64(blockSize))
    return op->emitOpError("(2) block_size must be a power of two from 16 on, "
                           "not ")
           << blockSize;
  return success();
}

LogicalResult MatMulNBitsOp::verify() {
  return verifyBlocks(*this, getBits(), getBlockSize());
}

LogicalResult GatherBlockQuantizedOp::verify() {
  auto table = dyn_cast<RankedTensorType>(getTable().getType());
  if (table && table.getRank() != 2)
    return emitOpError("(3) needs a table of rank 2, not ") << table;
  return verifyBlocks(*this, getBits(), getBlockSize());
}

LogicalResult RotaryEmbeddingOp::verify() {
  auto input = dyn_cast<RankedTensorType>(getInput().getType());
  if (input && input.getRank() == 3 && getNumHeads() == 0)
    return emitOpError("(1) needs num_heads with an input of rank 3");
  return success();
}

LogicalResult AttentionOp::verify() {
  auto query = dyn_cast<RankedTensorType>(getQuery().getType());
  if (query && query.getRank() == 3 &&
      (getQNumHeads() == 0 || getKvNumHeads() == 0))
    return emitOpError("(1) needs both head counts with inputs of rank 3");
  return success();
}
