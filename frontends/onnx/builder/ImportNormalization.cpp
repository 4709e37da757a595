/// Normalizations: the standard's, ONNX Runtime's, and those that are spelled
/// out in arithmetic because no model of interest depends on their speed.
#include "frontends/onnx/builder/NodeContext.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

/// Statistics are taken in f32 unless the data is wider.
Value widened(NodeContext &n, Value x) {
  Type elem = n.elemOf(x);
  return elem && elem.isF64() ? x : n.cast(x, n.builder.getF32Type());
}

SmallVector<int64_t> axesFrom(int64_t axis, int64_t rank) {
  SmallVector<int64_t> axes;
  for (int64_t i = axis; i < rank; ++i)
    axes.push_back(i);
  return axes;
}

/// 1 / sqrt(mean(square(x)) + epsilon), reduced dimensions kept as 1.
Value inverseDeviation(NodeContext &n, Value x, ArrayRef<int64_t> axes,
                       float epsilon) {
  Value square = n.binary("onnx.mul", x, x);
  Value mean = n.reduceMean(square, axes);
  Value shifted =
      mean ? n.binary("onnx.add", mean, n.scalar(epsilon, n.elemOf(mean)))
           : Value();
  return n.unary("onnx.reciprocal", n.unary("onnx.sqrt", shifted));
}

/// Whether the dimensions of \p scale fit those of \p x from the right.
bool scaleFits(NodeContext &n, Value x, Value scale) {
  auto dims = n.broadcast(n.dimsOf(x), n.dimsOf(scale));
  if (!dims)
    return false;
  if (dims->size() == n.dimsOf(x).size())
    return true;
  (void)n.mismatch("the scale does not broadcast to the data");
  return false;
}

/// The result of a layer or RMS normalization and, where wanted, what it
/// divides by. \p bias may be null.
LogicalResult normalize(NodeContext &n, Value x, Value scale, Value bias,
                        int64_t axis, float epsilon, bool rms, int meanOutput,
                        int deviationOutput) {
  if (!x || !scale)
    return failure();
  if (!isa<FloatType>(n.elemOf(x)))
    return n.fail(Code::UnsupportedType, "it takes floating-point elements");
  // Mixed types (f32 data, f16 scale) occur in ONNX Runtime's own operator.
  Value fitted = n.cast(scale, n.elemOf(x));
  Value fittedBias = bias ? n.cast(bias, n.elemOf(x)) : n.none();
  if (!scaleFits(n, x, fitted) || (bias && !scaleFits(n, x, fittedBias)))
    return failure();
  RankedTensorType type = n.typeOf(x);
  Value result =
      rms ? n.emit<RmsNormalizationOp>(type, x, fitted, axis, APFloat(epsilon))
          : n.emit<LayerNormalizationOp>(type, x, fitted, fittedBias, axis,
                                         APFloat(epsilon));
  // The RMS form has no bias; ONNX Runtime adds one after it.
  if (rms && bias)
    result = n.binary("onnx.add", result, fittedBias);
  if (failed(n.set(0, result)))
    return failure();
  bool mean = meanOutput > 0 && n.wants(meanOutput);
  bool deviation = deviationOutput > 0 && n.wants(deviationOutput);
  if (!mean && !deviation)
    return success();
  SmallVector<int64_t> axes = axesFrom(axis, n.rankOf(x));
  Value wide = widened(n, x);
  Value center = rms ? Value() : n.reduceMean(wide, axes);
  if (mean && failed(n.set(meanOutput, center)))
    return failure();
  if (!deviation)
    return success();
  if (!rms)
    wide = n.binary("onnx.sub", wide, center);
  return n.set(deviationOutput, inverseDeviation(n, wide, axes, epsilon));
}

LogicalResult layerNormalization(NodeContext &n) {
  auto axis = n.axisOf(n.intAttr("axis", -1), n.rank(0));
  float epsilon = n.floatAttr("epsilon", 1e-5f);
  n.ignoreAttrs({"stash_type"});
  if (!axis)
    return failure();
  return normalize(n, n.in(0), n.in(1), n.in(2), *axis, epsilon, false, 1, 2);
}

