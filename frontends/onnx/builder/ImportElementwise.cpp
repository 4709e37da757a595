/// Operators that act element by element: one ONNX op to one onnx op.
#include "frontends/onnx/builder/Arithmetic.h"
#include "frontends/onnx/builder/NodeContext.h"
#include "frontends/onnx/builder/Types.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

LogicalResult requireFloat(NodeContext &n, unsigned i) {
  if (isa<FloatType>(n.elem(i)))
    return success();
  return n.fail(Code::UnsupportedType, "it takes floating-point elements");
}

LogicalResult requireBool(NodeContext &n, unsigned i) {
  if (n.elem(i).isInteger(1))
    return success();
  return n.fail(Code::UnsupportedType, "it takes booleans");
}

LogicalResult requireNumber(NodeContext &n, unsigned i) {
  if (!n.elem(i).isInteger(1))
    return success();
  return n.fail(Code::UnsupportedType, "it takes numbers, not booleans");
}

LogicalResult requireInteger(NodeContext &n, unsigned i) {
  if (isa<IntegerType>(n.elem(i)) && !n.elem(i).isInteger(1))
    return success();
  return n.fail(Code::UnsupportedType, "it takes integers");
}

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
  if (failed(requireFloat(n, 0)))
    return failure();
  return unaryOp(n);
}

LogicalResult numericUnary(NodeContext &n) {
  if (failed(requireNumber(n, 0)))
    return failure();
  // Rounding leaves integers as they are.
  bool rounds = n.row.target == "onnx.floor" || n.row.target == "onnx.ceil" ||
                n.row.target == "onnx.round";
  if (rounds && failed(requireFloat(n, 0)))
    return failure();
  return unaryOp(n);
}

LogicalResult boolUnary(NodeContext &n) {
  if (failed(requireBool(n, 0)))
    return failure();
  return unaryOp(n);
}

LogicalResult integerUnary(NodeContext &n) {
  if (failed(requireInteger(n, 0)))
    return failure();
  return unaryOp(n);
}

LogicalResult isNan(NodeContext &n) {
  if (failed(requireFloat(n, 0)))
    return failure();
  return n.set(0, n.emit<IsNanOp>(n.tensor(n.dims(0), n.builder.getI1Type()),
                                  n.in(0)));
}

LogicalResult isInf(NodeContext &n) {
  if (failed(requireFloat(n, 0)))
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
  if (Value folded =
          n.foldContents(n.row.target, n.in(0), *rhs, elementType))
    return n.set(0, folded);
  return n.set(0, n.binary(n.row.target, n.in(0), *rhs, elementType));
}

LogicalResult arithmetic(NodeContext &n) {
  if (failed(requireNumber(n, 0)))
    return failure();
  return binaryTo(n, {});
}

LogicalResult comparison(NodeContext &n) {
  return binaryTo(n, n.builder.getI1Type());
}

LogicalResult logical(NodeContext &n) {
  if (failed(requireBool(n, 0)))
    return failure();
  return binaryTo(n, {});
}

LogicalResult bitwise(NodeContext &n) {
  if (failed(requireInteger(n, 0)))
    return failure();
  return binaryTo(n, {});
}

LogicalResult power(NodeContext &n) {
  auto rhs = legacyRight(n);
  if (!rhs || failed(requireNumber(n, 0)) || failed(requireNumber(n, 1)))
    return failure();
  return n.set(0, n.binary("onnx.pow", n.in(0), *rhs));
}

LogicalResult bitShift(NodeContext &n) {
  std::string direction = n.stringAttr("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return n.fail(Code::BadModel, "direction must be LEFT or RIGHT");
  if (failed(requireInteger(n, 0)) || n.elem(0) != n.elem(1))
    return n.fail(Code::UnsupportedType, "it takes two tensors of one type");
  auto dims = n.broadcast(n.dims(0), n.dims(1));
  if (!dims)
    return failure();
  return n.set(0, n.emit<BitShiftOp>(n.tensor(*dims, n.elem(0)), n.in(0),
                                     n.in(1), direction == "LEFT"));
}

LogicalResult modulo(NodeContext &n) {
  bool fmod = n.intAttr("fmod", 0);
  if (failed(requireNumber(n, 0)))
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
      if (Value folded = dims && rest
                             ? n.materialize({rest}, *dims, n.elem(0))
                             : Value())
        return n.set(0, folded);
    }
  }
  auto dims = n.broadcast(n.dims(0), n.dims(1));
  if (!dims)
    return failure();
  return n.set(0, n.emit<ModOp>(n.tensor(*dims, n.elem(0)), n.in(0), n.in(1),
                                fmod));
}

