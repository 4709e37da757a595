#include "Harness.h"

namespace llmc::reference {

class ReductionTest : public ReferenceTest {
protected:
  Tensor reduce(const char *name, Tensor input, const char *axes,
                const char *result, bool keep = false) {
    return op(name, {input},
              std::string("axes = array<i64: ") + axes + ">, keepdims = " +
                  (keep ? "true" : "false"),
              result)[0];
  }
};

TEST_F(ReductionTest, SumsAlongAnyAxes) {
  Tensor input = counting({2, 3, 2});
  expectValues(reduce("onnx.reduce_sum", input, "1", "tensor<2x2xf32>"),
               {9, 12, 27, 30});
  expectValues(reduce("onnx.reduce_sum", input, "0, 2", "tensor<3xf32>"),
               {18, 26, 34});
  expectValues(reduce("onnx.reduce_sum", input, "0, 1, 2", "tensor<1x1x1xf32>", true),
               {78});
}

TEST_F(ReductionTest, EveryKindOfReduction) {
  Tensor input = tensor("f32", {1, 3}, {1, -2, 4});
  auto one = [&](const char *name) {
    return reduce(name, input, "1", "tensor<1xf32>");
  };
  expectValues(one("onnx.reduce_mean"), {1});
  expectValues(one("onnx.reduce_max"), {4});
  expectValues(one("onnx.reduce_min"), {-2});
  expectValues(one("onnx.reduce_prod"), {-8});
  expectValues(one("onnx.reduce_l1"), {7});
  expectValues(one("onnx.reduce_l2"), {std::sqrt(21)});
  expectValues(one("onnx.reduce_log_sum"), {std::log(3)});
  expectValues(one("onnx.reduce_log_sum_exp"),
               {std::log(std::exp(1) + std::exp(-2) + std::exp(4))});
  expectValues(one("onnx.reduce_sum_square"), {21});
}

TEST_F(ReductionTest, IntegersStayExact) {
  Tensor large = Tensor::fromInts(type("i64"), {2}, {(int64_t(1) << 60) + 1, 1});
  EXPECT_EQ(reduce("onnx.reduce_sum", large, "0", "tensor<i64>").getInt(0),
            (int64_t(1) << 60) + 2);
  EXPECT_EQ(reduce("onnx.reduce_max", tensor("ui64", {2}, {0x1p63, 1}), "0",
                   "tensor<ui64>")
                .getDouble(0),
            0x1p63);
  expectValues(reduce("onnx.reduce_mean", tensor("i32", {2}, {-3, 0}), "0",
                      "tensor<i32>"),
               {-1});
}

TEST_F(ReductionTest, EmptyReductionsGiveTheirIdentity) {
  Tensor empty = Tensor::zeros(type("f32"), {2, 0});
  expectValues(reduce("onnx.reduce_sum", empty, "1", "tensor<2xf32>"), {0, 0});
  expectValues(reduce("onnx.reduce_max", empty, "1", "tensor<2xf32>"),
               {-INFINITY, -INFINITY});
  expectValues(reduce("onnx.reduce_prod", empty, "1", "tensor<2xf32>"), {1, 1});
}

TEST_F(ReductionTest, ArgMaxTakesFirstOrLast) {
  Tensor input = tensor("f32", {2, 3}, {1, 5, 5, 7, 2, 7});
  expectValues(op("onnx.arg_max", {input},
                  "axis = 1 : i64, keepdims = true, select_last_index = false",
                  "tensor<2x1xi64>")[0],
               {1, 0});
  expectValues(op("onnx.arg_max", {input},
                  "axis = 1 : i64, keepdims = false, select_last_index = true",
                  "tensor<2xi64>")[0],
               {2, 2});
  expectValues(op("onnx.arg_min", {input},
                  "axis = 0 : i64, keepdims = false, select_last_index = false",
                  "tensor<3xi64>")[0],
               {0, 1, 0});
}

TEST_F(ReductionTest, TopKSortsWithLowerIndicesFirst) {
  auto top = op("onnx.top_k", {tensor("f32", {2, 4}, {1, 3, 3, 2, 9, 7, 8, 9})},
                "axis = 1 : i64, largest = true, sorted = true",
                "tensor<2x2xf32>, tensor<2x2xi64>");
  expectValues(top[0], {3, 3, 9, 9});
  expectValues(top[1], {1, 2, 0, 3});
  auto least = op("onnx.top_k", {tensor("i64", {3, 2}, {5, 1, 2, 6, 2, 0})},
                  "axis = 0 : i64, largest = false, sorted = true",
                  "tensor<2x2xi64>, tensor<2x2xi64>");
  expectValues(least[0], {2, 0, 2, 1});
  expectValues(least[1], {1, 2, 2, 0});
}

TEST_F(ReductionTest, CumSumRunsEitherWay) {
  Tensor input = counting({2, 3});
  auto sum = [&](int axis, const char *exclusive, const char *reverse) {
    return op("onnx.cum_sum", {input},
              "axis = " + std::to_string(axis) + " : i64, exclusive = " + exclusive +
                  ", reverse = " + reverse,
              "tensor<2x3xf32>")[0];
  };
  expectValues(sum(1, "false", "false"), {1, 3, 6, 4, 9, 15});
  expectValues(sum(0, "false", "false"), {1, 2, 3, 5, 7, 9});
  expectValues(sum(1, "true", "false"), {0, 1, 3, 0, 4, 9});
  expectValues(sum(1, "true", "true"), {5, 3, 0, 11, 6, 0});
}

TEST_F(ReductionTest, SoftmaxRunsAlongItsAxis) {
  Tensor input = tensor("f32", {2, 2}, {0, std::log(3), 1000, 1000});
  expectValues(op("onnx.softmax", {input}, "axis = 1 : i64", "tensor<2x2xf32>")[0],
               {0.25, 0.75, 0.5, 0.5});
  expectValues(op("onnx.log_softmax", {input}, "axis = 1 : i64",
                  "tensor<2x2xf32>")[0],
               {std::log(0.25), std::log(0.75), std::log(0.5), std::log(0.5)});
  auto masked = op("onnx.softmax", {tensor("f32", {2, 1}, {-INFINITY, 3})},
                   "axis = 0 : i64", "tensor<2x1xf32>");
  expectValues(masked[0], {0, 1});
}

} // namespace llmc::reference
