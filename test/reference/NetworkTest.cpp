#include "Harness.h"

namespace llmc::reference {

class NetworkTest : public ReferenceTest {};

TEST_F(NetworkTest, MatMulOfMatricesAndVectors) {
  expectValues(op("onnx.matmul", {counting({2, 3}), counting({3, 2})}, "",
                  "tensor<2x2xf32>")[0],
               {22, 28, 49, 64});
  expectValues(op("onnx.matmul", {counting({3}), counting({3, 2})}, "",
                  "tensor<2xf32>")[0],
               {22, 28});
  expectValues(op("onnx.matmul", {counting({2, 3}), counting({3})}, "",
                  "tensor<2xf32>")[0],
               {14, 32});
  expectValues(op("onnx.matmul", {counting({3}), counting({3})}, "", "tensor<f32>")[0],
               {14});
}

TEST_F(NetworkTest, MatMulBroadcastsItsBatch) {
  // [2, 1, 1, 2] x [3, 2, 1] -> [2, 3, 1, 1]
  expectValues(op("onnx.matmul", {counting({2, 1, 1, 2}), counting({3, 2, 1})}, "",
                  "tensor<2x3x1x1xf32>")[0],
               {5, 11, 17, 11, 25, 39});
  // Rows of every batch element against one matrix.
  Tensor many = Tensor::iota(type("f32"), {5, 7, 2});
  auto product = op("onnx.matmul", {many, counting({2, 1})}, "", "tensor<5x7x1xf32>");
  for (int64_t i = 0; i < 35; ++i)
    EXPECT_EQ(product[0].getDouble(i), 2 * double(i) + 2 * (2 * double(i) + 1));
}

TEST_F(NetworkTest, MatMulOfIntegersIsExact) {
  Tensor a = Tensor::fromInts(type("i64"), {1, 2}, {(int64_t(1) << 40) + 1, 1});
  Tensor b = Tensor::fromInts(type("i64"), {2, 1}, {(int64_t(1) << 20) + 1, 5});
  EXPECT_EQ(op("onnx.matmul", {a, b}, "", "tensor<1x1xi64>")[0].getInt(0),
            ((int64_t(1) << 40) + 1) * ((int64_t(1) << 20) + 1) + 5);
}

TEST_F(NetworkTest, MatMulOfDifferentInnerExtentsIsRefused) {
  EXPECT_NE(failure("onnx.matmul", {counting({2, 3}), counting({2, 2})}, "",
                    "tensor<2x2xf32>")
                .find("inner extents"),
            std::string::npos);
}

TEST_F(NetworkTest, MatMulNBitsDequantizesBlocks) {
  // N = 1, K = 32 in two blocks of 16; every nibble of block 0 is 9 (so 1 above
  // the default zero point), of block 1 is 7.
  Doubles bytes(8, 0x99);
  bytes.resize(16, 0x77);
  Tensor weight = tensor("ui8", {1, 2, 8}, bytes);
  Tensor scales = tensor("f32", {1, 2}, {0.5, 2});
  Tensor input = Tensor::splat(type("f32"), {1, 32}, 1);
  std::string attributes =
      "k = 32 : i64, n = 1 : i64, bits = 4 : i64, block_size = 16 : i64";
  expectValues(op("onnx.matmul_nbits",
                  {input, weight, scales, Tensor(), Tensor(), Tensor()}, attributes,
                  "tensor<1x1xf32>")[0],
               {16 * 0.5 - 16 * 2});
  // Packed zero points 1 and 15, and a bias.
  expectValues(op("onnx.matmul_nbits",
                  {input, weight, scales, tensor("ui8", {1}, {0xf1}), Tensor(),
                   tensor("f32", {1}, {3})},
                  attributes, "tensor<1x1xf32>")[0],
               {16 * 8 * 0.5 - 16 * 8 * 2 + 3});
  // A group index that puts all in block 1.
  expectValues(op("onnx.matmul_nbits",
                  {input, weight, scales, Tensor(),
                   Tensor::splat(type("i32"), {32}, 1), Tensor()},
                  attributes, "tensor<1x1xf32>")[0],
               {0});
}

TEST_F(NetworkTest, NormalizationsCoverTheirAxes) {
  Tensor input = tensor("f32", {1, 4}, {1, 2, 3, 6});
  Tensor scale = tensor("f32", {4}, {1, 1, 2, 1}), bias = tensor("f32", {4}, {0, 1, 0, 0});
  double deviation = std::sqrt(14 / 4. + 0.5);
  expectValues(op("onnx.layer_normalization", {input, scale, bias},
                  "axis = 1 : i64, epsilon = 0.5 : f32", "tensor<1x4xf32>")[0],
               {-2 / deviation, -1 / deviation + 1, 0, 3 / deviation});
  double root = std::sqrt(50 / 4. + 0.5);
  expectValues(op("onnx.rms_normalization", {input, scale},
                  "axis = 1 : i64, epsilon = 0.5 : f32", "tensor<1x4xf32>")[0],
               {1 / root, 2 / root, 6 / root, 6 / root});
}

} // namespace llmc::reference
