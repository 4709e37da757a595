/// Reductions along dimensions: Reduce*, ArgMax, CumSum, TopK, Softmax.
#include "compiler/reference/Call.h"
#include "compiler/reference/Strided.h"
#include "dialects/onnx/OnnxOps.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace llmc::reference {

namespace {

using Floats = ArrayRef<double>;
using Ints = ArrayRef<int64_t>;

double sum(Floats values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}
double largest(Floats values) {
  double result = -INFINITY;
  for (double value : values)
    result = std::isnan(value) || value > result ? value : result;
  return llvm::any_of(values, [](double x) { return std::isnan(x); }) ? NAN : result;
}
double smallest(Floats values) {
  double result = INFINITY;
  for (double value : values)
    result = value < result ? value : result;
  return llvm::any_of(values, [](double x) { return std::isnan(x); }) ? NAN : result;
}
double sumSquares(Floats values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
}
double logSumExp(Floats values) {
  double top = largest(values), total = 0;
  if (!std::isfinite(top))
    return top;
  for (double value : values)
    total += std::exp(value - top);
  return top + std::log(total);
}

int64_t sumInts(Ints values) {
  uint64_t total = 0;
  for (int64_t value : values)
    total += uint64_t(value);
  return int64_t(total);
}

/// A reduction: of floats, and of integers where that is not the same in
/// doubles (null: convert, reduce, truncate).
struct Reduction {
  double (*floats)(Floats);
  int64_t (*ints)(Ints) = nullptr;
};

/// Calls \p body(result index, offset of the line's elements) for every set of
/// elements that differ only in \p axes; \p gather reads one set into `line`.
class Lines {
public:
  Lines(const Tensor &input, ArrayRef<int64_t> axes) : input(input) {
    Shape own = stridesOf(input.shape());
    for (int64_t d = 0; d < input.rank(); ++d) {
      bool reduced = llvm::is_contained(axes, d);
      (reduced ? inner : outer).push_back(input.shape()[d]);
      (reduced ? innerStrides : outerStrides).push_back(own[d]);
      kept.push_back(reduced ? 1 : input.shape()[d]);
    }
  }

  template <typename Number>
  void forEach(llvm::function_ref<void(int64_t, MutableArrayRef<Number>)> body) {
    int64_t length = countElements(inner, INT64_MAX).value_or(0);
    std::vector<Number> line(length);
    forEachRow(outer, {outerStrides}, [&](const Row &row) {
      for (int64_t i = 0; i < row.count; ++i) {
        int64_t base = row.offsets[0] + i * row.strides[0];
        forEachRow(
            inner, {innerStrides},
            [&](const Row &part) {
              input.read(base + part.offsets[0], part.strides[0], part.count,
                         line.data() + part.index);
            },
            INT64_MAX);
        body(row.index + i, line);
      }
    });
  }

