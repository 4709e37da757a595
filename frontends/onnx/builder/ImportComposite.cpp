/// Operators that are a few others: variadic sums, biased activations.
#include "frontends/onnx/builder/NodeContext.h"
#include "frontends/onnx/builder/Types.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

/// Sum, Mean, Max, Min of any number of inputs.
LogicalResult variadic(NodeContext &n) {
  n.ignoreAttrs({"consumed_inputs"});
  for (unsigned i = 0; i < n.inputCount(); ++i)
    if (!n.has(i) || n.elem(i) != n.elem(0))
      return n.fail(Code::UnsupportedType, "the element types differ");
  bool mean = n.row.target == "mean";
  StringRef op = mean ? StringRef("onnx.add") : n.row.target;
  Value total = n.in(0);
  for (unsigned i = 1; i < n.inputCount(); ++i) {
    Value next = n.foldContents(op, total, n.in(i));
    total = next ? next : n.binary(op, total, n.in(i));
  }
  if (mean)
    total = n.binary("onnx.div", total, n.scalar(n.inputCount(), n.elem(0)));
  return n.set(0, total);
}

/// FastGelu and BiasGelu: gelu(x + bias).
LogicalResult biasGelu(NodeContext &n) {
  Value x = n.in(0);
  if (n.has(1))
    x = n.binary("onnx.add", x, n.in(1));
  if (!x || !isa<FloatType>(n.elem(0)) || (n.has(1) && n.elem(1) != n.elem(0)))
    return n.fail(Code::UnsupportedType, "it takes floats of one type");
  return n.set(0, n.emit<GeluOp>(n.typeOf(x), x, n.row.target == "tanh"));
}

/// SwiGLU: swish(A) * B.
LogicalResult swiGlu(NodeContext &n) {
  float alpha = n.floatAttr("alpha", 1.0f);
  if (!isa<FloatType>(n.elem(0)) || n.elem(0) != n.elem(1))
    return n.fail(Code::UnsupportedType, "it takes floats of one type");
  Value gate = n.emit<QuickGeluOp>(n.typeOf(n.in(0)), n.in(0), APFloat(alpha),
                                   APFloat(0.0f));
  return n.set(0, n.binary("onnx.mul", gate, n.in(1)));
}

/// Hardmax: one where ArgMax points, else zero.
LogicalResult hardmax(NodeContext &n) {
  bool flattens = n.version < 13;
  int64_t rank = n.rank(0);
  auto axis = n.axisOf(n.intAttr("axis", flattens ? 1 : -1), rank);
  if (!axis)
    return failure();
  if (flattens && *axis != rank - 1)
    return n.unsupported("several axes at once, as before opset 13");
  Dims dims = n.dims(0), kept = dims;
  kept.erase(kept.begin() + *axis);
  Type i64 = n.builder.getI64Type();
  Value index =
      n.emit<ArgMaxOp>(n.tensor(kept, i64), n.in(0), *axis, false, false);
  Value depth = n.materialize({dims[*axis]}, {}, i64);
  Type elem = n.elem(0);
  auto pair = RankedTensorType::get({2}, elem);
  Value values = n.constant(denseIntegers(pair, {0, 1}));
  return n.set(
      0, n.emit<OneHotOp>(n.tensor(dims, elem), index, depth, values, *axis));
}

/// Shrink: x + bias below -lambd, x - bias above lambd, else 0.
LogicalResult shrink(NodeContext &n) {
  float bias = n.floatAttr("bias", 0.0f), lambda = n.floatAttr("lambd", 0.5f);
  Type elem = n.elem(0), i1 = n.builder.getI1Type();
  if (!isa<FloatType>(elem))
    return n.unsupported("on integers");
  Value x = n.in(0), offset = n.scalar(bias, elem);
  Value below = n.binary("onnx.less", x, n.scalar(-lambda, elem), i1);
  Value above = n.binary("onnx.greater", x, n.scalar(lambda, elem), i1);
  Value inner =
      n.where(above, n.binary("onnx.sub", x, offset), n.scalar(0, elem));
  return n.set(0, n.where(below, n.binary("onnx.add", x, offset), inner));
}

} // namespace

ArrayRef<OpRow> compositeOps() {
  static const OpRow rows[] = {
      {"", "Sum", 1, 255, variadic, "onnx.add"},
      {"", "Mean", 1, 255, variadic, "mean"},
      {"", "Max", 1, 255, variadic, "onnx.max"},
      {"", "Min", 1, 255, variadic, "onnx.min"},
      {"", "SwiGLU", 2, 2, swiGlu},
      {"", "Hardmax", 1, 1, hardmax},
      {"", "Shrink", 1, 1, shrink},
      {"com.microsoft", "BiasGelu", 2, 2, biasGelu, "erf"},
      {"com.microsoft", "FastGelu", 1, 2, biasGelu, "tanh"},
  };
  return rows;
}

} // namespace llmc::onnx
