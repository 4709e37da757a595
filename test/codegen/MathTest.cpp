/// VectorMath's errors in units of the last place, and its edge cases.
#include "test/codegen/KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>
#include <functional>
#include <limits>

using namespace llmc::test;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float notNumber = std::numeric_limits<float>::quiet_NaN();

std::string unaryText(const std::string &op, int64_t count) {
  std::string t = "memref<1x" + std::to_string(count) + "xf32>";
  return "func.func @k(%x: " + t + ", %y: " + t +
         ", %b: index, %e: index) attributes {kernel.entry} {\n"
         "kernel.map inputs(%x : " + t + ") outputs(%y : " + t +
         ") tiles(%b, %e) do {\n^bb0(%a: f32):\n%r = " + op +
         " : f32\nllm.yield %r : f32\n}\nreturn\n}\n";
}

/// Distance in units of the last place of the rounded reference; denormals
/// count as zero.
double ulps(float got, double want) {
  if (std::isnan(want) || std::isnan(got))
    return std::isnan(want) && std::isnan(got) ? 0 : inf;
  constexpr double tiny = std::numeric_limits<float>::min();
  constexpr double huge = std::numeric_limits<float>::max();
  if (std::abs(want) < tiny && std::abs(got) <= tiny)
    return 0;
  if (std::isinf(got) || std::abs(want) > huge)
    return std::abs(want) >= huge * (1 - 1e-6) && (got > 0) == (want > 0) &&
                   std::abs(got) >= huge * (1 - 1e-6f)
               ? 0
               : inf;
  int exponent;
  std::frexp(want, &exponent);
  double unit = std::ldexp(1.0, std::max(exponent, -125) - 24);
  return std::abs(got - want) / unit;
}

struct Function {
  const char *op;
  double (*reference)(double);
  double low, high; ///< Where it is sampled.
  double limit;     ///< Ulps.
};

/// `count` floats: half evenly spaced in bits, half in value.
void sample(const Function &f, const Guarded<float> &inputs) {
  Numbers numbers(10);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (i % 2) {
      double share = numbers.below(1 << 30) / double(1 << 30);
      inputs[i] = f.low + share * (f.high - f.low);
    } else {
      do {
        uint32_t bits = numbers.below(1ll << 32);
        std::memcpy(&inputs[i], &bits, 4);
      } while (!(inputs[i] >= f.low && inputs[i] <= f.high));
    }
  }
}

constexpr int64_t count = 1 << 18;

} // namespace

TEST(VectorMath, KeepsItsErrorBounds) {
  const Function functions[] = {
      {"math.exp %a", std::exp, -90, 90, 2},
      {"math.exp2 %a", std::exp2, -130, 130, 2},
      {"math.expm1 %a", std::expm1, -20, 90, 3},
      {"math.log %a", std::log, 0, 1e38, 2},
      {"math.log2 %a", std::log2, 0, 1e38, 3},
      {"math.log10 %a", std::log10, 0, 1e38, 4},
      {"math.log1p %a", std::log1p, -1, 1e38, 3},
      {"math.tanh %a", std::tanh, -12, 12, 3},
      {"math.erf %a", std::erf, -5, 5, 4},
      {"math.atan %a", std::atan, -1e38, 1e38, 3},
      {"math.asin %a", std::asin, -1, 1, 3},
      {"math.acos %a", std::acos, -1, 1, 3},
      {"math.asinh %a", std::asinh, -1e38, 1e38, 3},
      {"math.acosh %a", std::acosh, 1, 1e38, 3},
      {"math.atanh %a", std::atanh, -1, 1, 3},
      {"math.sinh %a", std::sinh, -88, 88, 4},
      {"math.cosh %a", std::cosh, -88, 88, 4},
      {"math.erfc %a", std::erfc, -5, 0, 4},
      {"math.sqrt %a", std::sqrt, 0, 1e38, 0.5},
  };
  for (const Function &f : functions) {
    Guarded<float> inputs(count), outputs(count);
    sample(f, inputs);
    std::unique_ptr<Guarded<float>> first;
    for (const std::string &level : runnableLevels()) {
      auto output = std::make_unique<Guarded<float>>(count);
      Kernel(unaryText(f.op, count), level).run({inputs, *output}, {}, 0, 1);
      double worst = 0;
      float at = 0;
      for (int64_t i = 0; i < count; ++i) {
        // Denormal inputs are zeros to the kernel.
        double x = std::abs(inputs[i]) < std::numeric_limits<float>::min()
                       ? std::copysign(0.0, inputs[i])
                       : inputs[i];
        double error = ulps((*output)[i], f.reference(x));
        if (error > worst)
          worst = error, at = inputs[i];
      }
      EXPECT_LE(worst, f.limit) << f.op << " at " << at;
      if (first) {
        EXPECT_TRUE(first->sameBits(*output)) << f.op;
      }
      first = std::move(output);
    }
  }
}