/// RMSNormalization, and SimplifiedLayerNormalization of ONNX Runtime, which
/// has a second output.
LogicalResult rmsNormalization(NodeContext &n) {
  auto axis = n.axisOf(n.intAttr("axis", -1), n.rank(0));
  float epsilon = n.floatAttr("epsilon", 1e-5f);
  n.ignoreAttrs({"stash_type"});
  if (!axis)
    return failure();
  return normalize(n, n.in(0), n.in(1), {}, *axis, epsilon, true, -1, 1);
}

/// com.microsoft SkipLayerNormalization(input, skip, gamma, beta, bias) and
/// its simplified form without beta: the sum goes out as output 3.
LogicalResult skipNormalization(NodeContext &n) {
  bool rms = n.row.target == "rms";
  float epsilon = n.floatAttr("epsilon", 1e-12f);
  unsigned biasInput = rms ? 3 : 4;
  if (n.elem(1) != n.elem(0) ||
      (n.has(biasInput) && n.elem(biasInput) != n.elem(0)))
    return n.fail(Code::UnsupportedType, "the element types differ");
  Value sum = n.binary("onnx.add", n.in(0), n.in(1));
  if (n.has(biasInput))
    sum = n.binary("onnx.add", sum, n.in(biasInput));
  if (!sum)
    return failure();
  if (n.rankOf(sum) < 1)
    return n.mismatch("it takes data of rank 1 at least");
  if (failed(n.set(3, sum)))
    return failure();
  return normalize(n, sum, n.in(2), rms ? Value() : n.in(3), n.rankOf(sum) - 1,
                   epsilon, rms, 1, 2);
}

/// A vector over the channels [C] as [C, 1, …] beside [N, C, …].
Value perChannel(NodeContext &n, Value vector, int64_t rank) {
  if (!vector)
    return {};
  Dims dims{n.product(n.dimsOf(vector))};
  for (int64_t i = 2; i < rank; ++i)
    dims.push_back(n.number(1));
  return n.reshape(vector, dims);
}

LogicalResult batchNormalization(NodeContext &n) {
  n.ignoreAttrs({"momentum", "spatial", "consumed_inputs", "is_test"});
  float epsilon = n.floatAttr("epsilon", 1e-5f);
  if (n.intAttr("training_mode", 0) || n.wants(1) ||
      n.intAttr("spatial", 1) != 1)
    return n.unsupported("training mode", Remedy::TrainingOp);
  int64_t rank = n.rank(0);
  if (rank < 1)
    return n.mismatch("it takes [N, C, ...]");
  Value scale = perChannel(n, n.in(1), rank),
        bias = perChannel(n, n.in(2), rank);
  Value mean = perChannel(n, n.in(3), rank);
  Value variance = perChannel(n, n.in(4), rank);
  if (!variance)
    return failure();
  Value deviation =
      n.unary("onnx.sqrt", n.binary("onnx.add", variance,
                                    n.scalar(epsilon, n.elemOf(variance))));
  Value x = n.binary("onnx.sub", n.in(0), n.cast(mean, n.elem(0)));
  x = n.binary("onnx.div", x, n.cast(deviation, n.elem(0)));
  x = n.binary("onnx.mul", x, n.cast(scale, n.elem(0)));
  return n.set(0, n.binary("onnx.add", x, n.cast(bias, n.elem(0))));
}

/// Subtracts the mean over \p axes and divides by the deviation.
Value standardized(NodeContext &n, Value x, ArrayRef<int64_t> axes,
                   float epsilon) {
  Value centered = n.binary("onnx.sub", x, n.reduceMean(x, axes));
  return n.binary("onnx.mul", centered,
                  inverseDeviation(n, centered, axes, epsilon));
}

LogicalResult instanceNormalization(NodeContext &n) {
  n.ignoreAttrs({"consumed_inputs"});
  float epsilon = n.floatAttr("epsilon", 1e-5f);
  int64_t rank = n.rank(0);
  if (rank < 3)
    return n.mismatch("it takes [N, C, ...]");
  Value x = standardized(n, widened(n, n.in(0)), axesFrom(2, rank), epsilon);
  x = n.binary("onnx.mul", n.cast(x, n.elem(0)), perChannel(n, n.in(1), rank));
  return n.set(0, n.binary("onnx.add", x, perChannel(n, n.in(2), rank)));
}

