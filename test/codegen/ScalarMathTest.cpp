/// ScalarMath's errors in units of the last place of f64, and its edge cases.
#include "test/codegen/KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace llmc::test;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// y[i] = op(x[i]) for i in [begin, end), on scalars.
std::string unaryText(const std::string &op, const std::string &type) {
  std::string t = "memref<?x" + type + ">";
  return "func.func @k(%x: " + t + ", %y: " + t +
         ", %b: index, %e: index) attributes {kernel.entry} {\n"
         "%one = arith.constant 1 : index\n"
         "scf.for %i = %b to %e step %one {\n"
         "%v = memref.load %x[%i] : " + t + "\n%r = " + op + " %v : " + type +
         "\nmemref.store %r, %y[%i] : " + t + "\n}\nreturn\n}\n";
}

template <typename T>
std::vector<T> run(const std::string &op, const std::vector<T> &inputs) {
  int64_t count = inputs.size();
  Kernel kernel(unaryText(op, sizeof(T) == 8 ? "f64" : "f32"),
                runnableLevels().back());
  Guarded<T> x(count), y(count, T(0));
  std::copy(inputs.begin(), inputs.end(), x.data());
  kernel.run({x, y}, {count, count}, 0, count);
  return std::vector<T>(y.data(), y.data() + count);
}

double ulps(double got, long double want) {
  if (std::isnan(want) || std::isnan(got))
    return std::isnan(want) && std::isnan(got) ? 0 : inf;
  if (got == double(want))
    return 0;
  int exponent;
  std::frexp(double(want), &exponent);
  return double(std::abs(got - want) /
                std::ldexp(1.0L, std::max(exponent, -1021) - 53));
}

struct Function {
  const char *op;
  long double (*reference)(long double);
  double low, high, limit;
};

const Function functions[] = {
    {"math.exp", std::exp, -700, 709, 2},
    {"math.expm1", std::expm1, -5, 5, 4},
    {"math.log", std::log, 1e-300, 4, 3},
    {"math.log", std::log, 1, 1e300, 3},
    {"math.log1p", std::log1p, -0.9, 3, 4},
    {"math.sin", std::sin, -10, 10, 8},
    {"math.sin", std::sin, -1e6, 1e6, 8},
    {"math.cos", std::cos, -1e6, 1e6, 8},
    {"math.tan", std::tan, -1.5, 1.5, 8},
    {"math.atan", std::atan, -5, 5, 4},
    {"math.asin", std::asin, -1, 1, 8},
    {"math.acos", std::acos, -1, 0.99, 8},
    {"math.tanh", std::tanh, -5, 5, 8},
    {"math.sinh", std::sinh, -30, 30, 8},
    {"math.cosh", std::cosh, -30, 30, 8},
    {"math.asinh", std::asinh, -5, 5, 8},
    {"math.acosh", std::acosh, 1.0001, 50, 8},
    {"math.atanh", std::atanh, -0.99, 0.99, 8},
    {"math.erf", std::erf, -4, 4, 64},
};

} // namespace

TEST(ScalarMath, StaysWithinItsErrors) {
  for (const Function &f : functions) {
    Numbers numbers(7);
    std::vector<double> inputs;
    for (int i = 0; i < 4000; ++i)
      inputs.push_back(f.low + numbers.below(1 << 30) / double(1 << 30) *
                                   (f.high - f.low));
    std::vector<double> outputs = run(f.op, inputs);
    double worst = 0, at = 0;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (double error = ulps(outputs[i], f.reference(inputs[i])); error > worst) {
        worst = error;
        at = inputs[i];
      }
    EXPECT_LE(worst, f.limit) << f.op << " at " << at;
  }
}

TEST(ScalarMath, KeepsFloatsWithinAFewUlps) {
  for (const Function &f : functions) {
    Numbers numbers(8);
    std::vector<float> inputs;
    double high = std::min(f.high, 80.0), low = std::max(f.low, -80.0);
    for (int i = 0; i < 2000; ++i)
      inputs.push_back(low + numbers.below(1 << 24) / double(1 << 24) * (high - low));
    std::vector<float> outputs = run(f.op, inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      float want = float(f.reference(inputs[i]));
      if (std::abs(want) < std::numeric_limits<float>::min() || std::isnan(want))
        continue;
      EXPECT_LE(std::abs(outputs[i] - want),
                4 * std::abs(want) * std::numeric_limits<float>::epsilon())
          << f.op << " at " << inputs[i];
    }
  }
}

TEST(ScalarMath, KeepsTheEdges) {
  std::vector<double> edges = {0.0, -0.0, 1.0, -1.0, inf, -inf, NAN, 2.0};
  for (const Function &f : functions) {
    std::vector<double> outputs = run(f.op, edges);
    for (size_t i = 0; i < edges.size(); ++i) {
      double want = double(f.reference(edges[i]));
      EXPECT_TRUE(outputs[i] == want || (std::isnan(want) && std::isnan(outputs[i])) ||
                  ulps(outputs[i], want) <= f.limit)
          << f.op << "(" << edges[i] << ") = " << outputs[i] << ", not " << want;
    }
  }
}
