#include "frontends/onnx/builder/Emitter.h"

#include "frontends/onnx/builder/Types.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace llmc::onnx {

RankedTensorType Emitter::typeOf(Value value) {
  return value ? dyn_cast<RankedTensorType>(value.getType())
               : RankedTensorType();
}

Type Emitter::elemOf(Value value) {
  RankedTensorType type = typeOf(value);
  return type ? type.getElementType() : Type();
}

Dims Emitter::dimsOf(Value value) {
  RankedTensorType type = typeOf(value);
  return type ? symbolicDims(type) : Dims();
}

int64_t Emitter::rankOf(Value value) {
  RankedTensorType type = typeOf(value);
  return type ? type.getRank() : 0;
}

std::string Emitter::describe(Value value) const {
  return value ? describeType(value.getType(), state.symbols.names()) : "none";
}

std::string Emitter::describe(AffineExpr extent) const {
  return describeExtent(extent, state.symbols.names());
}

std::optional<Contents> Emitter::contentsOf(Value value) {
  RankedTensorType type = typeOf(value);
  if (!type || !type.hasStaticShape())
    return std::nullopt;
  if (auto found = state.contents.find(value); found != state.contents.end())
    return found->second;
  auto constant = value.getDefiningOp<ConstantOp>();
  auto elements =
      constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
  if (!elements)
    return std::nullopt;
  // Floats are followed only as scalars and shapes, not as weights.
  auto values = integersOf(
      elements, isa<FloatType>(type.getElementType()) ? 8 : maxContents);
  if (!values)
    return std::nullopt;
  Contents contents;
  for (int64_t element : *values)
    contents.push_back(number(element));
  return contents;
}

std::optional<SmallVector<int64_t>> Emitter::integersIn(Value value) {
  auto contents = contentsOf(value);
  if (!contents)
    return std::nullopt;
  SmallVector<int64_t> integers;
  for (AffineExpr element : *contents) {
    auto integer = constantExtent(element);
    if (!integer)
      return std::nullopt;
    integers.push_back(*integer);
  }
  return integers;
}

RankedTensorType Emitter::tensor(ArrayRef<AffineExpr> dims, Type elementType) {
  constexpr size_t maxRank = 64;
  if (!elementType)
    return {};
  if (dims.size() > maxRank) {
    (void)fail(Code::TooLarge, "a tensor of rank " + Twine(dims.size()));
    return {};
  }
  int64_t count = 1;
  for (AffineExpr dim : dims) {
    if (!dim) {
      (void)fail(Code::TooLarge, "an extent grows beyond what is followed");
      return {};
    }
    auto constant = constantExtent(dim);
    if (constant ? *constant < 0 : !state.symbols.assumeNonNegative(dim)) {
      (void)mismatch("an extent would be " + describe(dim));
      return {};
    }
    if (constant && *constant > 0 &&
        (llvm::MulOverflow(count, *constant, count) || count > (1ll << 56))) {
      (void)fail(Code::TooLarge, "a tensor of more than 2^56 elements");
      return {};
    }
  }
  return symbolicTensorType(dims, elementType);
}

bool Emitter::equate(AffineExpr a, AffineExpr b, const Twine &what) {
  if (a == b)
    return true;
  if (!a || !b) {
    (void)fail(Code::TooLarge, "an extent grows beyond what is followed");
    return false;
  }
  if (state.symbols.equate(a, b))
    return true;
  (void)mismatch(what + " differ: " + describe(a) + " and " + describe(b));
  return false;
}