TEST(VectorMath, SineAndCosineAreNearForModerateAngles) {
  for (auto [op, reference] :
       {std::pair<const char *, double (*)(double)>{"math.sin %a", std::sin},
        {"math.cos %a", std::cos}})
    for (const std::string &level : runnableLevels()) {
      Guarded<float> inputs(count), outputs(count);
      sample({op, reference, -1e4, 1e4, 0}, inputs);
      Kernel(unaryText(op, count), level).run({inputs, outputs}, {}, 0, 1);
      for (int64_t i = 0; i < count; ++i)
        ASSERT_NEAR(outputs[i], reference(inputs[i]), 1.5e-7) << inputs[i];
    }
}

TEST(VectorMath, HandlesInfinitiesZerosAndNan) {
  struct Edge {
    const char *op;
    float input, want;
  };
  const Edge edges[] = {
      {"math.exp %a", -inf, 0},     {"math.exp %a", inf, inf},
      {"math.exp %a", notNumber, notNumber},    {"math.exp %a", 0, 1},
      {"math.exp %a", -1e30f, 0},   {"math.exp %a", 1e30f, inf},
      {"math.exp2 %a", -inf, 0},    {"math.exp2 %a", inf, inf},
      {"math.exp2 %a", 10, 1024},   {"math.exp2 %a", notNumber, notNumber},
      {"math.exp2 %a", 128, inf},   {"math.exp2 %a", -126, 0x1p-126f},
      {"math.expm1 %a", -inf, -1},  {"math.expm1 %a", inf, inf},
      {"math.expm1 %a", 0, 0},      {"math.expm1 %a", notNumber, notNumber},
      {"math.log %a", 0, -inf},     {"math.log %a", -1, notNumber},
      {"math.log %a", inf, inf},    {"math.log %a", 1, 0},
      {"math.log %a", notNumber, notNumber},    {"math.log2 %a", 0x1p-20f, -20},
      {"math.log2 %a", 1024, 10},   {"math.log1p %a", -1, -inf},
      {"math.log1p %a", inf, inf},  {"math.log1p %a", 0, 0},
      {"math.log1p %a", -2, notNumber},   {"math.log1p %a", notNumber, notNumber},
      {"math.tanh %a", inf, 1},     {"math.tanh %a", -inf, -1},
      {"math.tanh %a", 0, 0},       {"math.tanh %a", notNumber, notNumber},
      {"math.erf %a", inf, 1},      {"math.erf %a", -inf, -1},
      {"math.erf %a", 0, 0},        {"math.erf %a", notNumber, notNumber},
      {"math.sin %a", inf, notNumber},    {"math.cos %a", 0, 1},
      {"math.atan %a", inf, 0x1.921fb6p0f}, {"math.asin %a", 2, notNumber},
      {"math.acos %a", -1, 0x1.921fb6p1f},  {"math.acosh %a", 0.5f, notNumber},
      {"math.asinh %a", -inf, -inf},        {"math.atanh %a", 1, inf},
      {"math.atanh %a", -2, notNumber},
      {"arith.remf %a, %a", -3, 0},         {"arith.remf %a, %a", inf, notNumber},
      {"math.rsqrt %a", 4, 0.5f},   {"math.powf %a, %a", 2, 4},
      {"math.powf %a, %a", -2, 0.25f}, {"math.powf %a, %a", 0, 1},
      {"math.powf %a, %a", -0.5f, notNumber}, {"math.powf %a, %a", -3, -0x1.2f684cp-5f},
  };
  for (const std::string &level : runnableLevels())
    for (const Edge &edge : edges) {
      Guarded<float> input(1, edge.input), output(1, -7);
      Kernel(unaryText(edge.op, 1), level).run({input, output}, {}, 0, 1);
      if (std::isnan(edge.want))
        EXPECT_TRUE(std::isnan(output[0])) << edge.op << " of " << edge.input;
      else
        EXPECT_FLOAT_EQ(output[0], edge.want) << edge.op << " of " << edge.input;
    }
}

