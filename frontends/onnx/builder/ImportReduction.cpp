/// Reductions, ArgMax, ArgMin, CumSum, TopK, Softmax.
#include "frontends/onnx/builder/Arithmetic.h"
#include "frontends/onnx/builder/NodeContext.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

/// The axes of a reduction: an attribute, later an input. nullopt with a
/// problem recorded.
std::optional<SmallVector<int64_t>> reductionAxes(NodeContext &n) {
  SmallVector<int64_t> axes;
  if (auto given = n.intsAttr("axes")) {
    axes = *given;
  } else if (n.has(1)) {
    auto input = n.constantInput(1, "axes");
    if (!input)
      return std::nullopt;
    axes = *input;
  }
  bool noop = n.intAttr("noop_with_empty_axes", 0);
  if (axes.empty() && !noop)
    axes = n.firstAxes(n.rank(0));
  return n.axesOf(axes, n.rank(0));
}

/// What the reduction over nothing does to each element.
Value reduceNothing(NodeContext &n) {
  StringRef op = n.row.target;
  Value x = n.in(0);
  if (op == "onnx.reduce_l1" || op == "onnx.reduce_l2")
    return n.unary("onnx.abs", x);
  if (op == "onnx.reduce_log_sum")
    return n.unary("onnx.log", x);
  if (op == "onnx.reduce_sum_square")
    return n.binary("onnx.mul", x, x);
  return x;
}

/// Reductions of vectors of extents; null where they are not known.
Value reducedContents(NodeContext &n, ArrayRef<AffineExpr> dims) {
  auto contents = n.contentsOf(n.in(0));
  if (!contents || n.rank(0) != 1 || contents->empty())
    return {};
  StringRef op = llvm::StringSwitch<StringRef>(n.row.target)
                     .Case("onnx.reduce_sum", "onnx.add")
                     .Case("onnx.reduce_prod", "onnx.mul")
                     .Case("onnx.reduce_max", "onnx.max")
                     .Case("onnx.reduce_min", "onnx.min")
                     .Default("");
  AffineExpr total = contents->front();
  for (AffineExpr element : ArrayRef(*contents).drop_front())
    total =
        op.empty() ? AffineExpr() : foldBinary(op, total, element, n.elem(0));
  return n.materialize({total}, dims, n.elem(0));
}

LogicalResult reduceOp(NodeContext &n) {
  bool keepDims = n.intAttr("keepdims", 1);
  auto axes = reductionAxes(n);
  if (!axes)
    return failure();
  if (axes->empty())
    return n.set(0, reduceNothing(n));
  Dims dims = n.dims(0), result;
  for (auto [i, dim] : llvm::enumerate(dims))
    if (!llvm::is_contained(*axes, static_cast<int64_t>(i)))
      result.push_back(dim);
    else if (keepDims)
      result.push_back(n.number(1));
  if (Value folded = reducedContents(n, result))
    return n.set(0, folded);
  RankedTensorType type = n.tensor(result, n.elem(0));
  if (!type)
    return failure();
  OperationState op(n.location, n.row.target);
  op.addOperands(n.in(0));
  op.addTypes(type);
  op.addAttribute("axes", n.builder.getDenseI64ArrayAttr(*axes));
  op.addAttribute("keepdims", n.builder.getBoolAttr(keepDims));
  return n.set(0, n.finish(n.builder.create(op)));
}

LogicalResult argOp(NodeContext &n) {
  bool keepDims = n.intAttr("keepdims", 1);
  bool last = n.intAttr("select_last_index", 0);
  auto axis = n.axisOf(n.intAttr("axis", 0), n.rank(0));
  if (!axis)
    return failure();
  Dims dims = n.dims(0);
  if (keepDims)
    dims[*axis] = n.number(1);
  else
    dims.erase(dims.begin() + *axis);
  RankedTensorType type = n.tensor(dims, n.builder.getI64Type());
  return n.set(0, n.row.target == "onnx.arg_max"
                      ? n.emit<ArgMaxOp>(type, n.in(0), *axis, keepDims, last)
                      : n.emit<ArgMinOp>(type, n.in(0), *axis, keepDims, last));
}