LogicalResult prelu(NodeContext &n) {
  n.ignoreAttrs({"consumed_inputs"});
  Value slope = n.in(1);
  // Before opset 7 a vector of slopes runs along the channels.
  if (n.version < 7 && n.rank(1) == 1 && n.rank(0) > 2) {
    Dims dims = n.dims(1);
    dims.append(n.rank(0) - 2, n.number(1));
    slope = n.reshape(slope, dims);
  }
  if (n.elem(0) != n.elem(1))
    return n.fail(Code::UnsupportedType, "the element types differ");
  return n.set(0, n.binary("onnx.prelu", n.in(0), slope));
}

LogicalResult activation(NodeContext &n) {
  n.ignoreAttrs({"consumed_inputs"});
  if (failed(requireFloat(n, 0)))
    return failure();
  struct Parameters {
    StringRef op;
    std::string_view first, second;
    float alpha, beta;
  };
  static const Parameters all[] = {
      {"onnx.elu", "alpha", "", 1.0f, 0.0f},
      {"onnx.celu", "alpha", "", 1.0f, 0.0f},
      {"onnx.selu", "alpha", "gamma", 1.67326319217681884765625f,
       1.05070102214813232421875f},
      {"onnx.leaky_relu", "alpha", "", 0.01f, 0.0f},
      {"onnx.hard_sigmoid", "alpha", "beta", 0.2f, 0.5f},
      {"onnx.thresholded_relu", "alpha", "", 1.0f, 0.0f},
  };
  for (const Parameters &parameters : all) {
    if (parameters.op != n.row.target)
      continue;
    float alpha = n.floatAttr(parameters.first, parameters.alpha);
    float beta = parameters.second.empty()
                     ? parameters.beta
                     : n.floatAttr(parameters.second, parameters.beta);
    RankedTensorType type = n.tensor(n.dims(0), n.elem(0));
    if (!type)
      return failure();
    OperationState op(n.location, n.row.target);
    op.addOperands(n.in(0));
    op.addTypes(type);
    op.addAttribute("alpha", n.builder.getF32FloatAttr(alpha));
    op.addAttribute("beta", n.builder.getF32FloatAttr(beta));
    return n.set(0, n.finish(n.builder.create(op)));
  }
  return failure();
}

/// A bound of Clip, which some files give as [1]; null with a problem recorded.
Value clipBound(NodeContext &n, unsigned input, std::string_view attribute) {
  if (n.version < 11 && n.node.domain.empty()) {
    if (!n.hasAttr(attribute))
      return n.none();
    return n.scalar(n.floatAttr(attribute, 0.0f), n.elem(0));
  }
  if (!n.has(input))
    return n.none();
  if (n.elem(input) != n.elem(0)) {
    (void)n.fail(Code::UnsupportedType, "the element types differ");
    return {};
  }
  return n.reshape(n.in(input), {});
}

LogicalResult clip(NodeContext &n) {
  n.ignoreAttrs({"consumed_inputs"});
  if (failed(requireNumber(n, 0)))
    return failure();
  // On contents: max with the lower bound, then min with the upper.
  Value lower = n.in(1), upper = n.in(2);
  if (n.version >= 11 && n.contentsOf(n.in(0))) {
    Value x = n.in(0);
    if (lower)
      x = n.foldContents("onnx.max", x, lower);
    if (x && upper)
      x = n.foldContents("onnx.min", x, upper);
    if (x && n.dimsOf(x) == n.dims(0))
      return n.set(0, x);
  }
  lower = clipBound(n, 1, "min");
  upper = clipBound(n, 2, "max");
  return n.set(0, n.emit<ClipOp>(n.tensor(n.dims(0), n.elem(0)), n.in(0),
                                 lower, upper));
}

LogicalResult gelu(NodeContext &n) {
  std::string mode = n.stringAttr("approximate", "none");
  if (mode != "none" && mode != "tanh")
    return n.unsupported("approximate = " + mode);
  if (failed(requireFloat(n, 0)))
    return failure();
  return n.set(0, n.emit<GeluOp>(n.tensor(n.dims(0), n.elem(0)), n.in(0),
                                 mode == "tanh"));
}

