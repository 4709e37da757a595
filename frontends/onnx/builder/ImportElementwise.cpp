/// Operators that act element by element: one ONNX op to one onnx op.
#include "frontends/onnx/builder/Arithmetic.h"
#include "frontends/onnx/builder/NodeContext.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

/// Folds one operand's contents; null where they are not known.
Value foldedUnary(NodeContext &n) {
  auto contents = n.contentsOf(n.in(0));
  if (!contents)
    return {};
  for (AffineExpr &element : *contents)
    element = foldUnary(n.row.target, element, n.elem(0));
  return n.materialize(*contents, n.dims(0), n.elem(0));
}

LogicalResult unaryOp(NodeContext &n) {
  n.ignoreAttrs({"consumed_inputs"});
  if (Value folded = foldedUnary(n))
    return n.set(0, folded);
  return n.set(0, n.unary(n.row.target, n.in(0)));
}

LogicalResult floatUnary(NodeContext &n) {
  if (failed(n.requireFloat(0)))
    return failure();
  return unaryOp(n);
}

LogicalResult numericUnary(NodeContext &n) {
  if (failed(n.requireNumber(0)))
    return failure();
  // Rounding leaves integers as they are.
  bool rounds = n.row.target == "onnx.floor" || n.row.target == "onnx.ceil" ||
                n.row.target == "onnx.round";
  if (rounds && failed(n.requireFloat(0)))
    return failure();
  return unaryOp(n);
}

LogicalResult boolUnary(NodeContext &n) {
  if (failed(n.requireBool(0)))
    return failure();
  return unaryOp(n);
}

LogicalResult integerUnary(NodeContext &n) {
  if (failed(n.requireInteger(0)))
    return failure();
  return unaryOp(n);
}

LogicalResult isNan(NodeContext &n) {
  if (failed(n.requireFloat(0)))
    return failure();
  return n.set(
      0, n.emit<IsNanOp>(n.tensor(n.dims(0), n.builder.getI1Type()), n.in(0)));
}

LogicalResult isInf(NodeContext &n) {
  if (failed(n.requireFloat(0)))
    return failure();
  bool negative = n.intAttr("detect_negative", 1);
  bool positive = n.intAttr("detect_positive", 1);
  return n.set(0, n.emit<IsInfOp>(n.tensor(n.dims(0), n.builder.getI1Type()),
                                  n.in(0), negative, positive));
}

/// Before opset 7, `axis` says where the shape of B starts in that of A.
std::optional<Value> legacyRight(NodeContext &n) {
  Value rhs = n.in(1);
  if (n.version >= 7 || !n.node.domain.empty())
    return rhs;
  n.ignoreAttrs({"consumed_inputs"});
  bool broadcasts = n.intAttr("broadcast", 0);
  int64_t axis = n.intAttr("axis", n.rank(0) - n.rank(1));
  if (!broadcasts || axis == n.rank(0) - n.rank(1))
    return rhs;
  if (axis < 0 || axis + n.rank(1) > n.rank(0)) {
    (void)n.mismatch("axis " + Twine(axis) + " leaves no room for B in A");
    return std::nullopt;
  }
  Dims dims = n.dims(1);
  dims.append(n.rank(0) - axis - n.rank(1), n.number(1));
  Value reshaped = n.reshape(rhs, dims);
  return reshaped ? std::optional(reshaped) : std::nullopt;
}

LogicalResult binaryTo(NodeContext &n, Type elementType) {
  auto rhs = legacyRight(n);
  if (!rhs)
    return failure();
  if (n.elem(0) != n.elemOf(*rhs))
    return n.fail(Code::UnsupportedType, "the element types differ");
  if (!elementType)
    elementType = n.elem(0);
  if (Value folded = n.foldContents(n.row.target, n.in(0), *rhs, elementType))
    return n.set(0, folded);
  return n.set(0, n.binary(n.row.target, n.in(0), *rhs, elementType));
}

LogicalResult arithmetic(NodeContext &n) {
  if (failed(n.requireNumber(0)))
    return failure();
  return binaryTo(n, {});
}

LogicalResult comparison(NodeContext &n) {
  return binaryTo(n, n.builder.getI1Type());
}

LogicalResult logical(NodeContext &n) {
  if (failed(n.requireBool(0)))
    return failure();
  return binaryTo(n, {});
}

LogicalResult bitwise(NodeContext &n) {
  if (failed(n.requireInteger(0)))
    return failure();
  return binaryTo(n, {});
}

LogicalResult power(NodeContext &n) {
  auto rhs = legacyRight(n);
  if (!rhs || failed(n.requireNumber(0)) || failed(n.requireNumber(1)))
    return failure();
  return n.set(0, n.binary("onnx.pow", n.in(0), *rhs));
}