LogicalResult groupNormalization(NodeContext &n) {
  float epsilon = n.floatAttr("epsilon", 1e-5f);
  int64_t groups = n.intAttr("num_groups", 0), rank = n.rank(0);
  n.ignoreAttrs({"stash_type"});
  if (rank < 3 || groups < 1)
    return n.mismatch("it takes [N, C, ...] and a number of groups");
  if (n.version < 21)
    return n.unsupported("scales per group, as before opset 21");
  Dims dims = n.dims(0);
  AffineExpr perGroup = divideExactly(dims[1], n.number(groups));
  if (!perGroup)
    return n.mismatch("the groups do not divide the channels");
  Dims split{dims[0], n.number(groups), perGroup};
  split.append(dims.begin() + 2, dims.end());
  Value x = n.reshape(widened(n, n.in(0)), split);
  if (!x)
    return failure();
  x = standardized(n, x, axesFrom(2, rank + 1), epsilon);
  x = n.cast(n.reshape(x, dims), n.elem(0));
  x = n.binary("onnx.mul", x, perChannel(n, n.in(1), rank));
  return n.set(0, n.binary("onnx.add", x, perChannel(n, n.in(2), rank)));
}

LogicalResult lpNormalization(NodeContext &n) {
  auto axis = n.axisOf(n.intAttr("axis", -1), n.rank(0));
  int64_t p = n.intAttr("p", 2);
  if (!axis)
    return failure();
  if (p != 1 && p != 2)
    return n.unsupported("p = " + Twine(p));
  Dims dims = n.dims(0);
  dims[*axis] = n.number(1);
  RankedTensorType type = n.tensor(dims, n.elem(0));
  SmallVector<int64_t> axes{*axis};
  Value norm = p == 1 ? n.emit<ReduceL1Op>(type, n.in(0), axes, true)
                      : n.emit<ReduceL2Op>(type, n.in(0), axes, true);
  if (!norm)
    return failure();
  // A vector of zeros stays one.
  Value zero = n.scalar(0, n.elem(0));
  Value isZero = n.binary("onnx.equal", norm, zero, n.builder.getI1Type());
  return n.set(0, n.where(isZero, zero, n.binary("onnx.div", n.in(0), norm)));
}

LogicalResult meanVarianceNormalization(NodeContext &n) {
  auto given = n.intsAttr("axes").value_or(SmallVector<int64_t>{0, 2, 3});
  auto axes = n.axesOf(given, n.rank(0));
  if (!axes)
    return failure();
  Value x = n.in(0);
  Value centered = n.binary("onnx.sub", x, n.reduceMean(x, *axes));
  Value square = n.binary("onnx.mul", centered, centered);
  Value deviation = n.unary("onnx.sqrt", n.reduceMean(square, *axes));
  return n.set(
      0, n.binary("onnx.div", centered,
                  n.binary("onnx.add", deviation, n.scalar(1e-9, n.elem(0)))));
}

} // namespace

ArrayRef<OpRow> normalizationOps() {
  static const OpRow rows[] = {
      {"", "LayerNormalization", 2, 3, layerNormalization},
      {"", "RMSNormalization", 2, 2, rmsNormalization},
      {"", "SimplifiedLayerNormalization", 2, 2, rmsNormalization},
      {"com.microsoft", "SimplifiedLayerNormalization", 2, 2, rmsNormalization},
      {"com.microsoft", "LayerNormalization", 2, 3, layerNormalization},
      {"com.microsoft", "SkipLayerNormalization", 3, 5, skipNormalization,
       "layer"},
      {"com.microsoft", "SkipSimplifiedLayerNormalization", 3, 4,
       skipNormalization, "rms"},
      {"", "BatchNormalization", 5, 5, batchNormalization},
      {"", "InstanceNormalization", 3, 3, instanceNormalization},
      {"", "GroupNormalization", 3, 3, groupNormalization},
      {"", "LpNormalization", 1, 1, lpNormalization},
      {"", "MeanVarianceNormalization", 1, 1, meanVarianceNormalization},
  };
  return rows;
}

} // namespace llmc::onnx
