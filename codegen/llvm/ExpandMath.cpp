/// Kernels of plain loops hold scalar math ops that no lowering of an op family
/// has seen; kernels call nothing, so they are expanded here.
#include "codegen/llvm/ExpandMath.h"

#include "codegen/llvm/VectorMath.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace llmc::codegen;

/// Ops that are instructions, or a few.
static bool isNative(Operation *op) {
  return isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::FloorOp,
             math::RoundOp, math::RoundEvenOp, math::TruncOp, math::SqrtOp,
             math::FmaOp, math::CopySignOp>(op);
}

static bool isHalf(Type type) {
  Type element = elementOf(type);
  return element.isBF16() || element.isF16();
}

/// arith.extf or truncf of halves through f32. Rounding f64 to a half by way of
/// f32 rounds twice.
static Value convert(VectorBuilder &b, Value value, Type result) {
  Type element = elementOf(result);
  Type single = withElement(result, b.getF32Type());
  if (isHalf(value.getType()))
    value = b.toF32(value);
  if (element.isF64())
    return arith::ExtFOp::create(b, result, value);
  if (elementOf(value.getType()).isF64())
    value = arith::TruncFOp::create(b, single, value);
  return b.fromF32(value, element);
}

static FailureOr<Value> expand(Operation *op) {
  VectorBuilder b(op->getLoc(), op);
  Type result = op->getResult(0).getType();
  if (isa<arith::ExtFOp, arith::TruncFOp>(op))
    return convert(b, op->getOperand(0), result);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(isHalf(operand.getType()) ? b.toF32(operand) : operand);
  if (isa<arith::RemFOp>(op)) {
    if (elementOf(operands[0].getType()).isF64())
      return failure();
    return b.fromF32(emitFmod(b, operands[0], operands[1]), elementOf(result));
  }
  auto value = expandMath(b, op, operands);
  if (failed(value) || !isHalf(result))
    return value;
  return b.fromF32(*value, elementOf(result));
}

LogicalResult llmc::codegen::expandMathOps(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) {
    bool calls = isa<math::MathDialect>(op->getDialect()) && !isNative(op);
    bool converts =
        isa<arith::ExtFOp, arith::TruncFOp>(op) &&
        (isHalf(op->getOperand(0).getType()) ||
         isHalf(op->getResult(0).getType()));
    if (calls || converts || isa<arith::RemFOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    auto value = expand(op);
    if (failed(value))
      return op->emitOpError("on ")
             << op->getOperand(0).getType() << " has no expansion";
    op->getResult(0).replaceAllUsesWith(*value);
    op->erase();
  }
  return success();
}