/// x * sigmoid(alpha x): ONNX Swish and com.microsoft QuickGelu.
LogicalResult swish(NodeContext &n) {
  float alpha = n.floatAttr("alpha", n.node.domain.empty() ? 1.0f : 1.702f);
  if (failed(requireFloat(n, 0)))
    return failure();
  return n.set(0, n.emit<QuickGeluOp>(n.tensor(n.dims(0), n.elem(0)), n.in(0),
                                      APFloat(alpha), APFloat(0.0f)));
}

LogicalResult castTo(NodeContext &n, Type elem) {
  // Where the type cannot hold the contents, the op stays.
  if (auto contents = n.contentsOf(n.in(0))) {
    if (elem.isInteger(1))
      for (AffineExpr &element : *contents) {
        auto isZero = equalExtents(element, n.number(0));
        element = isZero ? n.number(!*isZero) : AffineExpr();
      }
    if (Value folded = n.materialize(*contents, n.dims(0), elem))
      return n.set(0, folded);
  }
  return n.set(0, n.cast(n.in(0), elem));
}

LogicalResult castOp(NodeContext &n) {
  ElemType target = ElemType::Undefined;
  if (const Attribute *to = n.attr("to"); to && to->type == AttrType::Int)
    target = static_cast<ElemType>(to->i);
  else if (to && to->type == AttrType::String)
    return n.unsupported("a type by name, as before opset 6");
  Type elem = elementType(target, n.context());
  if (!elem)
    return n.unsupported("to type " + elemTypeName(target));
  if (n.intAttr("saturate", 1) != 1 && elem.getIntOrFloatBitWidth() <= 8 &&
      isa<FloatType>(elem))
    return n.unsupported("saturate = 0");
  if (n.stringAttr("round_mode", "up") != "up")
    return n.unsupported("round_mode");
  return castTo(n, elem);
}

LogicalResult castLike(NodeContext &n) {
  if (n.intAttr("saturate", 1) != 1 &&
      n.elem(1).getIntOrFloatBitWidth() <= 8 && isa<FloatType>(n.elem(1)))
    return n.unsupported("saturate = 0");
  if (n.stringAttr("round_mode", "up") != "up")
    return n.unsupported("round_mode");
  return castTo(n, n.elem(1));
}

/// Where on contents: the exporters' way to spell "-1 means keep".
Value foldedWhere(NodeContext &n) {
  auto condition = n.integersIn(n.in(0));
  auto yes = n.contentsOf(n.in(1)), no = n.contentsOf(n.in(2));
  if (!condition || !yes || !no)
    return {};
  auto dims = n.broadcast(n.dims(1), n.dims(2));
  if (dims)
    dims = n.broadcast(n.dims(0), *dims);
  if (!dims || !countOf(*dims, Emitter::maxContents))
    return {};
  SmallVector<int64_t> shape;
  for (AffineExpr dim : *dims)
    shape.push_back(*constantExtent(dim));
  auto at = [&](unsigned i) {
    return broadcastIndices(n.typeOf(n.in(i)).getShape(), shape);
  };
  Contents contents;
  for (auto [c, y, x] : llvm::zip(at(0), at(1), at(2)))
    contents.push_back((*condition)[c] ? (*yes)[y] : (*no)[x]);
  return n.materialize(contents, *dims, n.elem(1));
}

LogicalResult whereOp(NodeContext &n) {
  if (failed(requireBool(n, 0)))
    return failure();
  if (n.elem(1) != n.elem(2))
    return n.fail(Code::UnsupportedType, "the element types differ");
  if (Value folded = foldedWhere(n))
    return n.set(0, folded);
  return n.set(0, n.where(n.in(0), n.in(1), n.in(2)));
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
      {"", "PRelu", 2, 2, prelu},
      {"", "Elu", 1, 1, activation, "onnx.elu"},
      {"", "Celu", 1, 1, activation, "onnx.celu"},
      {"", "Selu", 1, 1, activation, "onnx.selu"},
      {"", "LeakyRelu", 1, 1, activation, "onnx.leaky_relu"},
      {"", "HardSigmoid", 1, 1, activation, "onnx.hard_sigmoid"},
      {"", "ThresholdedRelu", 1, 1, activation, "onnx.thresholded_relu"},
      {"", "Clip", 1, 3, clip},
      {"", "Gelu", 1, 1, gelu},
      {"com.microsoft", "Gelu", 1, 1, gelu},
      {"", "Swish", 1, 1, swish},
      {"com.microsoft", "QuickGelu", 1, 1, swish},
      {"", "Cast", 1, 1, castOp},
      {"", "CastLike", 2, 2, castLike},
      {"", "Where", 3, 3, whereOp},
  };
  return rows;
}

} // namespace llmc::onnx
