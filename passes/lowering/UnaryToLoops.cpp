/// Functions of one element: ONNX's unary operators and activations.
#include "passes/lowering/GraphLowering.h"

#include <cmath>
#include <numbers>

using namespace mlir;

namespace llmc {

namespace {

using B = LoopBuilder;

template <typename Op> void addUnary(LoweringTable &table, auto function,
                                     bool integers = false) {
  table.add<Op>([function, integers](Op op, GraphLowering &graph) -> LogicalResult {
    Type element = typeOf(op.getInput()).getElementType();
    if (!integers && !isFloating(kindOf(element)))
      return op.emitError("is not defined for elements of type ") << element;
    graph.mapElements(op, op.getResult(), graph.memref(op.getInput()),
                      [&](B &b, ValueRange args, ArrayRef<Value> index) -> Value {
                        return function(op, b, b.load(args[0], index),
                                        kindOf(element) == Kind::Word);
                      });
    return success();
  });
}

/// An operator that is one op of the math dialect.
template <typename Op, typename Math> void addMath(LoweringTable &table) {
  addUnary<Op>(table, [](Op, B &b, Value x, bool) -> Value {
    return Math::create(b, x);
  });
}

/// c as a constant of x's type.
Value like(B &b, Value x, double c) { return b.number(x.getType(), c); }

/// A parameter of the operator, at the precision that it has there.
double parameter(const APFloat &value) { return value.convertToFloat(); }

Value sigmoid(B &b, Value x) {
  Value one = like(b, x, 1);
  return b.div(one, b.add(one, math::ExpOp::create(b, b.neg(x))));
}

Value softplus(B &b, Value x) {
  Value size = math::AbsFOp::create(b, x);
  Value rest = math::Log1pOp::create(b, math::ExpOp::create(b, b.neg(size)));
  return b.add(b.most(x, like(b, x, 0)), rest);
}

/// Keeps NaN: x where it compares with nothing.
Value positivePart(B &b, Value x) {
  return b.select(b.less(x, like(b, x, 0)), like(b, x, 0), x);
}

Value unitClamp(B &b, Value x) {
  return b.most(like(b, x, 0), b.least(like(b, x, 1), x));
}

void addFunctions(LoweringTable &table) {
  addMath<onnx::ExpOp, math::ExpOp>(table);
  addMath<onnx::LogOp, math::LogOp>(table);
  addMath<onnx::SqrtOp, math::SqrtOp>(table);
  addMath<onnx::SinOp, math::SinOp>(table);
  addMath<onnx::CosOp, math::CosOp>(table);
  addMath<onnx::TanOp, math::TanOp>(table);
  addMath<onnx::AsinOp, math::AsinOp>(table);
  addMath<onnx::AcosOp, math::AcosOp>(table);
  addMath<onnx::AtanOp, math::AtanOp>(table);
  addMath<onnx::SinhOp, math::SinhOp>(table);
  addMath<onnx::CoshOp, math::CoshOp>(table);
  addMath<onnx::AsinhOp, math::AsinhOp>(table);
  addMath<onnx::AcoshOp, math::AcoshOp>(table);
  addMath<onnx::AtanhOp, math::AtanhOp>(table);
  addMath<onnx::TanhOp, math::TanhOp>(table);
  addMath<onnx::ErfOp, math::ErfOp>(table);
  addMath<onnx::FloorOp, math::FloorOp>(table);
  addMath<onnx::CeilOp, math::CeilOp>(table);
  addMath<onnx::RoundOp, math::RoundEvenOp>(table);
  addUnary<onnx::AbsOp>(table, [](auto, B &b, Value x, bool word) -> Value {
    if (isa<FloatType>(x.getType()))
      return math::AbsFOp::create(b, x);
    return word ? x : b.select(b.less(x, b.integer(0)), b.neg(x), x);
  }, true);
  addUnary<onnx::NegOp>(table, [](auto, B &b, Value x, bool) {
    return b.neg(x);
  }, true);
  addUnary<onnx::ReciprocalOp>(table, [](auto, B &b, Value x, bool) {
    return b.div(like(b, x, 1), x);
  });
  addUnary<onnx::SignOp>(table, [](auto, B &b, Value x, bool word) {
    Value zero = like(b, x, 0), one = like(b, x, 1);
    Value below = b.select(b.less(x, zero, word), like(b, x, -1), zero);
    Value result = b.select(b.less(zero, x, word), one, below);
    return isa<FloatType>(x.getType()) ? b.select(b.isNan(x), x, result) : result;
  }, true);
  addUnary<onnx::NotOp>(table, [](auto, B &b, Value x, bool) {
    return b.toInteger(b.equal(x, b.integer(0)));
  }, true);
  addUnary<onnx::BitwiseNotOp>(table, [](auto, B &b, Value x, bool) {
    return b.sub(b.integer(-1), x);
  }, true);
  addUnary<onnx::IsNanOp>(table, [](auto, B &b, Value x, bool) {
    return b.toInteger(b.isNan(x));
  });
  addUnary<onnx::IsInfOp>(table, [](onnx::IsInfOp op, B &b, Value x, bool) {
    Value result = b.integer(0);
    auto isInfinite = [&](bool negative) {
      return b.toInteger(b.equal(x, b.infinity(x.getType(), negative)));
    };
    if (op.getDetectNegative())
      result = b.add(result, isInfinite(true));
    if (op.getDetectPositive())
      result = b.add(result, isInfinite(false));
    return result;
  });
}

void addActivations(LoweringTable &table) {
  addUnary<onnx::SigmoidOp>(table, [](auto, B &b, Value x, bool) {
    return sigmoid(b, x);
  });
  addUnary<onnx::ReluOp>(table, [](auto, B &b, Value x, bool word) {
    return word ? x : positivePart(b, x);
  }, true);
  addUnary<onnx::SoftplusOp>(table, [](auto, B &b, Value x, bool) {
    return softplus(b, x);
  });
  addUnary<onnx::SoftsignOp>(table, [](auto, B &b, Value x, bool) {
    return b.div(x, b.add(like(b, x, 1), math::AbsFOp::create(b, x)));
  });
  addUnary<onnx::MishOp>(table, [](auto, B &b, Value x, bool) {
    return b.mul(x, math::TanhOp::create(b, softplus(b, x)));
  });
  addUnary<onnx::HardSwishOp>(table, [](auto, B &b, Value x, bool) {
    Value line = b.add(b.div(x, like(b, x, 6)), like(b, x, 0.5));
    return b.mul(x, unitClamp(b, line));
  });
  addUnary<onnx::GeluOp>(table, [](onnx::GeluOp op, B &b, Value x, bool) {
    Value half = b.mul(like(b, x, 0.5), x), one = like(b, x, 1);
    if (!op.getTanhApproximation()) {
      Value inner = b.mul(x, like(b, x, std::numbers::sqrt2 / 2));
      return b.mul(half, b.add(one, math::ErfOp::create(b, inner)));
    }
    Value cube = b.mul(b.mul(x, x), b.mul(x, like(b, x, 0.044715)));
    Value inner = b.mul(like(b, x, std::sqrt(2 * std::numbers::inv_pi)),
                        b.add(x, cube));
    return b.mul(half, b.add(one, math::TanhOp::create(b, inner)));
  });
  addUnary<onnx::EluOp>(table, [](onnx::EluOp op, B &b, Value x, bool) {
    Value curve = b.mul(like(b, x, parameter(op.getAlpha())),
                        math::ExpM1Op::create(b, x));
    return b.select(b.less(x, like(b, x, 0)), curve, x);
  });
  addUnary<onnx::CeluOp>(table, [](onnx::CeluOp op, B &b, Value x, bool) {
    Value alpha = like(b, x, parameter(op.getAlpha()));
    Value curve = b.mul(alpha, math::ExpM1Op::create(b, b.div(x, alpha)));
    Value zero = like(b, x, 0);
    return b.add(b.most(zero, x), b.least(zero, curve));
  });
  addUnary<onnx::SeluOp>(table, [](onnx::SeluOp op, B &b, Value x, bool) {
    Value curve = b.mul(like(b, x, parameter(op.getAlpha())),
                        math::ExpM1Op::create(b, x));
    Value inner = b.select(b.less(like(b, x, 0), x), x, curve);
    return b.mul(like(b, x, parameter(op.getBeta())), inner);
  });
  addUnary<onnx::LeakyReluOp>(table, [](onnx::LeakyReluOp op, B &b, Value x, bool) {
    Value scaled = b.mul(like(b, x, parameter(op.getAlpha())), x);
    return b.select(b.less(x, like(b, x, 0)), scaled, x);
  });
  addUnary<onnx::HardSigmoidOp>(table, [](onnx::HardSigmoidOp op, B &b, Value x, bool) {
    Value line = b.add(b.mul(like(b, x, parameter(op.getAlpha())), x),
                       like(b, x, parameter(op.getBeta())));
    return unitClamp(b, line);
  });
  addUnary<onnx::ThresholdedReluOp>(
      table, [](onnx::ThresholdedReluOp op, B &b, Value x, bool) {
        return b.select(b.less(like(b, x, parameter(op.getAlpha())), x), x,
                        like(b, x, 0));
      });
  addUnary<onnx::QuickGeluOp>(table, [](onnx::QuickGeluOp op, B &b, Value x, bool) {
    return b.mul(x, sigmoid(b, b.mul(like(b, x, parameter(op.getAlpha())), x)));
  });
}

} // namespace

void populateUnary(LoweringTable &table) {
  addFunctions(table);
  addActivations(table);
}

} // namespace llmc
