/// Regions of scalar ops on vectors: types, constants, gated activations.
#include "test/codegen/KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;

namespace {

/// One row of 20 elements (a whole vector and a masked one) through `body`.
std::string mapText(const std::string &from, const std::string &to,
                    const std::string &body) {
  std::string x = "memref<1x20x" + from + ">", y = "memref<1x20x" + to + ">";
  return "func.func @k(%x: " + x + ", %y: " + y +
         ", %b: index, %e: index) attributes {kernel.entry} {\n"
         "%outer = arith.constant 2.0 : f32\n"
         "kernel.map inputs(%x : " + x + ") outputs(%y : " + y +
         ") tiles(%b, %e) do {\n^bb0(%a: " + from + "):\n" + body +
         "\nllm.yield %r : " + to + "\n}\nreturn\n}\n";
}

template <typename From, typename To, typename Want>
void check(const std::string &from, const std::string &to,
           const std::string &body, From first, From step, Want want) {
  for (const std::string &level : testedLevels()) {
    Guarded<From> input(20);
    Guarded<To> output(20);
    for (int i = 0; i < 20; ++i)
      input[i] = static_cast<From>(first + i * step);
    Kernel(mapText(from, to, body), level).run({input, output}, {}, 0, 1);
    for (int i = 0; i < 20; ++i)
      ASSERT_EQ(output[i], want(input[i])) << level << " " << body << i;
  }
}

} // namespace

TEST(Region, GatesByAConstantAndASelect) {
  check<float, float>("f32", "f32",
                      "%c = arith.constant 1.5 : f32\n"
                      "%g = arith.cmpf ogt, %a, %c : f32\n"
                      "%m = arith.mulf %a, %outer : f32\n"
                      "%r = arith.select %g, %m, %c : f32",
                      -2.f, 0.5f,
                      [](float a) { return a > 1.5f ? a * 2 : 1.5f; });
}

TEST(Region, ConvertsIntegersOfEveryWidth) {
  check<int32_t, float>("i32", "f32", "%r = arith.sitofp %a : i32 to f32", -5, 3,
                        [](int32_t a) { return float(a); });
  check<int64_t, int64_t>("i64", "i64", "%r = arith.muli %a, %a : i64", -5, 3,
                          [](int64_t a) { return a * a; });
  check<int64_t, int32_t>("i64", "i32", "%r = arith.trunci %a : i64 to i32", -5,
                          3, [](int64_t a) { return int32_t(a); });
  check<float, int32_t>("f32", "i32", "%r = arith.fptosi %a : f32 to i32", -4.5f,
                        0.75f, [](float a) { return int32_t(a); });
  check<int8_t, float>("i8", "f32", "%r = arith.sitofp %a : i8 to f32", -20, 3,
                       [](int8_t a) { return float(a); });
}

TEST(Region, RoundsHalvesAfterEveryOp) {
  check<uint16_t, uint16_t>(
      "bf16", "bf16",
      "%s = arith.mulf %a, %a : bf16\n%r = arith.addf %s, %a : bf16", 0x3f81, 37,
      [](uint16_t bits) {
        float a = fromBf16(bits);
        return toBf16(fromBf16(toBf16(a * a)) + a);
      });
  check<uint16_t, uint16_t>(
      "f16", "f16",
      "%s = arith.mulf %a, %a : f16\n%r = arith.addf %s, %a : f16", 0x3c01, 37,
      [](uint16_t bits) {
        float a = fromF16(bits);
        return toF16(fromF16(toF16(a * a)) + a);
      });
  check<uint16_t, uint16_t>(
      "bf16", "bf16", "%r = math.absf %a : bf16", 0xbf81, 37,
      [](uint16_t bits) { return uint16_t(bits & 0x7fff); });
  check<float, uint16_t>("f32", "bf16", "%r = arith.truncf %a : f32 to bf16",
                         -1.0009765f, 0.00390625f,
                         [](float a) { return toBf16(a); });
}

/// What RoundInputs writes.
TEST(Region, BoundsWhatIsBeyondF16) {
  for (const std::string &level : testedLevels()) {
    Guarded<float> input(20, 1.5f);
    input[0] = 65520, input[1] = -1e30f, input[2] = INFINITY;
    input[3] = std::nanf(""), input[19] = -65519;
    Guarded<uint16_t> output(20);
    Kernel(mapText("f32", "f16",
                   "%m = arith.constant 65504.0 : f32\n"
                   "%o = arith.cmpf olt, %m, %a : f32\n"
                   "%s = arith.select %o, %m, %a : f32\n"
                   "%l = arith.constant -65504.0 : f32\n"
                   "%u = arith.cmpf ogt, %l, %s : f32\n"
                   "%t = arith.select %u, %l, %s : f32\n"
                   "%r = arith.truncf %t : f32 to f16"),
           level)
        .run({input, output}, {}, 0, 1);
    ASSERT_TRUE(std::isnan(fromF16(output[3]))) << level;
    for (auto [i, want] : {std::pair(0, 65504.f), {1, -65504.f}, {2, 65504.f},
                           {4, 1.5f}, {19, -65504.f}})
      ASSERT_EQ(fromF16(output[i]), want) << level << " " << i;
  }
}

