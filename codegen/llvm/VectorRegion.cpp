/// See the header.
#include "codegen/llvm/VectorRegion.h"

#include "codegen/llvm/VectorMath.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace llmc::codegen;

using llvm::SmallVector;

static bool isHalf(Type type) {
  Type element = elementOf(type);
  return element.isBF16() || element.isF16();
}

/// Half-precision values widened, others as they are.
static Value widen(VectorBuilder &b, Value value) {
  return isHalf(value.getType()) ? b.toF32(value) : value;
}

/// The same op on other operands, with `result` as its type.
static Value recreate(VectorBuilder &b, Operation *op, ValueRange operands,
                      Type result) {
  OperationState state(b.getLoc(), op->getName());
  state.addOperands(operands);
  state.addTypes(result);
  state.addAttributes(op->getAttrs());
  // Whatever flags a frontend left: kernels keep every rounding.
  state.attributes.erase("fastmath");
  return b.create(state)->getResult(0);
}

static bool isIntegerDivision(Operation *op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
             arith::FloorDivSIOp, arith::CeilDivSIOp, arith::CeilDivUIOp>(op);
}

/// A divisor that does not trap: 1 instead of 0, which masked lanes hold, and
/// instead of -1 for the least integer, whose wrapped quotient is itself.
static Value safeDivisor(VectorBuilder &b, Value dividend, Value divisor) {
  using I = arith::CmpIPredicate;
  Type type = divisor.getType();
  unsigned bits = elementOf(type).getIntOrFloatBitWidth();
  int64_t least = llvm::minIntN(bits);
  Value overflow = arith::AndIOp::create(
      b, b.compare(I::eq, dividend, b.integer(type, least)),
      b.compare(I::eq, divisor, b.integer(type, -1)));
  Value zero = b.compare(I::eq, divisor, b.integer(type, 0));
  return b.select(arith::OrIOp::create(b, zero, overflow), b.integer(type, 1),
                  divisor);
}

static FailureOr<Value> cloneOp(VectorBuilder &b, Operation *op,
                                SmallVector<Value> operands, int64_t lanes) {
  Type element = op->getResult(0).getType();
  Type result = b.lanes(element, lanes);
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return Value(arith::ConstantOp::create(
        b, DenseElementsAttr::get(cast<VectorType>(result),
                                  Attribute(constant.getValue()))));
  bool isMath = isa<math::MathDialect>(op->getDialect());
  if (!isMath && !isa<arith::ArithDialect>(op->getDialect()))
    return failure();
  if (isa<arith::ExtFOp, arith::TruncFOp>(op)) {
    if (element.isF64() || elementOf(operands[0].getType()).isF64())
      return failure();
    return b.fromF32(b.toF32(operands[0]), element);
  }
  // These only move bits; the rest of arith on halves goes through f32.
  if (!isa<arith::SelectOp, arith::BitcastOp>(op))
    for (Value &operand : operands)
      operand = widen(b, operand);
  if (isMath) {
    auto value = expandMath(b, op, operands);
    if (succeeded(value) && isHalf(element))
      return b.fromF32(*value, element);
    return value;
  }
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
    return failure();
  if (isa<arith::RemFOp>(op)) {
    if (element.isF64())
      return failure();
    return b.fromF32(emitFmod(b, operands[0], operands[1]), element);
  }
  if (isIntegerDivision(op))
    operands[1] = safeDivisor(b, operands[0], operands[1]);
  bool narrow = isHalf(element) && !isa<arith::SelectOp, arith::BitcastOp>(op);
  Type wide = narrow ? b.f32Lanes(lanes) : result;
  Value value = recreate(b, op, operands, wide);
  return narrow ? b.fromF32(value, element) : value;
}

FailureOr<SmallVector<Value>>
llmc::codegen::cloneOntoVectors(VectorBuilder &b, Block &body,
                                ValueRange arguments, int64_t lanes) {
  IRMapping map;
  map.map(body.getArguments(), arguments);
  auto lookUp = [&](Value value) {
    if (Value mapped = map.lookupOrNull(value))
      return mapped;
    // Defined outside: one scalar for all lanes.
    Value vector = b.broadcast(value, lanes);
    map.map(value, vector);
    return vector;
  };
  for (Operation &op : body.without_terminator()) {
    if (op.getNumResults() != 1 || op.getNumRegions())
      return op.emitOpError("cannot be vectorised in a kernel's region");
    SmallVector<Value> operands;
    for (Value operand : op.getOperands())
      operands.push_back(lookUp(operand));
    auto value = cloneOp(b, &op, operands, lanes);
    if (failed(value))
      return op.emitOpError("cannot be vectorised in a kernel's region");
    map.map(op.getResult(0), *value);
  }
  SmallVector<Value> results;
  for (Value value : body.getTerminator()->getOperands())
    results.push_back(lookUp(value));
  return results;
}
