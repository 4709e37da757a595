#include "Harness.h"

namespace llmc::reference {

class ElementwiseTest : public ReferenceTest {
protected:
  void unary(const char *name, Doubles in, Doubles out,
             const char *attributes = "") {
    SCOPED_TRACE(name);
    std::string shape = "tensor<" + std::to_string(in.size()) + "xf32>";
    expectValues(op(name, {tensor("f32", {int64_t(in.size())}, in)}, attributes,
                    shape)[0],
                 out);
  }
  void binary(const char *name, const char *element, Doubles a, Doubles b,
              Doubles out, const char *result = nullptr,
              const char *attributes = "") {
    SCOPED_TRACE(std::string(name) + " " + element);
    int64_t n = int64_t(a.size());
    std::string shape = "tensor<" + std::to_string(n) + "x" +
                        (result ? result : element) + ">";
    expectValues(op(name, {tensor(element, {n}, a), tensor(element, {n}, b)},
                    attributes, shape)[0],
                 out);
  }
};

TEST_F(ElementwiseTest, OperandsBroadcastFromTheRight) {
  auto sum = op("onnx.add", {counting({2, 1, 3}), counting({2, 1})}, "",
                "tensor<2x2x3xf32>");
  expectValues(sum[0], {2, 3, 4, 3, 4, 5, 5, 6, 7, 6, 7, 8});
}

TEST_F(ElementwiseTest, ArithmeticOfFloats) {
  binary("onnx.add", "f32", {1, 2}, {3, 4}, {4, 6});
  binary("onnx.sub", "f32", {1, 2}, {3, 4}, {-2, -2});
  binary("onnx.mul", "f32", {1, 2}, {3, 4}, {3, 8});
  binary("onnx.div", "f32", {1, 1, 0}, {3, 0, 0}, {1 / 3., INFINITY, NAN});
  binary("onnx.pow", "f32", {2, 9}, {3, 0.5}, {8, 3});
  binary("onnx.max", "f32", {1, NAN, 1}, {3, 1, NAN}, {3, NAN, NAN});
  binary("onnx.min", "f32", {1, -2}, {3, -4}, {1, -4});
  binary("onnx.mod", "f32", {5.5, -5.5}, {3, 3}, {2.5, -2.5}, nullptr,
         "fmod = true");
  binary("onnx.prelu", "f32", {2, -2}, {0.5, 0.5}, {2, -1});
}

TEST_F(ElementwiseTest, IntegersWrapAndTruncate) {
  binary("onnx.add", "i8", {127}, {1}, {-128});
  binary("onnx.mul", "ui8", {16}, {17}, {16});
  binary("onnx.div", "i64", {7, -7, 7}, {2, 2, -2}, {3, -3, -3});
  binary("onnx.div", "i8", {-128}, {-1}, {-128});
  binary("onnx.mod", "i64", {7, -7, 7, -7}, {3, 3, -3, -3}, {1, 2, -2, -1},
         nullptr, "fmod = false");
  binary("onnx.mod", "i64", {7, -7, 7}, {3, 3, -3}, {1, -1, 1}, nullptr,
         "fmod = true");
  binary("onnx.pow", "i64", {-2, 3, 2, 1}, {3, 0, -1, -5}, {-8, 1, 0, 1});
  binary("onnx.max", "ui64", {0x1p63, 1}, {1, 2}, {0x1p63, 2});
  binary("onnx.bit_shift", "ui8", {1, 255}, {3, 1}, {8, 254}, nullptr, "left = true");
  binary("onnx.bit_shift", "ui8", {16, 255}, {3, 1}, {2, 127}, nullptr, "left = false");
  binary("onnx.bitwise_and", "i32", {6, -1}, {3, 5}, {2, 5});
  binary("onnx.bitwise_or", "i32", {6, 0}, {3, 5}, {7, 5});
  binary("onnx.bitwise_xor", "i32", {6, -1}, {3, 5}, {5, -6});
}

TEST_F(ElementwiseTest, DivisionOfAnIntegerByZeroIsRefused) {
  EXPECT_NE(failure("onnx.div", {tensor("i64", {1}, {1}), tensor("i64", {1}, {0})},
                    "", "tensor<1xi64>")
                .find("by zero"),
            std::string::npos);
}

TEST_F(ElementwiseTest, ComparisonsAreFalseForNan) {
  binary("onnx.equal", "f32", {1, NAN}, {1, NAN}, {1, 0}, "i1");
  binary("onnx.less", "f32", {1, NAN, 2}, {2, 1, 2}, {1, 0, 0}, "i1");
  binary("onnx.greater", "f32", {3, NAN, 2}, {2, 1, 2}, {1, 0, 0}, "i1");
  binary("onnx.less_or_equal", "i64", {1, 2, 3}, {2, 2, 2}, {1, 1, 0}, "i1");
  binary("onnx.greater_or_equal", "i64", {1, 2, 3}, {2, 2, 2}, {0, 1, 1}, "i1");
  binary("onnx.less", "ui64", {0x1p63}, {1}, {0}, "i1");
  binary("onnx.equal", "i1", {1, 0}, {1, 1}, {1, 0}, "i1");
}

TEST_F(ElementwiseTest, LogicOfBooleans) {
  binary("onnx.and", "i1", {0, 0, 1, 1}, {0, 1, 0, 1}, {0, 0, 0, 1});
  binary("onnx.or", "i1", {0, 0, 1, 1}, {0, 1, 0, 1}, {0, 1, 1, 1});
  binary("onnx.xor", "i1", {0, 0, 1, 1}, {0, 1, 0, 1}, {0, 1, 1, 0});
  auto inverse = op("onnx.not", {tensor("i1", {2}, {0, 1})}, "", "tensor<2xi1>");
  expectValues(inverse[0], {1, 0});
}

TEST_F(ElementwiseTest, FunctionsOfFloats) {
  unary("onnx.abs", {-2, 3}, {2, 3});
  unary("onnx.neg", {-2, 3}, {2, -3});
  unary("onnx.exp", {0, 1}, {1, M_E});
  unary("onnx.log", {1, M_E}, {0, 1});
  unary("onnx.sqrt", {4, -1}, {2, NAN});
  unary("onnx.reciprocal", {4}, {0.25});
  unary("onnx.sin", {0.5}, {std::sin(0.5)});
  unary("onnx.cos", {0.5}, {std::cos(0.5)});
  unary("onnx.tan", {0.5}, {std::tan(0.5)});
  unary("onnx.asin", {0.5}, {std::asin(0.5)});
  unary("onnx.acos", {0.5}, {std::acos(0.5)});
  unary("onnx.atan", {0.5}, {std::atan(0.5)});
  unary("onnx.sinh", {0.5}, {std::sinh(0.5)});
  unary("onnx.cosh", {0.5}, {std::cosh(0.5)});
  unary("onnx.asinh", {0.5}, {std::asinh(0.5)});
  unary("onnx.acosh", {1.5}, {std::acosh(1.5)});
  unary("onnx.atanh", {0.5}, {std::atanh(0.5)});
  unary("onnx.tanh", {0.5}, {std::tanh(0.5)});
  unary("onnx.erf", {0.5}, {std::erf(0.5)});
  unary("onnx.floor", {-1.5}, {-2});
  unary("onnx.ceil", {-1.5}, {-1});
  unary("onnx.round", {0.5, 1.5, -2.5}, {0, 2, -2});
  unary("onnx.sign", {-3, 0, 2}, {-1, 0, 1});
}

TEST_F(ElementwiseTest, ActivationsOfFloats) {
  unary("onnx.sigmoid", {0, 100, -1000}, {0.5, 1, 0});
  unary("onnx.relu", {-1, 2}, {0, 2});
  unary("onnx.softplus", {0, 1000, -1000}, {std::log(2), 1000, 0});
  unary("onnx.softsign", {-1, 3}, {-0.5, 0.75});
  unary("onnx.mish", {1}, {std::tanh(std::log1p(M_E))});
  unary("onnx.hard_swish", {-4, 0, 4, 1}, {0, 0, 4, 2 / 3.});
  unary("onnx.gelu", {1}, {0.841344746}, "tanh_approximation = false");
  unary("onnx.gelu", {1}, {0.841191990}, "tanh_approximation = true");
  unary("onnx.elu", {-1, 2}, {2 * std::expm1(-1), 2}, "alpha = 2.0 : f32, beta = 0.0 : f32");
  unary("onnx.celu", {-1, 2}, {2 * std::expm1(-0.5), 2}, "alpha = 2.0 : f32, beta = 0.0 : f32");
  unary("onnx.selu", {-1, 2}, {6 * std::expm1(-1), 6}, "alpha = 2.0 : f32, beta = 3.0 : f32");
  unary("onnx.leaky_relu", {-1, 2}, {-0.5, 2}, "alpha = 0.5 : f32, beta = 0.0 : f32");
  unary("onnx.hard_sigmoid", {-9, 1, 9}, {0, 0.75, 1}, "alpha = 0.25 : f32, beta = 0.5 : f32");
  unary("onnx.thresholded_relu", {1, 1.5}, {0, 1.5}, "alpha = 1.0 : f32, beta = 0.0 : f32");
  unary("onnx.quick_gelu", {1}, {1 / (1 + std::exp(-2))}, "alpha = 2.0 : f32, beta = 0.0 : f32");
}

TEST_F(ElementwiseTest, NotANumberAndInfinityAreFound) {
  Tensor input = tensor("f32", {4}, {NAN, INFINITY, -INFINITY, 0});
  expectValues(op("onnx.is_nan", {input}, "", "tensor<4xi1>")[0], {1, 0, 0, 0});
  expectValues(op("onnx.is_inf", {input},
                  "detect_negative = false, detect_positive = true",
                  "tensor<4xi1>")[0],
               {0, 1, 0, 0});
}

TEST_F(ElementwiseTest, ResultsAreRoundedToTheirType) {
  // In bf16, 256 + 1 is 256.
  binary("onnx.add", "bf16", {256, 1}, {1, 1}, {256, 2});
  binary("onnx.mul", "f16", {300}, {300}, {INFINITY});
}

TEST_F(ElementwiseTest, WhereChoosesAndBroadcasts) {
  auto chosen = op("onnx.where",
                   {tensor("i1", {2, 1}, {1, 0}), counting({3}), tensor("f32", {}, {-1})},
                   "", "tensor<2x3xf32>");
  expectValues(chosen[0], {1, 2, 3, -1, -1, -1});
  auto words = op("onnx.where",
                  {tensor("i1", {2}, {1, 0}), tensor("i64", {1}, {7}), tensor("i64", {1}, {8})},
                  "", "tensor<2xi64>");
  expectValues(words[0], {7, 8});
}

TEST_F(ElementwiseTest, ClipTakesOmittedBounds) {
  Tensor input = tensor("f32", {3}, {-2, 0, 2});
  expectValues(op("onnx.clip", {input, tensor("f32", {}, {-1}), Tensor()}, "",
                  "tensor<3xf32>")[0],
               {-1, 0, 2});
  expectValues(op("onnx.clip", {input, Tensor(), tensor("f32", {}, {1})}, "",
                  "tensor<3xf32>")[0],
               {-2, 0, 1});
}

TEST_F(ElementwiseTest, CastRoundsTruncatesAndWraps) {
  expectValues(op("onnx.cast", {tensor("f32", {3}, {-1.7, 2.7, 3})}, "",
                  "tensor<3xi64>")[0],
               {-1, 2, 3});
  expectValues(op("onnx.cast", {tensor("f32", {3}, {0, 0.1, NAN})}, "",
                  "tensor<3xi1>")[0],
               {0, 1, 1});
  expectValues(op("onnx.cast", {tensor("i64", {2}, {300, -1})}, "",
                  "tensor<2xui8>")[0],
               {44, 255});
  expectValues(op("onnx.cast", {tensor("f32", {1}, {1 + 0x1p-9})}, "",
                  "tensor<1xbf16>")[0],
               {1});
}

TEST_F(ElementwiseTest, LongRowsAreWhole) {
  // Longer than the chunk in which elements are computed.
  int64_t n = 5000;
  Tensor input = Tensor::iota(type("f32"), {3, n});
  auto sum = op("onnx.add", {input, Tensor::iota(type("f32"), {n})}, "",
                "tensor<3x5000xf32>");
  for (int64_t i = 0; i < 3 * n; ++i)
    ASSERT_EQ(sum[0].getDouble(i), double(i + i % n));
  auto negative = op("onnx.neg", {input}, "", "tensor<3x5000xf32>");
  ASSERT_EQ(negative[0].getDouble(3 * n - 1), double(1 - 3 * n));
}

} // namespace llmc::reference