TEST(VectorMath, FmodIsExactForModerateQuotients) {
  for (const std::string &level : runnableLevels()) {
    Guarded<float> inputs(count), outputs(count);
    sample({"", nullptr, -1e5, 1e5, 0}, inputs);
    std::string text = unaryText("arith.remf %a, %d", count);
    std::string constant = "%d = arith.constant 0.7 : f32\n";
    text.insert(text.find("%r ="), constant);
    Kernel(text, level).run({inputs, outputs}, {}, 0, 1);
    for (int64_t i = 0; i < count; ++i)
      if (std::abs(inputs[i]) >= std::numeric_limits<float>::min()) {
        ASSERT_EQ(outputs[i], std::fmod(inputs[i], 0.7f)) << inputs[i];
      }
  }
}

namespace {

/// A map of two inputs of `type`.
std::string powerText(const std::string &type, int64_t count) {
  std::string t = "memref<1x" + std::to_string(count) + "x" + type + ">";
  return "func.func @k(%x: " + t + ", %z: " + t + ", %y: " + t +
         ", %b: index, %e: index) attributes {kernel.entry} {\n"
         "kernel.map inputs(%x, %z : " + t + ", " + t + ") outputs(%y : " + t +
         ") tiles(%b, %e) do {\n^bb0(%a: " + type + ", %c: " + type +
         "):\n%r = math.powf %a, %c : " + type + "\nllm.yield %r : " + type +
         "\n}\nreturn\n}\n";
}

} // namespace

TEST(VectorMath, PowersAreRightInBothTypes) {
  for (const std::string &level : runnableLevels()) {
    constexpr int64_t samples = 20000;
    Guarded<float> x(samples), y(samples), z(samples);
    Guarded<double> dx(samples), dy(samples), dz(samples);
    Numbers numbers(11);
    for (int64_t i = 0; i < samples; ++i) {
      x[i] = std::exp(3 * numbers.normal());
      y[i] = 8 * numbers.normal();
      if (i % 4 == 0) // Representable results must be exact.
        x[i] = 1 + numbers.below(9), y[i] = numbers.below(5);
      if (i % 8 == 0)
        x[i] = -x[i];
      dx[i] = x[i], dy[i] = y[i];
    }
    Kernel(powerText("f32", samples), level).run({x, y, z}, {}, 0, 1);
    Kernel(powerText("f64", samples), level).run({dx, dy, dz}, {}, 0, 1);
    for (int64_t i = 0; i < samples; ++i) {
      double want = std::pow(double(x[i]), double(y[i]));
      ASSERT_LE(ulps(z[i], want), 1.2) << x[i] << " ** " << y[i];
      if (i % 4 == 0) {
        ASSERT_EQ(dz[i], want) << x[i] << " ** " << y[i];
        ASSERT_EQ(z[i], want) << x[i] << " ** " << y[i];
      }
      ASSERT_NEAR(dz[i], want, 4e-16 * std::abs(want)) << x[i] << " ** " << y[i];
    }
  }
}

TEST(VectorMath, PowersHaveTheEdgesOfC) {
  const float values[] = {0, -0.f, 1, -1, 0.5f, -0.5f, 2, -2, 3, -3, inf, -inf, notNumber, 1e30f, -1e30f};
  constexpr int64_t n = std::size(values);
  for (const std::string &level : runnableLevels()) {
    Guarded<float> x(n * n), y(n * n), z(n * n);
    for (int64_t i = 0; i < n * n; ++i)
      x[i] = values[i / n], y[i] = values[i % n];
    Kernel(powerText("f32", n * n), level).run({x, y, z}, {}, 0, 1);
    for (int64_t i = 0; i < n * n; ++i) {
      float want = std::pow(x[i], y[i]);
      if (std::isnan(want))
        EXPECT_TRUE(std::isnan(z[i])) << x[i] << " ** " << y[i];
      else
        EXPECT_EQ(z[i], want) << x[i] << " ** " << y[i];
    }
  }
}