std::optional<Dims> Emitter::broadcast(ArrayRef<AffineExpr> a,
                                       ArrayRef<AffineExpr> b) {
  Dims result(std::max(a.size(), b.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    AffineExpr &dim = result[result.size() - 1 - i];
    AffineExpr left = i < a.size() ? a[a.size() - 1 - i] : number(1);
    AffineExpr right = i < b.size() ? b[b.size() - 1 - i] : number(1);
    if (left == right || constantExtent(right) == 1) {
      dim = left;
    } else if (constantExtent(left) == 1) {
      dim = right;
    } else {
      if (!equate(left, right, "broadcast extents"))
        return std::nullopt;
      dim = constantExtent(right) ? right : left;
    }
  }
  return result;
}

AffineExpr Emitter::product(ArrayRef<AffineExpr> dims) {
  AffineExpr total = number(1);
  for (AffineExpr dim : dims)
    total = mulExtents(total, dim);
  if (!total)
    (void)fail(Code::TooLarge, "an extent grows beyond what is followed");
  return total;
}

std::optional<int64_t> Emitter::axisOf(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    (void)mismatch("axis " + Twine(axis) + " is outside of rank " +
                   Twine(rank));
    return std::nullopt;
  }
  return axis < 0 ? axis + rank : axis;
}

std::optional<SmallVector<int64_t>> Emitter::axesOf(ArrayRef<int64_t> axes,
                                                    int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t axis : axes) {
    auto normal = axisOf(axis, rank);
    if (!normal)
      return std::nullopt;
    result.push_back(*normal);
  }
  llvm::sort(result);
  if (std::adjacent_find(result.begin(), result.end()) != result.end()) {
    (void)mismatch("an axis is listed twice");
    return std::nullopt;
  }
  return result;
}

Value Emitter::none() {
  return NoneOp::create(builder, location, builder.getNoneType());
}

Value Emitter::constant(DenseElementsAttr value) {
  return value ? ConstantOp::create(builder, location, value).getResult()
               : Value();
}

Value Emitter::scalar(double value, Type elementType) {
  if (!elementType)
    return {};
  Value result =
      constant(denseSplat(RankedTensorType::get({}, elementType), value));
  if (!result)
    (void)fail(Code::UnsupportedType, "a constant does not fit its type");
  return result;
}

Value Emitter::integers(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getI64Type());
  return constant(denseIntegers(type, values));
}

Value Emitter::materialize(const Contents &contents, ArrayRef<AffineExpr> dims,
                           Type elementType) {
  if (contents.size() > maxContents || !elementType ||
      llvm::is_contained(contents, AffineExpr()))
    return {};
  int64_t count = 1;
  SmallVector<int64_t> shape;
  for (AffineExpr dim : dims) {
    auto extent = constantExtent(dim);
    if (!extent || *extent < 0)
      return {};
    shape.push_back(*extent);
    count *= std::min<int64_t>(*extent, maxContents + 1);
    if (count > static_cast<int64_t>(maxContents))
      return {};
  }
  if (count != static_cast<int64_t>(contents.size()))
    return {};
  SmallVector<int64_t> constants;
  for (AffineExpr element : contents)
    if (auto value = constantExtent(element))
      constants.push_back(*value);
  if (constants.size() == contents.size())
    return constant(
        denseIntegers(RankedTensorType::get(shape, elementType), constants));
  if (elementType.isInteger(1) || contents.empty())
    return {};

  SmallVector<int64_t> flat;
  if (!shape.empty())
    flat.push_back(count);
  Value value = DimensionsOp::create(
      builder, location, RankedTensorType::get(flat, builder.getI64Type()),
      mapOf(contents));
  if (shape.size() > 1)
    value = reshape(value, dims);
  value = cast(value, elementType);
  if (value)
    state.contents[value] = contents;
  return value;
}

AffineMap Emitter::mapOf(ArrayRef<AffineExpr> results) {
  unsigned symbols = 0;
  for (AffineExpr result : results)
    for (unsigned position : symbolsOf(result))
      symbols = std::max(symbols, position + 1);
  return AffineMap::get(0, symbols, results, context());
}

Value Emitter::finish(Operation *op) {
  DenseElementsAttr elements = state.folder.fold(op);
  if (!elements)
    return op->getResult(0);
  op->erase();
  return constant(elements);
}

} // namespace llmc::onnx