LogicalResult bitShift(NodeContext &n) {
  std::string direction = n.stringAttr("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return n.fail(Code::BadModel, "direction must be LEFT or RIGHT");
  if (failed(n.requireInteger(0)) || n.elem(0) != n.elem(1))
    return n.fail(Code::UnsupportedType, "it takes two tensors of one type");
  auto dims = n.broadcast(n.dims(0), n.dims(1));
  if (!dims)
    return failure();
  return n.set(0, n.emit<BitShiftOp>(n.tensor(*dims, n.elem(0)), n.in(0),
                                     n.in(1), direction == "LEFT"));
}

LogicalResult modulo(NodeContext &n) {
  bool fmod = n.intAttr("fmod", 0);
  if (failed(n.requireNumber(0)))
    return failure();
  if (n.elem(0) != n.elem(1))
    return n.fail(Code::UnsupportedType, "the element types differ");
  // Symbols are not negative, where the two kinds of remainder agree.
  auto a = n.contentsOf(n.in(0)), b = n.contentsOf(n.in(1));
  if (a && b && a->size() == 1 && b->size() == 1 &&
      isa<IntegerType>(n.elem(0))) {
    auto low = lowerBound(a->front()), divisor = lowerBound(b->front());
    if (low && *low >= 0 && divisor && *divisor > 0) {
      auto dims = n.broadcast(n.dims(0), n.dims(1));
      AffineExpr rest = modExtents(a->front(), b->front());
      if (Value folded =
              dims && rest ? n.materialize({rest}, *dims, n.elem(0)) : Value())
        return n.set(0, folded);
    }
  }
  auto dims = n.broadcast(n.dims(0), n.dims(1));
  if (!dims)
    return failure();
  return n.set(
      0, n.emit<ModOp>(n.tensor(*dims, n.elem(0)), n.in(0), n.in(1), fmod));
}

} // namespace

ArrayRef<OpRow> elementwiseOps() {
  static const OpRow rows[] = {
      {"", "Abs", 1, 1, numericUnary, "onnx.abs"},
      {"", "Neg", 1, 1, numericUnary, "onnx.neg"},
      {"", "Sign", 1, 1, numericUnary, "onnx.sign"},
      {"", "Floor", 1, 1, numericUnary, "onnx.floor"},
      {"", "Ceil", 1, 1, numericUnary, "onnx.ceil"},
      {"", "Round", 1, 1, numericUnary, "onnx.round"},
      {"", "Relu", 1, 1, numericUnary, "onnx.relu"},
      {"", "Exp", 1, 1, floatUnary, "onnx.exp"},
      {"", "Log", 1, 1, floatUnary, "onnx.log"},
      {"", "Sqrt", 1, 1, floatUnary, "onnx.sqrt"},
      {"", "Reciprocal", 1, 1, floatUnary, "onnx.reciprocal"},
      {"", "Sin", 1, 1, floatUnary, "onnx.sin"},
      {"", "Cos", 1, 1, floatUnary, "onnx.cos"},
      {"", "Tan", 1, 1, floatUnary, "onnx.tan"},
      {"", "Asin", 1, 1, floatUnary, "onnx.asin"},
      {"", "Acos", 1, 1, floatUnary, "onnx.acos"},
      {"", "Atan", 1, 1, floatUnary, "onnx.atan"},
      {"", "Sinh", 1, 1, floatUnary, "onnx.sinh"},
      {"", "Cosh", 1, 1, floatUnary, "onnx.cosh"},
      {"", "Asinh", 1, 1, floatUnary, "onnx.asinh"},
      {"", "Acosh", 1, 1, floatUnary, "onnx.acosh"},
      {"", "Atanh", 1, 1, floatUnary, "onnx.atanh"},
      {"", "Tanh", 1, 1, floatUnary, "onnx.tanh"},
      {"", "Sigmoid", 1, 1, floatUnary, "onnx.sigmoid"},
      {"", "Erf", 1, 1, floatUnary, "onnx.erf"},
      {"", "Softplus", 1, 1, floatUnary, "onnx.softplus"},
      {"", "Softsign", 1, 1, floatUnary, "onnx.softsign"},
      {"", "Mish", 1, 1, floatUnary, "onnx.mish"},
      {"", "HardSwish", 1, 1, floatUnary, "onnx.hard_swish"},
      {"", "Not", 1, 1, boolUnary, "onnx.not"},
      {"", "BitwiseNot", 1, 1, integerUnary, "onnx.bitwise_not"},
      {"", "IsNaN", 1, 1, isNan},
      {"", "IsInf", 1, 1, isInf},
      {"", "Add", 2, 2, arithmetic, "onnx.add"},
      {"", "Sub", 2, 2, arithmetic, "onnx.sub"},
      {"", "Mul", 2, 2, arithmetic, "onnx.mul"},
      {"", "Div", 2, 2, arithmetic, "onnx.div"},
      {"", "Equal", 2, 2, comparison, "onnx.equal"},
      {"", "Greater", 2, 2, comparison, "onnx.greater"},
      {"", "Less", 2, 2, comparison, "onnx.less"},
      {"", "GreaterOrEqual", 2, 2, comparison, "onnx.greater_or_equal"},
      {"", "LessOrEqual", 2, 2, comparison, "onnx.less_or_equal"},
      {"", "And", 2, 2, logical, "onnx.and"},
      {"", "Or", 2, 2, logical, "onnx.or"},
      {"", "Xor", 2, 2, logical, "onnx.xor"},
      {"", "BitwiseAnd", 2, 2, bitwise, "onnx.bitwise_and"},
      {"", "BitwiseOr", 2, 2, bitwise, "onnx.bitwise_or"},
      {"", "BitwiseXor", 2, 2, bitwise, "onnx.bitwise_xor"},
      {"", "BitShift", 2, 2, bitShift},
      {"", "Pow", 2, 2, power},
      {"", "Mod", 2, 2, modulo},
  };
  return rows;
}

} // namespace llmc::onnx