LogicalResult cumSumOp(NodeContext &n) {
  auto given = n.constantInput(1, "the axis");
  if (!given)
    return failure();
  if (given->size() != 1)
    return n.mismatch("the axis must be a scalar");
  auto axis = n.axisOf(given->front(), n.rank(0));
  if (!axis)
    return failure();
  bool exclusive = n.intAttr("exclusive", 0), reverse = n.intAttr("reverse", 0);
  return n.set(0, n.emit<CumSumOp>(n.tensor(n.dims(0), n.elem(0)), n.in(0),
                                   *axis, exclusive, reverse));
}

LogicalResult topKOp(NodeContext &n) {
  auto axis = n.axisOf(n.intAttr("axis", -1), n.rank(0));
  bool largest = n.intAttr("largest", 1), sorted = n.intAttr("sorted", 1);
  if (!axis)
    return failure();
  AffineExpr count;
  if (n.version < 10) {
    count = n.number(n.intAttr("k", 0));
  } else if (!n.has(1)) {
    return n.fail(Code::BadModel, "the count is missing");
  } else {
    auto given = n.extentInput(1, "the count");
    if (!given)
      return failure();
    if (given->size() != 1)
      return n.mismatch("the count must be one number");
    count = given->front();
  }
  Dims dims = n.dims(0);
  if (atMost(count, dims[*axis]) == std::optional(false))
    return n.mismatch("the count " + n.describe(count) + " exceeds " +
                      n.describe(dims[*axis]));
  dims[*axis] = count;
  RankedTensorType values = n.tensor(dims, n.elem(0));
  RankedTensorType indices = n.tensor(dims, n.builder.getI64Type());
  if (!values || !indices)
    return failure();
  auto op = TopKOp::create(n.builder, n.location, values, indices, n.in(0),
                           *axis, largest, sorted);
  (void)n.set(0, op.getValues());
  return n.set(1, op.getIndices());
}

LogicalResult softmaxOp(NodeContext &n) {
  bool flattens = n.version < 13;
  int64_t rank = n.rank(0);
  auto axis = n.axisOf(n.intAttr("axis", flattens ? 1 : -1), rank);
  if (!axis)
    return failure();
  if (!isa<FloatType>(n.elem(0)))
    return n.fail(Code::UnsupportedType, "it takes floating-point elements");
  Dims dims = n.dims(0);
  Value input = n.in(0);
  // Before opset 13 all dimensions from the axis on are one.
  bool reshapes = flattens && *axis != rank - 1;
  if (reshapes) {
    AffineExpr before = n.product(ArrayRef(dims).take_front(*axis));
    AffineExpr after = n.product(ArrayRef(dims).drop_front(*axis));
    if (!before || !after)
      return failure();
    input = n.reshape(input, {before, after});
    axis = 1;
  }
  RankedTensorType type = n.typeOf(input);
  Value result = n.row.target == "onnx.softmax"
                     ? n.emit<SoftmaxOp>(type, input, *axis)
                     : n.emit<LogSoftmaxOp>(type, input, *axis);
  return n.set(0, reshapes ? n.reshape(result, dims) : result);
}

} // namespace

ArrayRef<OpRow> reductionOps() {
  static const OpRow rows[] = {
      {"", "ReduceSum", 1, 2, reduceOp, "onnx.reduce_sum"},
      {"", "ReduceMean", 1, 2, reduceOp, "onnx.reduce_mean"},
      {"", "ReduceMax", 1, 2, reduceOp, "onnx.reduce_max"},
      {"", "ReduceMin", 1, 2, reduceOp, "onnx.reduce_min"},
      {"", "ReduceProd", 1, 2, reduceOp, "onnx.reduce_prod"},
      {"", "ReduceL1", 1, 2, reduceOp, "onnx.reduce_l1"},
      {"", "ReduceL2", 1, 2, reduceOp, "onnx.reduce_l2"},
      {"", "ReduceLogSum", 1, 2, reduceOp, "onnx.reduce_log_sum"},
      {"", "ReduceLogSumExp", 1, 2, reduceOp, "onnx.reduce_log_sum_exp"},
      {"", "ReduceSumSquare", 1, 2, reduceOp, "onnx.reduce_sum_square"},
      {"", "ArgMax", 1, 1, argOp, "onnx.arg_max"},
      {"", "ArgMin", 1, 1, argOp, "onnx.arg_min"},
      {"", "CumSum", 2, 2, cumSumOp},
      {"", "TopK", 1, 2, topKOp},
      {"", "Softmax", 1, 1, softmaxOp, "onnx.softmax"},
      {"", "LogSoftmax", 1, 1, softmaxOp, "onnx.log_softmax"},
  };
  return rows;
}

} // namespace llmc::onnx
