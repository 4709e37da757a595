/// Elementwise onnx ops over rows -> llm.map, one each; FuseMaps joins them.
///
///   %y = onnx.sigmoid(%x)
///   ->
///   %y = llm.map %x : ... { ^bb0(%a: f32): ...; llm.yield %r : f32 }
///
/// Operands may be of the result's shape, [D], or one element; constants of one
/// element go into the region. What has no scalar form in arith and math (see
/// scalarForm) stays. Results may change in the last place where a function is
/// written with others (sigmoid by exp).
#include "passes/Passes.h"
#include "passes/support/OnnxMatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <numbers>

namespace llmc {
#define GEN_PASS_DEF_RAISEMAP
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
/// Scalar arithmetic in f32 at a builder's place.
struct Scalars {
  OpBuilder &builder;
  Location loc;

  Value constant(double value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF32FloatAttr(value));
  }
  Value add(Value a, Value b) {
    return arith::AddFOp::create(builder, loc, a, b);
  }
  Value mul(Value a, Value b) {
    return arith::MulFOp::create(builder, loc, a, b);
  }
  Value div(Value a, Value b) {
    return arith::DivFOp::create(builder, loc, a, b);
  }
  Value neg(Value a) { return arith::NegFOp::create(builder, loc, a); }
  Value exp(Value a) { return math::ExpOp::create(builder, loc, a); }
  Value tanh(Value a) { return math::TanhOp::create(builder, loc, a); }
  Value erf(Value a) { return math::ErfOp::create(builder, loc, a); }
  Value max(Value a, Value b) {
    return arith::MaximumFOp::create(builder, loc, a, b);
  }
  Value min(Value a, Value b) {
    return arith::MinimumFOp::create(builder, loc, a, b);
  }
  Value sigmoid(Value a) {
    return div(constant(1), add(constant(1), exp(neg(a))));
  }
  Value gelu(Value a, bool tanhForm) {
    Value inner;
    if (tanhForm) {
      Value cube = mul(a, mul(a, a));
      inner = tanh(mul(constant(std::sqrt(2 / std::numbers::pi)),
                       add(a, mul(constant(0.044715), cube))));
    } else {
      inner = erf(mul(a, constant(1 / std::numbers::sqrt2)));
    }
    return mul(mul(constant(0.5), a), add(constant(1), inner));
  }
};
} // namespace

/// The scalar form of an elementwise op on f32 operands; null where it has none.
static Value scalarForm(Scalars &s, Operation *op, ValueRange x) {
  if (isa<onnx::AddOp>(op))
    return s.add(x[0], x[1]);
  if (isa<onnx::SubOp>(op))
    return arith::SubFOp::create(s.builder, s.loc, x[0], x[1]);
  if (isa<onnx::MulOp>(op))
    return s.mul(x[0], x[1]);
  if (isa<onnx::DivOp>(op))
    return s.div(x[0], x[1]);
  if (isa<onnx::MaxOp>(op))
    return s.max(x[0], x[1]);
  if (isa<onnx::MinOp>(op))
    return s.min(x[0], x[1]);
  if (isa<onnx::NegOp>(op))
    return s.neg(x[0]);
  if (isa<onnx::AbsOp>(op))
    return math::AbsFOp::create(s.builder, s.loc, x[0]);
  if (isa<onnx::ReciprocalOp>(op))
    return s.div(s.constant(1), x[0]);
  if (isa<onnx::SqrtOp>(op))
    return math::SqrtOp::create(s.builder, s.loc, x[0]);
  if (isa<onnx::ExpOp>(op))
    return s.exp(x[0]);
  if (isa<onnx::LogOp>(op))
    return math::LogOp::create(s.builder, s.loc, x[0]);
  if (isa<onnx::TanhOp>(op))
    return s.tanh(x[0]);
  if (isa<onnx::ErfOp>(op))
    return s.erf(x[0]);
  if (isa<onnx::SigmoidOp>(op))
    return s.sigmoid(x[0]);
  if (isa<onnx::ReluOp>(op))
    return s.max(x[0], s.constant(0));
  if (isa<onnx::SoftplusOp>(op))
    return s.add(
        s.max(x[0], s.constant(0)),
        math::LogOp::create(
            s.builder, s.loc,
            s.add(s.constant(1), s.exp(s.neg(math::AbsFOp::create(
                                     s.builder, s.loc, x[0]))))));
  if (auto gelu = dyn_cast<onnx::GeluOp>(op))
    return s.gelu(x[0], gelu.getTanhApproximation());
  if (auto quick = dyn_cast<onnx::QuickGeluOp>(op))
    return s.mul(x[0], s.sigmoid(s.mul(
                           s.constant(quick.getAlpha().convertToDouble()),
                           x[0])));
  if (isa<onnx::PowOp>(op)) {
    if (scalarConstant(op->getOperand(1)) == 2.0)
      return s.mul(x[0], x[0]);
    if (scalarConstant(op->getOperand(1)) == 3.0)
      return s.mul(x[0], s.mul(x[0], x[0]));
    return {};
  }
  if (isa<onnx::CastOp>(op))
    return x[0];
  return {};
}

