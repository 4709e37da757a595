/// Constants, and operators whose result follows from shapes alone.
#include "frontends/onnx/builder/Arithmetic.h"
#include "frontends/onnx/builder/NodeContext.h"
#include "frontends/onnx/builder/Types.h"

#include <cmath>

using namespace mlir;

namespace llmc::onnx {

namespace {

LogicalResult constantOp(NodeContext &n) {
  MLIRContext *context = n.context();
  std::string name = n.node.outputs.empty() ? "" : n.node.outputs[0];
  if (const Attribute *tensor = n.attr("value")) {
    if (tensor->type != AttrType::Tensor || !tensor->t)
      return n.unsupported("value of kind " + attrTypeName(tensor->type));
    Value value = n.state.importTensor(*tensor->t, name);
    // The tensor has been listed already.
    return value ? n.set(0, value)
                 : n.unsupported("elements of type " +
                                 elemTypeName(tensor->t->type));
  }
  auto typeOfLength = [&](size_t length, bool isScalar, Type elem) {
    SmallVector<int64_t> shape;
    if (!isScalar)
      shape.push_back(length);
    return RankedTensorType::get(shape, elem);
  };
  for (std::string_view kind : {"value_int", "value_ints"})
    if (const Attribute *list = n.attr(kind)) {
      bool isScalar = list->type == AttrType::Int;
      if (!isScalar && list->type != AttrType::Ints)
        return n.fail(Code::BadModel, "the value is of another kind");
      SmallVector<int64_t> values(list->ints.begin(), list->ints.end());
      if (isScalar)
        values = {list->i};
      return n.set(0, n.constant(denseIntegers(
                          typeOfLength(values.size(), isScalar,
                                       IntegerType::get(context, 64)),
                          values)));
    }
  for (std::string_view kind : {"value_float", "value_floats"})
    if (const Attribute *list = n.attr(kind)) {
      bool isScalar = list->type == AttrType::Float;
      if (!isScalar && list->type != AttrType::Floats)
        return n.fail(Code::BadModel, "the value is of another kind");
      SmallVector<float> values(list->floats.begin(), list->floats.end());
      if (isScalar)
        values = {list->f};
      return n.set(0, n.constant(DenseElementsAttr::get(
                          typeOfLength(values.size(), isScalar,
                                       Float32Type::get(context)),
                          ArrayRef<float>(values))));
    }
  // The reader hands a sparse tensor over dense.
  if (const Attribute *sparse = n.attr("sparse_value"))
    if (sparse->type == AttrType::Tensor && sparse->t)
      if (Value value = n.state.importTensor(*sparse->t, name))
        return n.set(0, value);
  return n.unsupported("a constant of strings, or without a value");
}

LogicalResult identity(NodeContext &n) {
  n.ignoreAttrs({"consumed_inputs"});
  return n.set(0, n.in(0));
}

LogicalResult dropout(NodeContext &n) {
  n.ignoreAttrs({"consumed_inputs", "is_test", "ratio", "seed"});
  if (n.has(2)) {
    auto training = n.integersIn(n.in(2));
    if (!training || training->size() != 1 || training->front() != 0)
      return n.unsupported("training_mode is not constantly false",
                           Remedy::TrainingOp);
  }
  if (n.wants(1)) {
    // Nothing is dropped. Before opset 10 the mask has the data's type.
    Type elem = n.version < 10 ? n.elem(0) : Type(n.builder.getI1Type());
    if (failed(n.set(1, n.expand(n.scalar(1, elem), n.dims(0)))))
      return failure();
  }
  return n.set(0, n.in(0));
}

LogicalResult constantOfShape(NodeContext &n) {
  Value fill;
  if (const Attribute *value = n.attr("value")) {
    if (value->type != AttrType::Tensor || !value->t || value->t->count != 1)
      return n.fail(Code::BadModel, "value must be a tensor of one element");
    fill = n.state.importTensor(*value->t, "value");
    fill = n.reshape(fill, {});
  } else {
    fill = n.scalar(0, n.builder.getF32Type());
  }
  auto shape = n.extentInput(0, "the shape");
  if (!shape || !fill)
    return failure();
  if (n.rank(0) != 1)
    return n.mismatch("the shape must be of rank 1");
  // Small integer tensors are shape arithmetic to come.
  if (auto element = n.contentsOf(fill))
    if (auto count = countOf(*shape, 64))
      if (Value folded = n.materialize(Contents(*count, element->front()),
                                       *shape, n.elemOf(fill)))
        return n.set(0, folded);
  return n.set(0, n.expand(fill, *shape));
}

LogicalResult shapeOp(NodeContext &n) {
  int64_t rank = n.rank(0);
  auto clamp = [&](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  int64_t start = clamp(n.intAttr("start", 0));
  int64_t end = clamp(n.intAttr("end", rank));
  Dims dims = n.dims(0);
  Contents contents;
  for (int64_t axis = start; axis < end; ++axis)
    contents.push_back(dims[axis]);
  return n.set(0, n.materialize(contents, n.number(contents.size()),
                                n.builder.getI64Type()));
}

LogicalResult sizeOp(NodeContext &n) {
  AffineExpr count = n.product(n.dims(0));
  if (!count)
    return failure();
  return n.set(0, n.materialize({count}, {}, n.builder.getI64Type()));
}

/// The value of a constant scalar of floats.
std::optional<double> floatIn(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto elements =
      constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
  if (!elements || elements.getNumElements() != 1 ||
      !isa<FloatType>(elements.getElementType()))
    return std::nullopt;
  APFloat element = *elements.getValues<APFloat>().begin();
  bool lossy = false;
  element.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
  return element.convertToDouble();
}

/// The extent of a range of constant floats.
AffineExpr floatRangeExtent(NodeContext &n) {
  auto start = floatIn(n.in(0)), limit = floatIn(n.in(1));
  auto delta = floatIn(n.in(2));
  if (!start || !limit || !delta)
    return {};
  double extent = std::max(std::ceil((*limit - *start) / *delta), 0.0);
  // Also refuses what is not a number.
  return extent < 1e15 ? n.number(static_cast<int64_t>(extent)) : AffineExpr();
}

LogicalResult rangeOp(NodeContext &n) {
  Type elem = n.elem(0);
  if (n.elem(1) != elem || n.elem(2) != elem)
    return n.fail(Code::UnsupportedType, "the element types differ");
  for (unsigned i = 0; i < 3; ++i)
    if (n.rank(i) > 1 || !countOf(n.dims(i), 1))
      return n.mismatch("start, limit and delta must be scalars");
  AffineExpr extent;
  auto delta = n.integersIn(n.in(2));
  auto start = n.contentsOf(n.in(0)), limit = n.contentsOf(n.in(1));
  if (start && limit && delta && start->size() == 1 && limit->size() == 1 &&
      delta->size() == 1) {
    int64_t step = delta->front();
    if (step == 0 || step == INT64_MIN)
      return n.mismatch("delta must not be 0");
    AffineExpr length = step > 0 ? subExtents(limit->front(), start->front())
                                 : subExtents(start->front(), limit->front());
    auto most = upperBound(length);
    extent = most && *most <= 0
                 ? n.number(0)
                 : ceilDivExtents(length, n.number(step > 0 ? step : -step));
  } else {
    extent = floatRangeExtent(n);
  }
  if (!extent)
    return n.failed() ? failure()
                      : n.unsupported("its limits are computed from values",
                                      Remedy::DataShape);
  // A short range of known integers may go on into shape arithmetic.
  auto count = constantExtent(extent);
  if (count && *count <= 64 && start && delta) {
    Contents contents;
    AffineExpr next = start->front();
    for (int64_t i = 0; i < *count; ++i) {
      contents.push_back(next);
      next = addExtents(next, n.number(delta->front()));
    }
    if (Value folded = n.materialize(contents, extent, elem))
      return n.set(0, folded);
  }
  auto scalar = [&](unsigned i) { return n.reshape(n.in(i), {}); };
  return n.set(0, n.emit<RangeOp>(n.tensor(extent, elem), scalar(0), scalar(1),
                                  scalar(2)));
}

LogicalResult eyeLike(NodeContext &n) {
  Type elem = n.elem(0);
  if (n.hasAttr("dtype"))
    elem =
        elementType(static_cast<ElemType>(n.intAttr("dtype", 1)), n.context());
  if (!elem)
    return n.unsupported("of this dtype");
  if (n.rank(0) != 2)
    return n.mismatch("it takes a matrix");
  return n.set(0, n.emit<EyeLikeOp>(n.tensor(n.dims(0), elem), n.in(0),
                                    n.intAttr("k", 0)));
}

} // namespace

ArrayRef<OpRow> constantOps() {
  static const OpRow rows[] = {
      {"", "Constant", 0, 0, constantOp},
      {"", "Identity", 1, 1, identity},
      {"", "Dropout", 1, 3, dropout},
      {"", "ConstantOfShape", 1, 1, constantOfShape},
      {"", "Shape", 1, 1, shapeOp},
      {"", "Size", 1, 1, sizeOp},
      {"", "Range", 3, 3, rangeOp},
      {"", "EyeLike", 1, 1, eyeLike},
  };
  return rows;
}

} // namespace llmc::onnx
