/// Activations with parameters, and Clip.
#include "frontends/onnx/builder/Arithmetic.h"
#include "frontends/onnx/builder/NodeContext.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

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
  if (failed(n.requireFloat(0)))
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
  if (failed(n.requireNumber(0)))
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
  return n.set(
      0, n.emit<ClipOp>(n.tensor(n.dims(0), n.elem(0)), n.in(0), lower, upper));
}

LogicalResult gelu(NodeContext &n) {
  std::string mode = n.stringAttr("approximate", "none");
  if (mode != "none" && mode != "tanh")
    return n.unsupported("approximate = " + mode);
  if (failed(n.requireFloat(0)))
    return failure();
  return n.set(0, n.emit<GeluOp>(n.tensor(n.dims(0), n.elem(0)), n.in(0),
                                 mode == "tanh"));
}

/// x * sigmoid(alpha x): ONNX Swish and com.microsoft QuickGelu.
LogicalResult swish(NodeContext &n) {
  float alpha = n.floatAttr("alpha", n.node.domain.empty() ? 1.0f : 1.702f);
  if (failed(n.requireFloat(0)))
    return failure();
  return n.set(0, n.emit<QuickGeluOp>(n.tensor(n.dims(0), n.elem(0)), n.in(0),
                                      APFloat(alpha), APFloat(0.0f)));
}

} // namespace

ArrayRef<OpRow> activationOps() {
  static const OpRow rows[] = {
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
  };
  return rows;
}

} // namespace llmc::onnx
