/// Operators that are a few others: variadic sums, biased activations.
#include "frontends/onnx/builder/NodeContext.h"

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
    total = n.binary("onnx.div", total,
                     n.scalar(n.inputCount(), n.elem(0)));
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

} // namespace

ArrayRef<OpRow> compositeOps() {
  static const OpRow rows[] = {
      {"", "Sum", 1, 255, variadic, "onnx.add"},
      {"", "Mean", 1, 255, variadic, "mean"},
      {"", "Max", 1, 255, variadic, "onnx.max"},
      {"", "Min", 1, 255, variadic, "onnx.min"},
      {"com.microsoft", "BiasGelu", 2, 2, biasGelu, "erf"},
      {"com.microsoft", "FastGelu", 1, 2, biasGelu, "tanh"},
  };
  return rows;
}

} // namespace llmc::onnx