/// Whether `operand` broadcasts over the rows of `result`: its shape, [D] or
/// [1, ..., D].
static bool isRowOperand(Value operand, RankedTensorType result) {
  auto type = rankedType(operand);
  if (!type || !isa<FloatType>(type.getElementType()))
    return false;
  if (type.getShape() == result.getShape() &&
      type.getEncoding() == result.getEncoding())
    return true;
  return type.getRank() == 1 && type.getShape().back() == result.getShape().back();
}

static bool raise(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumOperands() == 0)
    return false;
  auto result = rankedType(op->getResult(0));
  if (!result || result.getRank() < 2 || result.hasStaticShape() ||
      ShapedType::isDynamic(result.getShape().back()) ||
      !isa<FloatType>(result.getElementType()))
    return false;
  OpBuilder builder(op);
  SmallVector<Value> inputs;
  SmallVector<std::optional<double>> constants;
  bool rows = false;
  for (Value operand : op->getOperands()) {
    constants.push_back(scalarConstant(operand));
    if (constants.back())
      continue;
    if (!isRowOperand(operand, result))
      return false;
    rows = rows || rankedType(operand).getRank() > 1;
    inputs.push_back(operand);
  }
  if (!rows)
    return false;
  for (Value &input : inputs)
    if (isWeight(input) && rankedType(input).getRank() == 1)
      if (Value weight = getWeight(builder, op->getLoc(), input))
        input = weight;
  auto map = llm::MapOp::create(builder, op->getLoc(), TypeRange{result}, inputs);
  Block *body = builder.createBlock(&map.getBody());
  Scalars scalars{builder, op->getLoc()};
  SmallVector<Value> values;
  unsigned next = 0;
  for (std::optional<double> constant : constants) {
    if (constant) {
      values.push_back(scalars.constant(*constant));
      continue;
    }
    Type type = getElementTypeOrSelf(inputs[next++].getType());
    Value value = body->addArgument(type, op->getLoc());
    if (!type.isF32())
      value = type.getIntOrFloatBitWidth() < 32
                  ? arith::ExtFOp::create(builder, op->getLoc(),
                                          builder.getF32Type(), value)
                        .getResult()
                  : arith::TruncFOp::create(builder, op->getLoc(),
                                            builder.getF32Type(), value)
                        .getResult();
    values.push_back(value);
  }
  Value value = scalarForm(scalars, op, values);
  if (!value) {
    map.erase();
    return false;
  }
  Type element = result.getElementType();
  if (!element.isF32())
    value = element.getIntOrFloatBitWidth() < 32
                ? arith::TruncFOp::create(builder, op->getLoc(), element, value)
                      .getResult()
                : arith::ExtFOp::create(builder, op->getLoc(), element, value)
                      .getResult();
  llm::YieldOp::create(builder, op->getLoc(), value);
  op->getResult(0).replaceAllUsesWith(map.getResult(0));
  eraseDead(op);
  return true;
}

namespace {
struct RaiseMap : llmc::impl::RaiseMapBase<RaiseMap> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<onnx::OnnxDialect>(op->getDialect()))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      raise(op);
  }
};
} // namespace
