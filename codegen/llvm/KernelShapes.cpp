#include "codegen/llvm/KernelShapes.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;

static constexpr int64_t lineBytes = 4; ///< Of a row in a line of weights.

FailureOr<int64_t> codegen::mapLength(kernel::MapOp op) {
  if (op.getOutputs().empty())
    return op.emitOpError("has no output");
  auto first = cast<MemRefType>(op.getOutputs().front().getType());
  int64_t length = first.getRank() == 2 ? first.getDimSize(1) : 0;
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
  return length;
}

FailureOr<int64_t> codegen::normLength(Operation *op) {
  int64_t length = ShapedType::kDynamic;
  for (Value operand : op->getOperands()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type)
      continue;
    int64_t last = type.getRank() ? type.getShape().back() : -1;
    if (ShapedType::isDynamic(length))
      length = last;
    if (last <= 0 || last != length || !isa<FloatType>(type.getElementType()))
      return op->emitOpError("needs floats over one static length, not ")
             << type;
  }
  return length;
}

LogicalResult codegen::checkQuantizeRows(kernel::QuantizeRowsOp op) {
  auto input = cast<MemRefType>(op.getInput().getType());
  auto output = cast<MemRefType>(op.getOutput().getType());
  auto terms = cast<MemRefType>(op.getTerms().getType());
  bool good = input.getRank() == 2 && !input.isDynamicDim(1) &&
              isa<FloatType>(input.getElementType()) && output.getRank() == 2 &&
              output.getElementType().isInteger(8) &&
              output.getDimSize(1) ==
                  int64_t(llvm::alignTo(input.getDimSize(1), lineBytes)) &&
              terms.getRank() == 2 && terms.getDimSize(1) == 2 &&
              terms.getElementType().isInteger(32);
  if (good)
    return success();
  return op.emitOpError("makes i8 [T, K rounded up to 4] and i32 [T, 2] of "
                        "floats [T, K], not ")
         << output << " and " << terms << " of " << input;
}

LogicalResult codegen::checkLinear(kernel::LinearOp op) {
  auto input = cast<MemRefType>(op.getInput().getType());
  if (input.getRank() != 2 || input.isDynamicDim(1))
    return op.emitOpError("needs an input [T, K] with a static K, not ")
           << input;
  if (op.getOutputs().empty())
    return op.emitOpError("has no output");
  auto first = cast<MemRefType>(op.getOutputs().front().getType());
  for (Value output : op.getOutputs()) {
    auto type = cast<MemRefType>(output.getType());
    if (type.getRank() != 2 || type.isDynamicDim(1) ||
        type.getDimSize(1) != first.getDimSize(1))
      return op.emitOpError("needs outputs [T, N] with one static N, not ")
             << type;
  }
  for (Value extra : op.getExtras()) {
    auto type = cast<MemRefType>(extra.getType());
    if (type.getRank() < 1 || type.getRank() > 2 ||
        type.getShape().back() != first.getDimSize(1))
      return op.emitOpError("needs extras [T, N] or [N], not ") << type;
  }
  return success();
}

LogicalResult codegen::checkRowCopy(Operation *op, Value table, Value output) {
  auto from = cast<MemRefType>(table.getType());
  auto to = cast<MemRefType>(output.getType());
  if (from.getRank() != 2 || to.getRank() != 2 || to.isDynamicDim(1) ||
      from.getDimSize(1) != to.getDimSize(1))
    return op->emitOpError("copies between rows of one static length, not ")
           << from << " and " << to;
  Type source = from.getElementType(), target = to.getElementType();
  if (source != target && !(isa<FloatType>(source) && isa<FloatType>(target)))
    return op->emitOpError("cannot convert ") << source << " to " << target;
  return success();
}

LogicalResult codegen::checkAppendedRows(Operation *op, Value rows,
                                         int64_t heads, int64_t headDim) {
  auto type = cast<MemRefType>(rows.getType());
  if (type.getRank() != 2 || type.getDimSize(1) != heads * headDim)
    return op->emitOpError("needs rows of KV * head_dim columns, not ") << type;
  return success();
}
