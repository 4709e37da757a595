#include "Harness.h"

namespace llmc::reference {

class IndexingTest : public ReferenceTest {};

TEST_F(IndexingTest, GatherPicksAlongAnAxis) {
  Tensor input = counting({2, 3});
  expectValues(op("onnx.gather", {input, tensor("i64", {2}, {1, -2})},
                  "axis = 0 : i64", "tensor<2x3xf32>")[0],
               {4, 5, 6, 1, 2, 3});
  expectValues(op("onnx.gather", {input, tensor("i32", {}, {2})}, "axis = 1 : i64",
                  "tensor<2xf32>")[0],
               {3, 6});
}

TEST_F(IndexingTest, GatherBeyondTheExtentIsRefused) {
  EXPECT_NE(failure("onnx.gather", {counting({2}), tensor("i64", {1}, {2})},
                    "axis = 0 : i64", "tensor<1xf32>")
                .find("beyond"),
            std::string::npos);
}

TEST_F(IndexingTest, GatherElementsPicksOneByOne) {
  expectValues(op("onnx.gather_elements",
                  {counting({2, 2}), tensor("i64", {2, 2}, {0, 0, 1, 0})},
                  "axis = 1 : i64", "tensor<2x2xf32>")[0],
               {1, 1, 4, 3});
}

TEST_F(IndexingTest, GatherNdReadsTuples) {
  expectValues(op("onnx.gather_nd",
                  {counting({2, 2}), tensor("i64", {2, 2}, {0, 0, 1, -1})},
                  "batch_dims = 0 : i64", "tensor<2xf32>")[0],
               {1, 4});
  expectValues(op("onnx.gather_nd",
                  {counting({2, 2, 2}), tensor("i64", {2, 1}, {1, 0})},
                  "batch_dims = 1 : i64", "tensor<2x2xf32>")[0],
               {3, 4, 5, 6});
}

TEST_F(IndexingTest, ScatterNdWritesBlocks) {
  expectValues(op("onnx.scatter_nd",
                  {counting({2, 2}), tensor("i64", {1, 1}, {1}),
                   tensor("f32", {1, 2}, {8, 9})},
                  "reduction = \"none\"", "tensor<2x2xf32>")[0],
               {1, 2, 8, 9});
  expectValues(op("onnx.scatter_nd",
                  {counting({3}), tensor("i64", {2, 1}, {0, 0}),
                   tensor("f32", {2}, {10, 20})},
                  "reduction = \"add\"", "tensor<3xf32>")[0],
               {31, 2, 3});
}

TEST_F(IndexingTest, ScatterElementsReduces) {
  std::vector<Tensor> inputs = {counting({3}), tensor("i64", {2}, {2, 2}),
                                tensor("f32", {2}, {5, 4})};
  auto scatter = [&](const char *reduction) {
    return op("onnx.scatter_elements", inputs,
              std::string("axis = 0 : i64, reduction = \"") + reduction + "\"",
              "tensor<3xf32>")[0];
  };
  expectValues(scatter("none"), {1, 2, 4});
  expectValues(scatter("mul"), {1, 2, 60});
  expectValues(scatter("max"), {1, 2, 5});
  expectValues(scatter("min"), {1, 2, 3});
}

TEST_F(IndexingTest, TensorScatterWritesAtEachBatchsIndex) {
  Tensor cache = Tensor::zeros(type("f32"), {2, 3, 1});
  Tensor update = counting({2, 2, 1});
  expectValues(op("onnx.tensor_scatter", {cache, update, tensor("i64", {2}, {1, 0})},
                  "axis = 1 : i64, circular = false", "tensor<2x3x1xf32>")[0],
               {0, 1, 2, 3, 4, 0});
  expectValues(op("onnx.tensor_scatter", {cache, update, tensor("i64", {2}, {2, 0})},
                  "axis = 1 : i64, circular = true", "tensor<2x3x1xf32>")[0],
               {2, 0, 1, 3, 4, 0});
  EXPECT_NE(failure("onnx.tensor_scatter",
                    {cache, update, tensor("i64", {2}, {2, 0})},
                    "axis = 1 : i64, circular = false", "tensor<2x3x1xf32>")
                .find("writes at 3"),
            std::string::npos);
}

} // namespace llmc::reference
