#include "Harness.h"

namespace llmc::reference {

class MovementTest : public ReferenceTest {};

TEST_F(MovementTest, ReshapeKeepsTheOrder) {
  auto result = op("onnx.reshape", {counting({2, 3})}, "", "tensor<3x2xf32>");
  expectShape(result[0], {3, 2});
  expectValues(result[0], {1, 2, 3, 4, 5, 6});
}

TEST_F(MovementTest, ReshapeInfersOneUnknownExtent) {
  auto result = op("onnx.reshape", {counting({2, 3})}, "", "tensor<?x2xf32>");
  expectShape(result[0], {3, 2});
}

TEST_F(MovementTest, ExpandRepeats) {
  auto result = op("onnx.expand", {counting({2, 1})}, "", "tensor<2x2x3xf32>");
  expectValues(result[0], {1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2});
}

TEST_F(MovementTest, TransposePermutes) {
  auto result = op("onnx.transpose", {counting({2, 3, 2})},
                   "permutation = array<i64: 2, 0, 1>", "tensor<2x2x3xf32>");
  expectValues(result[0], {1, 3, 5, 7, 9, 11, 2, 4, 6, 8, 10, 12});
}

TEST_F(MovementTest, ConcatJoinsAlongTheAxis) {
  auto result = op("onnx.concat", {counting({2, 2}), counting({2, 1})},
                   "axis = 1 : i64", "tensor<2x3xf32>");
  expectValues(result[0], {1, 2, 1, 3, 4, 2});
}

TEST_F(MovementTest, ConcatTakesEmptyInputs) {
  auto result = op("onnx.concat", {Tensor::zeros(type("f32"), {2, 0}), counting({2, 1})},
                   "axis = 1 : i64", "tensor<2x1xf32>");
  expectValues(result[0], {1, 2});
}

TEST_F(MovementTest, SplitTakesSizesFromTheTypes) {
  auto parts = op("onnx.split", {counting({2, 3})}, "axis = 1 : i64",
                  "tensor<2x1xf32>, tensor<2x2xf32>");
  expectValues(parts[0], {1, 4});
  expectValues(parts[1], {2, 3, 5, 6});
}

TEST_F(MovementTest, SliceStepsAndReverses) {
  auto result = op("onnx.slice", {counting({2, 4})},
                   "starts = affine_map<() -> (0, 3)>, steps = array<i64: 1, -2>",
                   "tensor<2x2xf32>");
  expectValues(result[0], {4, 2, 8, 6});
}

TEST_F(MovementTest, SliceBeyondTheInputIsRefused) {
  EXPECT_NE(failure("onnx.slice", {counting({4})},
                    "starts = affine_map<() -> (3)>, steps = array<i64: 1>",
                    "tensor<2xf32>")
                .find("beyond"),
            std::string::npos);
}

TEST_F(MovementTest, AbsurdStepsAndPadsAreRefused) {
  EXPECT_NE(failure("onnx.slice", {counting({4})},
                    "starts = affine_map<() -> (0)>, steps = array<i64: "
                    "4611686018427387904>",
                    "tensor<4xf32>")
                .find("beyond"),
            std::string::npos);
  EXPECT_NE(failure("onnx.pad", {counting({1}), Tensor()},
                    "mode = \"constant\", pads = affine_map<() -> "
                    "(9223372036854775807, 1)>",
                    "tensor<?xf32>")
                .find("cannot be padded"),
            std::string::npos);
}

TEST_F(MovementTest, DynamicSliceClampsItsBounds) {
  auto result = op("onnx.dynamic_slice",
                   {counting({4}), tensor("i64", {1}, {1}),
                    tensor("i64", {1}, {1000}), Tensor(), Tensor()},
                   "", "tensor<?xf32>");
  expectValues(result[0], {2, 3, 4});
  auto backward = op("onnx.dynamic_slice",
                     {counting({2, 4}), tensor("i64", {1}, {-1}),
                      tensor("i64", {1}, {-1000}), tensor("i64", {1}, {-1}),
                      tensor("i64", {1}, {-2})},
                     "", "tensor<2x?xf32>");
  expectValues(backward[0], {4, 2, 8, 6});
  auto empty = op("onnx.dynamic_slice",
                  {counting({4}), tensor("i64", {1}, {3}), tensor("i64", {1}, {2}),
                   Tensor(), Tensor()},
                  "", "tensor<?xf32>");
  expectShape(empty[0], {0});
}

TEST_F(MovementTest, TileRepeatsWhole) {
  auto result = op("onnx.tile", {counting({1, 2})}, "", "tensor<2x4xf32>");
  expectValues(result[0], {1, 2, 1, 2, 1, 2, 1, 2});
}

TEST_F(MovementTest, PadFollowsItsMode) {
  auto pad = [&](const char *mode, const char *pads, const char *shape) {
    return op("onnx.pad", {counting({3}), Tensor()},
              std::string("mode = \"") + mode + "\", pads = affine_map<() -> " +
                  pads + ">",
              shape)[0];
  };
  expectValues(pad("constant", "(1, 2)", "tensor<6xf32>"), {0, 1, 2, 3, 0, 0});
  expectValues(pad("constant", "(-1, 1)", "tensor<3xf32>"), {2, 3, 0});
  expectValues(pad("edge", "(2, 1)", "tensor<6xf32>"), {1, 1, 1, 2, 3, 3});
  expectValues(pad("reflect", "(2, 2)", "tensor<7xf32>"), {3, 2, 1, 2, 3, 2, 1});
  expectValues(pad("wrap", "(1, 2)", "tensor<6xf32>"), {3, 1, 2, 3, 1, 2});
  auto filled = op("onnx.pad", {counting({1, 2}), tensor("f32", {}, {9})},
                   "mode = \"constant\", pads = affine_map<() -> (1, 0, 0, 1)>",
                   "tensor<2x3xf32>");
  expectValues(filled[0], {9, 9, 9, 1, 2, 9});
}

TEST_F(MovementTest, ShapeTakesARange) {
  expectValues(op("onnx.shape", {counting({2, 3, 4})}, "start = 1 : i64, end = 3 : i64",
                  "tensor<2xi64>")[0],
               {3, 4});
}

TEST_F(MovementTest, DimensionsFollowTheSymbols) {
  parse("func.func @f() -> tensor<2xi64> { %0 = onnx.dimensions "
        "{values = affine_map<()[s0, s1] -> (s0 + s1, s1 * 2)>} : () -> "
        "tensor<2xi64>\n return %0 : tensor<2xi64> }");
  evaluator->setSymbols({3, 4});
  expectValues(call({})[0], {7, 8});
}

TEST_F(MovementTest, RangeCountsUpAndDown) {
  auto range = [&](const char *element, double start, double limit, double delta) {
    return op("onnx.range",
              {tensor(element, {}, {start}), tensor(element, {}, {limit}),
               tensor(element, {}, {delta})},
              "", std::string("tensor<?x") + element + ">")[0];
  };
  expectValues(range("i64", 1, 6, 2), {1, 3, 5});
  expectValues(range("i64", 5, 0, -2), {5, 3, 1});
  expectValues(range("i64", 5, 0, 1), {});
  expectValues(range("f32", 0, 1, 0.25), {0, 0.25, 0.5, 0.75});
}

TEST_F(MovementTest, RangeOverTheLimitIsRefused) {
  EXPECT_NE(failure("onnx.range",
                    {tensor("i64", {}, {0}), tensor("i64", {}, {1e18}),
                     tensor("i64", {}, {1})},
                    "", "tensor<?xi64>")
                .find("limit"),
            std::string::npos);
}

TEST_F(MovementTest, TriluKeepsATriangle) {
  expectValues(op("onnx.trilu", {counting({2, 3}), Tensor()}, "upper = true",
                  "tensor<2x3xf32>")[0],
               {1, 2, 3, 0, 5, 6});
  expectValues(op("onnx.trilu", {counting({2, 3}), tensor("i64", {}, {-1})},
                  "upper = false", "tensor<2x3xf32>")[0],
               {0, 0, 0, 4, 0, 0});
}

TEST_F(MovementTest, OneHotMarksAndCountsFromTheEnd) {
  auto result = op("onnx.one_hot",
                   {tensor("i64", {2}, {1, -1}), tensor("i64", {}, {3}),
                    tensor("f32", {2}, {0, 5})},
                   "axis = 1 : i64", "tensor<2x3xf32>");
  expectValues(result[0], {0, 5, 0, 0, 0, 5});
  auto first = op("onnx.one_hot",
                  {tensor("i64", {2}, {1, 7}), tensor("i64", {}, {2}),
                   tensor("f32", {2}, {0, 1})},
                  "axis = 0 : i64", "tensor<2x2xf32>");
  expectValues(first[0], {0, 0, 1, 0});
}

TEST_F(MovementTest, EyeLikeSetsADiagonal) {
  expectValues(op("onnx.eye_like", {counting({2, 3})}, "k = 1 : i64",
                  "tensor<2x3xf32>")[0],
               {0, 1, 0, 0, 0, 1});
}

} // namespace llmc::reference
