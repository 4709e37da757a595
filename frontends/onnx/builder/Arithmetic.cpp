#include "frontends/onnx/builder/Arithmetic.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace llmc::onnx {

/// Integer division rounds towards 0, as floor division does from 0 on.
static AffineExpr divide(AffineExpr a, AffineExpr b, Type elementType) {
  if (constantExtent(b) == 0)
    return {};
  if (AffineExpr exact = divideExactly(a, b))
    return exact;
  if (!isa<IntegerType>(elementType))
    return {};
  auto x = constantExtent(a), y = constantExtent(b);
  if (x && y && *x != INT64_MIN)
    return getAffineConstantExpr(*x / *y, a.getContext());
  auto low = lowerBound(a), divisor = lowerBound(b);
  if (!low || *low < 0 || !divisor || *divisor < 0)
    return {};
  return floorDivExtents(a, b);
}

AffineExpr foldBinary(StringRef op, AffineExpr a, AffineExpr b,
                      Type elementType) {
  enum class Kind {
    Other,
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    And,
    Or,
    Xor,
    Eq,
    Gt,
    Lt,
    Ge,
    Le
  };
  Kind kind = llvm::StringSwitch<Kind>(op)
                  .Case("onnx.add", Kind::Add)
                  .Case("onnx.sub", Kind::Sub)
                  .Case("onnx.mul", Kind::Mul)
                  .Case("onnx.div", Kind::Div)
                  .Case("onnx.min", Kind::Min)
                  .Case("onnx.max", Kind::Max)
                  .Case("onnx.and", Kind::And)
                  .Case("onnx.or", Kind::Or)
                  .Case("onnx.xor", Kind::Xor)
                  .Case("onnx.equal", Kind::Eq)
                  .Case("onnx.greater", Kind::Gt)
                  .Case("onnx.less", Kind::Lt)
                  .Case("onnx.greater_or_equal", Kind::Ge)
                  .Case("onnx.less_or_equal", Kind::Le)
                  .Default(Kind::Other);
  if (!a || !b)
    return {};
  MLIRContext *context = a.getContext();
  auto flag = [&](std::optional<bool> value) {
    return value ? getAffineConstantExpr(*value, context) : AffineExpr();
  };
  auto opposite = [](std::optional<bool> value) {
    return value ? std::optional(!*value) : std::nullopt;
  };
  auto x = constantExtent(a), y = constantExtent(b);
  switch (kind) {
  case Kind::Add:
    return addExtents(a, b);
  case Kind::Sub:
    return subExtents(a, b);
  case Kind::Mul:
    return mulExtents(a, b);
  case Kind::Div:
    return divide(a, b, elementType);
  case Kind::Min:
  case Kind::Max: {
    auto ordered = atMost(a, b);
    if (!ordered && atMost(b, a) == std::optional(true))
      ordered = false;
    if (!ordered)
      return {};
    return *ordered == (kind == Kind::Min) ? a : b;
  }
  // One known operand can decide: false and x, true or x.
  case Kind::And:
    return x && y ? flag(*x && *y) : AffineExpr();
  case Kind::Or:
    return x && y ? flag(*x || *y) : AffineExpr();
  case Kind::Xor:
    return x && y ? flag(*x != *y) : AffineExpr();
  case Kind::Eq:
    return flag(equalExtents(a, b));
  case Kind::Gt:
    return flag(opposite(atMost(a, b)));
  case Kind::Lt:
    return flag(opposite(atMost(b, a)));
  case Kind::Ge:
    return flag(atMost(b, a));
  case Kind::Le:
    return flag(atMost(a, b));
  case Kind::Other:
    return {};
  }
  return {};
}

AffineExpr foldUnary(StringRef op, AffineExpr a, Type elementType) {
  if (!a)
    return {};
  AffineExpr zero = getAffineConstantExpr(0, a.getContext());
  if (op == "onnx.neg")
    return subExtents(zero, a);
  if (op == "onnx.abs") {
    if (atMost(zero, a) == std::optional(true))
      return a;
    return atMost(a, zero) == std::optional(true) ? subExtents(zero, a)
                                                  : AffineExpr();
  }
  if (op == "onnx.not") {
    auto value = constantExtent(a);
    return value ? getAffineConstantExpr(!*value, a.getContext())
                 : AffineExpr();
  }
  if (op == "onnx.floor" || op == "onnx.ceil" || op == "onnx.round")
    return a;
  return {};
}

Value Emitter::foldContents(StringRef op, Value lhs, Value rhs,
                            Type elementType) {
  auto left = contentsOf(lhs), right = contentsOf(rhs);
  if (!left || !right)
    return {};
  auto dims = broadcast(dimsOf(lhs), dimsOf(rhs));
  if (!dims || !countOf(*dims, maxContents))
    return {};
  SmallVector<int64_t> shape;
  for (AffineExpr dim : *dims)
    shape.push_back(*constantExtent(dim));
  auto lefts = broadcastIndices(typeOf(lhs).getShape(), shape);
  auto rights = broadcastIndices(typeOf(rhs).getShape(), shape);
  Contents contents;
  for (auto [i, j] : llvm::zip(lefts, rights)) {
    AffineExpr element = foldBinary(op, (*left)[i], (*right)[j], elemOf(lhs));
    if (!element)
      return {};
    contents.push_back(element);
  }
  return materialize(contents, *dims, elementType ? elementType : elemOf(lhs));
}

SmallVector<size_t> broadcastIndices(ArrayRef<int64_t> input,
                                     ArrayRef<int64_t> result) {
  size_t count = 1;
  for (int64_t extent : result)
    count *= extent;
  // The input's stride along each result dimension, 0 where it is repeated.
  SmallVector<size_t> strides(result.size(), 0);
  size_t stride = 1;
  for (size_t i = 0; i < input.size() && i < result.size(); ++i) {
    int64_t extent = input[input.size() - 1 - i];
    if (extent != 1)
      strides[result.size() - 1 - i] = stride;
    stride *= extent;
  }
  SmallVector<size_t> indices(count);
  for (size_t flat = 0; flat < count; ++flat) {
    size_t rest = flat;
    for (size_t i = result.size(); i-- > 0;) {
      indices[flat] += rest % result[i] * strides[i];
      rest /= result[i];
    }
  }
  return indices;
}

std::optional<size_t> countOf(ArrayRef<AffineExpr> dims, size_t limit) {
  size_t count = 1;
  bool empty = false;
  for (AffineExpr dim : dims) {
    auto extent = constantExtent(dim);
    if (!extent || *extent < 0)
      return std::nullopt;
    empty |= *extent == 0;
    if (*extent > 0 && static_cast<size_t>(*extent) > limit)
      return std::nullopt;
    if (*extent > 0)
      count *= *extent;
    if (count > limit)
      return std::nullopt;
  }
  return empty ? 0 : count;
}

} // namespace llmc::onnx