  /// The input's shape with extent 1 in the reduced dimensions, or without.
  Shape shape(bool keepdims) const { return keepdims ? kept : outer; }

private:
  const Tensor &input;
  Shape inner, innerStrides, outer, outerStrides, kept;
};

LogicalResult reduce(const Tensor &input, ArrayRef<int64_t> axes, bool keepdims,
                     const Reduction &reduction, Call &call) {
  if (!input)
    return call.fail("has no input");
  for (int64_t axis : axes)
    if (axis < 0 || axis >= input.rank())
      return call.fail("axis " + Twine(axis) + " is not there");
  Lines lines(input, axes);
  Tensor *result = call.create(0, lines.shape(keepdims));
  if (!result)
    return failure();
  if (!input.isFloat() && reduction.ints)
    lines.forEach<int64_t>([&](int64_t i, MutableArrayRef<int64_t> line) {
      result->setInt(i, reduction.ints(line));
    });
  else
    lines.forEach<double>([&](int64_t i, MutableArrayRef<double> line) {
      result->setDouble(i, reduction.floats(line));
    });
  return success();
}

template <typename Op> void addReduction(Registry &registry, Reduction reduction) {
  registry.add<Op>([reduction](Op op, Call &call) {
    return reduce(call[op.getInput()], op.getAxes(), op.getKeepdims(), reduction,
                  call);
  });
}

/// Integers by comparison of their values: u64 is read as signed, so its top
/// bit is flipped for the while. An empty line gives the type's own bound.
template <typename Op> void addExtremum(Registry &registry, bool most) {
  registry.add<Op>([most](Op op, Call &call) -> LogicalResult {
    const Tensor &input = call[op.getInput()];
    if (!input || input.isFloat())
      return reduce(input, op.getAxes(), op.getKeepdims(),
                    {most ? largest : smallest}, call);
    Lines lines(input, op.getAxes());
    Tensor *result = call.create(0, lines.shape(op.getKeepdims()));
    if (!result)
      return failure();
    int64_t flip = input.element() == Element::U64 ? INT64_MIN : 0;
    bool empty = input.numElements() == 0 && result->numElements() != 0;
    if (empty)
      return call.fail("has no element to choose");
    lines.forEach<int64_t>([&](int64_t i, MutableArrayRef<int64_t> line) {
      int64_t best = line[0] ^ flip;
      for (int64_t value : line)
        best = most ? std::max(best, value ^ flip) : std::min(best, value ^ flip);
      result->setInt(i, best ^ flip);
    });
    return success();
  });
}

void registerReductions(Registry &registry) {
  addReduction<onnx::ReduceSumOp>(registry, {sum, sumInts});
  addReduction<onnx::ReduceMeanOp>(
      registry, {[](Floats v) { return sum(v) / double(v.size()); },
                 [](Ints v) { return v.empty() ? 0 : sumInts(v) / int64_t(v.size()); }});
  addExtremum<onnx::ReduceMaxOp>(registry, true);
  addExtremum<onnx::ReduceMinOp>(registry, false);
  addReduction<onnx::ReduceProdOp>(
      registry, {[](Floats v) {
                   return std::accumulate(v.begin(), v.end(), 1.0,
                                          std::multiplies<>());
                 },
                 [](Ints v) {
                   return int64_t(std::accumulate(v.begin(), v.end(), uint64_t(1),
                                                  std::multiplies<uint64_t>()));
                 }});
  addReduction<onnx::ReduceL1Op>(registry, {[](Floats v) {
                                              double total = 0;
                                              for (double x : v)
                                                total += std::fabs(x);
                                              return total;
                                            },
                                            [](Ints v) {
                                              uint64_t total = 0;
                                              for (int64_t x : v)
                                                total += x < 0 ? 0 - uint64_t(x) : uint64_t(x);
                                              return int64_t(total);
                                            }});
  addReduction<onnx::ReduceL2Op>(
      registry, {[](Floats v) { return std::sqrt(sumSquares(v)); }});
  addReduction<onnx::ReduceLogSumOp>(registry,
                                     {[](Floats v) { return std::log(sum(v)); }});
  addReduction<onnx::ReduceLogSumExpOp>(registry, {logSumExp});
  addReduction<onnx::ReduceSumSquareOp>(
      registry, {sumSquares, [](Ints v) {
                   uint64_t total = 0;
                   for (int64_t x : v)
                     total += uint64_t(x) * uint64_t(x);
                   return int64_t(total);
                 }});
}

/// Whether \p a comes before \p b as the larger (or smaller); NaN before all.
template <typename Number> bool before(Number a, Number b, bool most) {
  if constexpr (std::is_floating_point_v<Number>)
    if (std::isnan(a) || std::isnan(b))
      return std::isnan(a) && !std::isnan(b);
  return most ? a > b : a < b;
}

/// Runs \p body with doubles for floats, with signed integers otherwise, the
/// order of the values kept (\p flip undoes what was done to u64).
template <typename Body>
void forEachLine(const Tensor &input, int64_t axis, Body body) {
  Lines lines(input, {axis});
  if (input.isFloat()) {
    lines.forEach<double>(
        [&](int64_t i, MutableArrayRef<double> line) { body(i, line, 0.0); });
    return;
  }
  int64_t flip = input.element() == Element::U64 ? INT64_MIN : 0;
  lines.forEach<int64_t>([&](int64_t i, MutableArrayRef<int64_t> line) {
    for (int64_t &value : line)
      value ^= flip;
    body(i, line, flip);
  });
}

template <typename Op> void addArg(Registry &registry, bool most) {
  registry.add<Op>([most](Op op, Call &call) -> LogicalResult {
    const Tensor &input = call[op.getInput()];
    int64_t axis = int64_t(op.getAxis());
    if (axis < 0 || axis >= input.rank() || input.shape()[axis] == 0)
      return call.fail("the axis is not there, or has no element");
    Tensor *result = call.create(0, Lines(input, {axis}).shape(op.getKeepdims()));
    if (!result)
      return failure();
    bool last = op.getSelectLastIndex();
    forEachLine(input, axis, [&](int64_t i, auto line, auto) {
      size_t best = 0;
      for (size_t k = 1; k < line.size(); ++k)
        if (before(line[k], line[best], most) ||
            (last && !before(line[best], line[k], most)))
          best = k;
      result->setInt(i, int64_t(best));
    });
    return success();
  });
}

LogicalResult evalTopK(onnx::TopKOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  int64_t axis = int64_t(op.getAxis());
  auto shape = call.knownShape(0);
  if (failed(shape))
    return failure();
  if (axis < 0 || axis >= input.rank() || int64_t(shape->size()) != input.rank() ||
      (*shape)[axis] > input.shape()[axis])
    return call.fail("takes more elements than there are, or has a wrong axis");
  Tensor *values = call.create(0, *shape), *indices = call.create(1, *shape);
  if (!values || !indices)
    return failure();
  int64_t count = (*shape)[axis], stride = stridesOf(*shape)[axis];
  bool most = op.getLargest();
  forEachLine(input, axis, [&](int64_t i, auto line, auto flip) {
    std::vector<int64_t> order(line.size());
    std::iota(order.begin(), order.end(), 0);
    // Equal elements keep their order: the lower index comes first.
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return before(line[a], line[b], most);
    });
    int64_t base = i / stride * stride * count + i % stride;
    for (int64_t k = 0; k < count; ++k) {
      indices->setInt(base + k * stride, order[k]);
      if constexpr (std::is_same_v<decltype(flip), double>)
        values->setDouble(base + k * stride, line[order[k]]);
      else
        values->setInt(base + k * stride, line[order[k]] ^ flip);
    }
  });
  return success();
}

