/// Functions of one element: ONNX's unary operators and activations.
#include "compiler/reference/Call.h"
#include "dialects/onnx/OnnxOps.h"

#include <cmath>

using namespace mlir;

namespace llmc::reference {

namespace {

constexpr int64_t chunkSize = 1024;

/// result[i] = function(input[i]) in doubles, or in 64-bit integers.
template <typename Number, typename Function>
void mapElements(const Tensor &input, Tensor &result, Function function) {
  std::vector<Number> chunk(chunkSize);
  for (int64_t start = 0; start < input.numElements(); start += chunkSize) {
    int64_t n = std::min(chunkSize, input.numElements() - start);
    input.read(start, 1, n, chunk.data());
    for (int64_t i = 0; i < n; ++i)
      chunk[i] = Number(function(chunk[i]));
    result.write(start, 1, n, chunk.data());
  }
}

using FloatFunction = double (*)(double);
using IntFunction = int64_t (*)(int64_t);
int64_t same(int64_t x) { return x; }

/// Without \p ints, for floats alone; \p words is for u64, whose bits are read
/// as signed, where that differs.

template <typename Op>
void addUnary(Registry &registry, FloatFunction floats,
              IntFunction ints = nullptr, IntFunction words = nullptr) {
  registry.add<Op>([=](Op op, Call &call) -> LogicalResult {
    const Tensor &input = call[op.getInput()];
    if (!input || (input.isFloat() ? !floats : !ints))
      return call.fail("is not defined for this element type");
    Tensor *result = call.create(0, input.shape());
    if (!result)
      return failure();
    if (input.isFloat())
      mapElements<double>(input, *result, floats);
    else
      mapElements<int64_t>(
          input, *result, words && input.element() == Element::U64 ? words : ints);
    return success();
  });
}

/// An activation of floats with attributes: \p make builds it from the op.
template <typename Op, typename Make>
void addActivation(Registry &registry, Make make) {
  registry.add<Op>([make](Op op, Call &call) -> LogicalResult {
    const Tensor &input = call[op.getInput()];
    if (!input || !input.isFloat())
      return call.fail("is not defined for this element type");
    Tensor *result = call.create(0, input.shape());
    if (!result)
      return failure();
    mapElements<double>(input, *result, make(op));
    return success();
  });
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}
double sign(double x) { return std::isnan(x) ? x : (x > 0) - (x < 0); }

void registerFunctions(Registry &registry) {
  addUnary<onnx::AbsOp>(registry, std::fabs, [](int64_t x) {
    return x < 0 ? int64_t(0 - uint64_t(x)) : x;
  }, same);
  addUnary<onnx::NegOp>(registry, [](double x) { return -x; },
                        [](int64_t x) { return int64_t(0 - uint64_t(x)); });
  addUnary<onnx::ExpOp>(registry, std::exp);
  addUnary<onnx::LogOp>(registry, std::log);
  addUnary<onnx::SqrtOp>(registry, std::sqrt);
  addUnary<onnx::ReciprocalOp>(registry, [](double x) { return 1 / x; });
  addUnary<onnx::SinOp>(registry, std::sin);
  addUnary<onnx::CosOp>(registry, std::cos);
  addUnary<onnx::TanOp>(registry, std::tan);
  addUnary<onnx::AsinOp>(registry, std::asin);
  addUnary<onnx::AcosOp>(registry, std::acos);
  addUnary<onnx::AtanOp>(registry, std::atan);
  addUnary<onnx::SinhOp>(registry, std::sinh);
  addUnary<onnx::CoshOp>(registry, std::cosh);
  addUnary<onnx::AsinhOp>(registry, std::asinh);
  addUnary<onnx::AcoshOp>(registry, std::acosh);
  addUnary<onnx::AtanhOp>(registry, std::atanh);
  addUnary<onnx::TanhOp>(registry, std::tanh);
  addUnary<onnx::ErfOp>(registry, std::erf);
  addUnary<onnx::FloorOp>(registry, std::floor);
  addUnary<onnx::CeilOp>(registry, std::ceil);
  addUnary<onnx::RoundOp>(registry, std::nearbyint); // half to even
  addUnary<onnx::SignOp>(registry, sign,
                         [](int64_t x) { return int64_t((x > 0) - (x < 0)); },
                         [](int64_t x) { return int64_t(x != 0); });
  addUnary<onnx::NotOp>(registry, nullptr,
                        [](int64_t x) { return int64_t(!x); });
  addUnary<onnx::BitwiseNotOp>(registry, nullptr, [](int64_t x) { return ~x; });
  addUnary<onnx::IsNanOp>(registry, [](double x) { return double(std::isnan(x)); });
}

void registerActivations(Registry &registry) {
  addUnary<onnx::SigmoidOp>(registry, sigmoid);
  addUnary<onnx::ReluOp>(registry, [](double x) { return x < 0 ? 0 : x; },
                         [](int64_t x) { return x < 0 ? 0 : x; }, same);
  addUnary<onnx::SoftplusOp>(registry, softplus);
  addUnary<onnx::SoftsignOp>(registry,
                             [](double x) { return x / (1 + std::fabs(x)); });
  addUnary<onnx::MishOp>(registry,
                         [](double x) { return x * std::tanh(softplus(x)); });
  addUnary<onnx::HardSwishOp>(registry, [](double x) {
    return x * std::fmax(0, std::fmin(1, x / 6 + 0.5));
  });
  auto alpha = [](auto op) { return double(op.getAlpha().convertToFloat()); };
  auto beta = [](auto op) { return double(op.getBeta().convertToFloat()); };
  addActivation<onnx::EluOp>(registry, [=](onnx::EluOp op) {
    return [a = alpha(op)](double x) { return x < 0 ? a * std::expm1(x) : x; };
  });
  addActivation<onnx::CeluOp>(registry, [=](onnx::CeluOp op) {
    return [a = alpha(op)](double x) {
      return std::fmax(0, x) + std::fmin(0, a * std::expm1(x / a));
    };
  });
  addActivation<onnx::SeluOp>(registry, [=](onnx::SeluOp op) {
    return [a = alpha(op), gamma = beta(op)](double x) {
      return gamma * (x > 0 ? x : a * std::expm1(x));
    };
  });
  addActivation<onnx::LeakyReluOp>(registry, [=](onnx::LeakyReluOp op) {
    return [a = alpha(op)](double x) { return x < 0 ? a * x : x; };
  });
  addActivation<onnx::HardSigmoidOp>(registry, [=](onnx::HardSigmoidOp op) {
    return [a = alpha(op), b = beta(op)](double x) {
      return std::fmax(0, std::fmin(1, a * x + b));
    };
  });
  addActivation<onnx::ThresholdedReluOp>(registry, [=](onnx::ThresholdedReluOp op) {
    return [a = alpha(op)](double x) { return x > a ? x : 0; };
  });
  addActivation<onnx::QuickGeluOp>(registry, [=](onnx::QuickGeluOp op) {
    return [a = alpha(op)](double x) { return x * sigmoid(a * x); };
  });
  addActivation<onnx::GeluOp>(registry, [](onnx::GeluOp op) {
    return [tanh = op.getTanhApproximation()](double x) {
      if (tanh)
        return 0.5 * x *
               (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
      return 0.5 * x * (1 + std::erf(x / M_SQRT2));
    };
  });
  addActivation<onnx::IsInfOp>(registry, [](onnx::IsInfOp op) {
    return [negative = op.getDetectNegative(),
            positive = op.getDetectPositive()](double x) {
      return double(std::isinf(x) && (x < 0 ? negative : positive));
    };
  });
}

} // namespace

void registerUnary(Registry &registry) {
  registerFunctions(registry);
  registerActivations(registry);
}

} // namespace llmc::reference