TEST(Region, KeepsNanThroughBf16) {
  for (const std::string &level : testedLevels()) {
    Guarded<float> input(20, std::nanf(""));
    uint32_t bits = 0x7f800001; // A NaN whose upper half is infinity's.
    std::memcpy(&input[3], &bits, 4);
    Guarded<uint16_t> output(20);
    Kernel(mapText("f32", "bf16", "%r = arith.truncf %a : f32 to bf16"), level)
        .run({input, output}, {}, 0, 1);
    for (int i = 0; i < 20; ++i)
      ASSERT_TRUE(std::isnan(fromBf16(output[i])));
  }
}

TEST(Region, ComputesSiluAndGelu) {
  for (const std::string &level : testedLevels()) {
    Guarded<float> input(20), output(20);
    for (int i = 0; i < 20; ++i)
      input[i] = (i - 10) * 9.7f;
    Kernel(mapText("f32", "f32",
                   "%one = arith.constant 1.0 : f32\n%n = arith.negf %a : f32\n"
                   "%p = math.exp %n : f32\n%q = arith.addf %one, %p : f32\n"
                   "%r = arith.divf %a, %q : f32"),
           level)
        .run({input, output}, {}, 0, 1);
    for (int i = 0; i < 20; ++i)
      ASSERT_NEAR(output[i], input[i] / (1 + std::exp(-double(input[i]))),
                  1e-5);
    Kernel(mapText("f32", "f32",
                   "%h = arith.constant 0.5 : f32\n"
                   "%s = arith.constant 0.70710678118654757 : f32\n"
                   "%one = arith.constant 1.0 : f32\n"
                   "%m = arith.mulf %a, %s : f32\n%f = math.erf %m : f32\n"
                   "%g = arith.addf %f, %one : f32\n%t = arith.mulf %a, %h : f32\n"
                   "%r = arith.mulf %t, %g : f32"),
           level)
        .run({input, output}, {}, 0, 1);
    for (int i = 0; i < 20; ++i)
      ASSERT_NEAR(output[i],
                  0.5 * input[i] * (1 + std::erf(input[i] / std::sqrt(2.0))),
                  1e-5);
  }
}

TEST(Region, TakesMinimaMaximaAndRoundings) {
  auto relu = [](float a) { return a > 0 ? a : 0.f; };
  check<float, float>("f32", "f32",
                      "%z = arith.constant 0.0 : f32\n"
                      "%r = arith.maximumf %a, %z : f32", -3.3f, 0.4f, relu);
  check<float, float>("f32", "f32",
                      "%z = arith.constant 0.0 : f32\n"
                      "%r = arith.maxnumf %a, %z : f32", -3.3f, 0.4f, relu);
  check<float, float>("f32", "f32", "%r = arith.minimumf %a, %outer : f32",
                      -3.3f, 0.4f, [](float a) { return std::min(a, 2.f); });
  check<float, float>("f32", "f32", "%r = math.round %a : f32", -2.5f, 0.25f,
                      [](float a) { return std::round(a); });
  check<float, float>("f32", "f32", "%r = math.roundeven %a : f32", -2.5f,
                      0.25f, [](float a) { return std::nearbyint(a); });
}

TEST(Region, DividesIntegersWithoutTraps) {
  // The masked lanes of the second vector hold zeros.
  check<int32_t, int32_t>("i32", "i32",
                          "%c = arith.constant 1000 : i32\n"
                          "%r = arith.divsi %c, %a : i32", -30, 3,
                          [](int32_t a) { return a ? 1000 / a : 1000; });
  check<int32_t, int32_t>("i32", "i32",
                          "%c = arith.constant -2147483648 : i32\n"
                          "%r = arith.remsi %c, %a : i32", -10, 1,
                          [](int32_t a) {
                            return a == 0 || a == -1
                                       ? 0
                                       : int32_t(-2147483648ll % a);
                          });
  check<int64_t, int64_t>("i64", "i64",
                          "%c = arith.constant 7 : i64\n"
                          "%r = arith.floordivsi %a, %c : i64", -30, 3,
                          [](int64_t a) {
                            return a / 7 - (a % 7 < 0);
                          });
}

/// What would call a library function does not link to an image.
TEST(Region, CallsNothingForAnyOp) {
  for (const std::string &level : testedLevels()) {
    for (const char *op : {"addf", "subf", "mulf", "divf", "remf", "maximumf",
                           "minimumf", "maxnumf", "minnumf"})
      for (const char *type : {"f32", "bf16", "f16"})
        Kernel(mapText(type, type, "%r = arith." + std::string(op) +
                                       " %a, %a : " + type), level);
    for (const char *op : {"addi", "subi", "muli", "divsi", "divui", "remsi",
                           "remui", "andi", "ori", "xori", "shli", "shrsi",
                           "shrui", "maxsi", "minui", "floordivsi"})
      for (const char *type : {"i8", "i32", "i64"})
        Kernel(mapText(type, type, "%r = arith." + std::string(op) +
                                       " %a, %a : " + type), level);
    for (const char *from : {"f32", "bf16", "f16"})
      for (const char *to : {"i8", "i32", "i64"})
        for (const char *sign : {"s", "u"}) {
          std::string f = from, t = to;
          Kernel(mapText(f, t, "%r = arith.fpto" + std::string(sign) + "i %a : " +
                                   f + " to " + t), level);
          Kernel(mapText(t, f, "%r = arith." + std::string(sign) + "itofp %a : " +
                                   t + " to " + f), level);
        }
    for (const char *type : {"bf16", "f16"})
      Kernel(mapText(type, type, "%r = math.tanh %a : " + std::string(type)),
             level);
  }
}