LogicalResult evalCumSum(onnx::CumSumOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  int64_t axis = int64_t(op.getAxis());
  if (axis < 0 || axis >= input.rank())
    return call.fail("the axis is not a dimension of the input");
  Tensor *result = call.create(0, input.shape());
  if (!result)
    return failure();
  int64_t stride = stridesOf(input.shape())[axis], count = input.shape()[axis];
  auto run = [&](auto total, auto plus) {
    using Number = decltype(total);
    Lines(input, {axis}).forEach<Number>([&](int64_t i, MutableArrayRef<Number> line) {
      int64_t base = i / stride * stride * count + i % stride;
      Number running = 0;
      for (int64_t k = 0; k < count; ++k) {
        Number &entry = line[op.getReverse() ? count - 1 - k : k];
        Number next = plus(running, entry);
        entry = op.getExclusive() ? running : next;
        running = next;
      }
      result->write(base, stride, count, line.data());
    });
  };
  if (input.isFloat())
    run(double(), [](double a, double b) { return a + b; });
  else
    run(int64_t(), [](int64_t a, int64_t b) {
      return int64_t(uint64_t(a) + uint64_t(b));
    });
  return success();
}

LogicalResult softmax(const Tensor &input, int64_t axis, bool logarithm,
                      Call &call) {
  if (!input || !input.isFloat() || axis < 0 || axis >= input.rank())
    return call.fail("needs floats, and an axis of the input");
  Tensor *result = call.create(0, input.shape());
  if (!result)
    return failure();
  int64_t stride = stridesOf(input.shape())[axis], count = input.shape()[axis];
  Lines(input, {axis}).forEach<double>([&](int64_t i, MutableArrayRef<double> line) {
    double top = largest(line), total = 0;
    for (double &value : line)
      total += std::exp(value -= top);
    for (double &value : line)
      value = logarithm ? value - std::log(total) : std::exp(value) / total;
    result->write(i / stride * stride * count + i % stride, stride, count,
                  line.data());
  });
  return success();
}

} // namespace

void registerReduction(Registry &registry) {
  registerReductions(registry);
  addArg<onnx::ArgMaxOp>(registry, true);
  addArg<onnx::ArgMinOp>(registry, false);
  registry.add<onnx::TopKOp>(evalTopK);
  registry.add<onnx::CumSumOp>(evalCumSum);
  registry.add<onnx::SoftmaxOp>([](onnx::SoftmaxOp op, Call &call) {
    return softmax(call[op.getInput()], op.getAxis(), false, call);
  });
  registry.add<onnx::LogSoftmaxOp>([](onnx::LogSoftmaxOp op, Call &call) {
    return softmax(call[op.getInput()], op.getAxis(), true, call);
  });
}

} // namespace llmc::reference
