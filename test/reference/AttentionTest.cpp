/// Attention in its forms, each compared with a simpler one: the standard's
/// operator with matmul and softmax, the grouped one with the standard's.
#include "Harness.h"

namespace llmc::reference {

class AttentionTest : public ReferenceTest {
protected:
  /// Reproducible numbers in [-1, 1).
  Tensor random(Extents shape, uint64_t seed) {
    Tensor tensor = Tensor::zeros(type("f32"), shape);
    for (int64_t i = 0; i < tensor.numElements(); ++i) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      tensor.setDouble(i, double(int64_t(seed) >> 40) * 0x1p-23);
    }
    return tensor;
  }
  static constexpr const char *plain =
      "q_num_heads = 0 : i64, kv_num_heads = 0 : i64, scale = 0.0 : f32, "
      "is_causal = false, softcap = 0.0 : f32";
};

TEST_F(AttentionTest, StandardEqualsMatMulAndSoftmax) {
  Tensor q = random({1, 2, 3, 4}, 1), k = random({1, 2, 5, 4}, 2);
  Tensor v = random({1, 2, 5, 4}, 3), mask = random({3, 5}, 4);
  parse("func.func @f(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x5x4xf32>, "
        "%v: tensor<1x2x5x4xf32>, %m: tensor<3x5xf32>) -> tensor<1x2x3x4xf32> {\n"
        "%t = onnx.transpose %k {permutation = array<i64: 0, 1, 3, 2>} : "
        "(tensor<1x2x5x4xf32>) -> tensor<1x2x4x5xf32>\n"
        "%s = onnx.matmul %q, %t : (tensor<1x2x3x4xf32>, tensor<1x2x4x5xf32>) -> "
        "tensor<1x2x3x5xf32>\n"
        "%h = onnx.constant dense<0.5> : tensor<f32> : tensor<f32>\n"
        "%c = onnx.mul %s, %h : (tensor<1x2x3x5xf32>, tensor<f32>) -> "
        "tensor<1x2x3x5xf32>\n"
        "%b = onnx.add %c, %m : (tensor<1x2x3x5xf32>, tensor<3x5xf32>) -> "
        "tensor<1x2x3x5xf32>\n"
        "%p = onnx.softmax %b {axis = 3 : i64} : (tensor<1x2x3x5xf32>) -> "
        "tensor<1x2x3x5xf32>\n"
        "%r = onnx.matmul %p, %v : (tensor<1x2x3x5xf32>, tensor<1x2x5x4xf32>) -> "
        "tensor<1x2x3x4xf32>\n"
        "return %r : tensor<1x2x3x4xf32> }");
  Doubles expected = call({q, k, v, mask})[0].toDoubles();
  auto results = op("onnx.attention", {q, k, v, mask, Tensor(), Tensor(), Tensor()},
                    plain, "tensor<1x2x3x4xf32>, none, none");
  expectValues(results[0], expected);
}

TEST_F(AttentionTest, CausalEqualsABooleanMask) {
  Tensor q = random({2, 4, 3, 4}, 1), k = random({2, 2, 1, 4}, 2);
  Tensor v = random({2, 2, 1, 4}, 3);
  Tensor pastKey = random({2, 2, 2, 4}, 5), pastValue = random({2, 2, 2, 4}, 6);
  Tensor key = random({2, 2, 3, 4}, 7);
  // Grouped heads, two past positions, three new ones.
  std::string causal = "q_num_heads = 0 : i64, kv_num_heads = 0 : i64, scale = 0.3 "
                       ": f32, is_causal = true, softcap = 2.0 : f32";
  std::string full = "q_num_heads = 0 : i64, kv_num_heads = 0 : i64, scale = 0.3 : "
                     "f32, is_causal = false, softcap = 2.0 : f32";
  auto one = op("onnx.attention",
                {q, key, key, Tensor(), pastKey, pastValue, Tensor()}, causal,
                "tensor<2x4x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>");
  Tensor mask = tensor("i1", {3, 5}, {1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1});
  auto two = op("onnx.attention",
                {q, key, key, mask, pastKey, pastValue, Tensor()}, full,
                "tensor<2x4x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>");
  expectValues(one[0], two[0].toDoubles());
  // The present is the past, then the new.
  EXPECT_EQ(one[1].getDouble(0), pastKey.getDouble(0));
  EXPECT_EQ(one[1].getDouble(2 * 4), key.getDouble(0));
}

TEST_F(AttentionTest, NonpadLengthsHideTheRest) {
  Tensor q = random({2, 1, 1, 4}, 1), k = random({2, 1, 3, 4}, 2);
  auto all = op("onnx.attention",
                {q, k, k, Tensor(), Tensor(), Tensor(), tensor("i64", {2}, {3, 1})},
                plain, "tensor<2x1x1x4xf32>, none, none");
  // With one visible position its value is the result.
  for (int64_t d = 0; d < 4; ++d)
    EXPECT_EQ(all[0].getDouble(4 + d), k.getDouble(12 + d));
}

TEST_F(AttentionTest, RowsAndHeadsGiveTheSame) {
  // With one head both layouts are the same bytes.
  Tensor q = random({1, 3, 4}, 1), k = random({1, 3, 4}, 2), v = random({1, 3, 4}, 3);
  auto rows = op("onnx.attention", {q, k, v, Tensor(), Tensor(), Tensor(), Tensor()},
                 "q_num_heads = 1 : i64, kv_num_heads = 1 : i64, scale = 0.0 : f32, "
                 "is_causal = true, softcap = 0.0 : f32",
                 "tensor<1x3x4xf32>, none, none");
  auto heads = op("onnx.attention",
                  {q.reshaped({1, 1, 3, 4}), k.reshaped({1, 1, 3, 4}),
                   v.reshaped({1, 1, 3, 4}), Tensor(), Tensor(), Tensor(), Tensor()},
                  "q_num_heads = 0 : i64, kv_num_heads = 0 : i64, scale = 0.0 : f32, "
                  "is_causal = true, softcap = 0.0 : f32",
                  "tensor<1x1x3x4xf32>, none, none");
  expectShape(rows[0], {1, 3, 4});
  expectValues(rows[0], heads[0].toDoubles());
}

TEST_F(AttentionTest, RotaryTurnsPairs) {
  Tensor input = tensor("f32", {1, 1, 1, 4}, {1, 2, 3, 4});
  Tensor cos = tensor("f32", {2, 2}, {9, 9, 0, 0.5}), sin = tensor("f32", {2, 2}, {9, 9, 1, 2});
  Tensor at = tensor("i64", {1, 1}, {1});
  std::string attributes = "num_heads = 0 : i64, rotary_dim = 0 : i64, interleaved = ";
  // Pairs (1, 3) and (2, 4).
  expectValues(op("onnx.rotary_embedding", {input, cos, sin, at},
                  attributes + "false", "tensor<1x1x1x4xf32>")[0],
               {-3, 2 * 0.5 - 4 * 2, 1, 4 * 0.5 + 2 * 2});
  // Pairs (1, 2) and (3, 4).
  expectValues(op("onnx.rotary_embedding", {input, cos, sin, at},
                  attributes + "true", "tensor<1x1x1x4xf32>")[0],
               {-2, 1, 3 * 0.5 - 4 * 2, 4 * 0.5 + 3 * 2});
  // One offset for all rows, and only a part of the head.
  expectValues(op("onnx.rotary_embedding",
                  {tensor("f32", {1, 1, 4}, {1, 2, 3, 4}), tensor("f32", {2, 1}, {9, 0}),
                   tensor("f32", {2, 1}, {9, 1}), tensor("i64", {1}, {1})},
                  "num_heads = 1 : i64, rotary_dim = 2 : i64, interleaved = false",
                  "tensor<1x1x4xf32>")[0],
               {-2, 1, 3, 4});
  // Tables by row, without positions.
  expectValues(op("onnx.rotary_embedding",
                  {input, tensor("f32", {1, 1, 2}, {0, 0.5}),
                   tensor("f32", {1, 1, 2}, {1, 2}), Tensor()},
                  attributes + "false", "tensor<1x1x1x4xf32>")[0],
               {-3, 2 * 0.5 - 4 * 2, 1, 4 * 0.5 + 2 * 2});
}

TEST_F(AttentionTest, PositionBeyondTheTablesIsRefused) {
  EXPECT_NE(failure("onnx.rotary_embedding",
                    {random({1, 1, 1, 4}, 1), random({2, 2}, 2), random({2, 2}, 3),
                     tensor("i64", {1, 1}, {2})},
                    "num_heads = 0 : i64, rotary_dim = 0 : i64, interleaved = false",
                    "tensor<1x1x1x4xf32>")
                .find("beyond the 2 rows"),
            std::string::npos);
}

class GroupedTest : public AttentionTest {
protected:
  static std::string attributes(bool rotary, int window, bool interleaved = false) {
    return std::string("num_heads = 4 : i64, kv_num_heads = 2 : i64, scale = 0.0 : "
                       "f32, softcap = 0.0 : f32, do_rotary = ") +
           (rotary ? "true" : "false") + ", rotary_interleaved = " +
           (interleaved ? "true" : "false") +
           ", local_window = " + std::to_string(window) + " : i64";
  }
};

TEST_F(GroupedTest, EqualsRotaryAndStandardAttention) {
  // Two sequences, 3 past positions, 2 new ones; 4 heads of 4, 2 cache heads.
  Tensor q = random({2, 2, 16}, 1), k = random({2, 2, 8}, 2), v = random({2, 2, 8}, 3);
  Tensor pastKey = random({2, 2, 3, 4}, 4), pastValue = random({2, 2, 3, 4}, 5);
  Tensor cos = random({8, 2}, 6), sin = random({8, 2}, 7);
  auto grouped = op("onnx.group_query_attention",
                    {q, k, v, pastKey, pastValue, tensor("i32", {2}, {4, 4}),
                     tensor("i32", {}, {5}), cos, sin, Tensor(), Tensor()},
                    attributes(true, -1),
                    "tensor<2x2x16xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>");
  Tensor at = tensor("i64", {2, 2}, {3, 4, 3, 4});
  auto rotate = [&](Tensor rows, int heads) {
    std::string shape = typeOf(rows);
    return op("onnx.rotary_embedding", {rows, cos, sin, at},
              "num_heads = " + std::to_string(heads) +
                  " : i64, rotary_dim = 0 : i64, interleaved = false",
              shape)[0];
  };
  auto standard = op("onnx.attention",
                     {rotate(q, 4), rotate(k, 2), v, Tensor(), pastKey, pastValue,
                      Tensor()},
                     "q_num_heads = 4 : i64, kv_num_heads = 2 : i64, scale = 0.0 : "
                     "f32, is_causal = true, softcap = 0.0 : f32",
                     "tensor<2x2x16xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>");
  expectValues(grouped[0], standard[0].toDoubles());
  expectValues(grouped[1], standard[1].toDoubles());
  expectValues(grouped[2], standard[2].toDoubles());
}

TEST_F(GroupedTest, PackedEqualsSeparate) {
  Tensor q = random({1, 3, 16}, 1), k = random({1, 3, 8}, 2), v = random({1, 3, 8}, 3);
  auto packed = op("onnx.concat", {q, k, v}, "axis = 2 : i64", "tensor<1x3x32xf32>");
  Tensor lengths = tensor("i32", {1}, {2}), total = tensor("i32", {1}, {3});
  std::string results =
      "tensor<1x3x16xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>";
  auto one = op("onnx.group_query_attention",
                {q, k, v, Tensor(), Tensor(), lengths, total, Tensor(), Tensor(),
                 Tensor(), Tensor()},
                attributes(false, -1), results);
  auto two = op("onnx.group_query_attention",
                {packed[0], Tensor(), Tensor(), Tensor(), Tensor(), lengths, total,
                 Tensor(), Tensor(), Tensor(), Tensor()},
                attributes(false, -1), results);
  expectValues(two[0], one[0].toDoubles());
}

TEST_F(GroupedTest, ASharedBufferIsWrittenInPlace) {
  // A buffer of 6 positions holds 2; one row is new.
  Tensor q = random({1, 1, 16}, 1), k = random({1, 1, 8}, 2), v = random({1, 1, 8}, 3);
  Tensor buffer = random({1, 2, 6, 4}, 4);
  auto shared = op("onnx.group_query_attention",
                   {q, k, v, buffer, buffer, tensor("i32", {1}, {2}),
                    tensor("i32", {}, {3}), Tensor(), Tensor(), Tensor(), Tensor()},
                   attributes(false, -1),
                   "tensor<1x1x16xf32>, tensor<1x2x6x4xf32>, tensor<1x2x6x4xf32>");
  EXPECT_EQ(shared[1].getDouble(2 * 4), k.getDouble(0));
  EXPECT_EQ(shared[1].getDouble(3 * 4), buffer.getDouble(3 * 4));
  // The rows behind position 2 are not seen.
  Tensor exact = Tensor::zeros(type("f32"), {1, 2, 2, 4});
  for (int64_t i = 0; i < 16; ++i)
    exact.setDouble(i, buffer.getDouble(i / 8 * 24 + i % 8));
  auto grown = op("onnx.group_query_attention",
                  {q, k, v, exact, exact, tensor("i32", {1}, {2}),
                   tensor("i32", {}, {3}), Tensor(), Tensor(), Tensor(), Tensor()},
                  attributes(false, -1),
                  "tensor<1x1x16xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>");
  expectValues(shared[0], grown[0].toDoubles());
}

TEST_F(GroupedTest, AWindowOfOneSeesItselfAlone) {
  Tensor q = random({1, 3, 16}, 1), k = random({1, 3, 8}, 2), v = random({1, 3, 8}, 3);
  auto result = op("onnx.group_query_attention",
                   {q, k, v, Tensor(), Tensor(), tensor("i32", {1}, {2}),
                    tensor("i32", {}, {3}), Tensor(), Tensor(), Tensor(), Tensor()},
                   attributes(false, 1),
                   "tensor<1x3x16xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>");
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t c = 0; c < 16; ++c)
      EXPECT_EQ(result[0].getDouble(i * 16 + c), v.getDouble(i * 8 + c / 8 * 4 + c % 4));
}

TEST_F(AttentionTest, MultiHeadAddsBiasAndPadding) {
  Tensor q = random({1, 2, 4}, 1), k = random({1, 3, 4}, 2), v = random({1, 3, 4}, 3);
  Tensor zero = Tensor::zeros(type("f32"), {12});
  std::string attributes = "num_heads = 2 : i64, scale = 0.0 : f32, unidirectional = "
                           "false, mask_filter_value = -10000.0 : f32";
  auto plainResult = op("onnx.multi_head_attention",
                        {q, k, v, zero, tensor("i32", {1, 3}, {1, 1, 0}), Tensor(),
                         Tensor(), Tensor()},
                        attributes, "tensor<1x2x4xf32>, none, none");
  Tensor mask = tensor("f32", {1, 1, 2, 3}, {0, 0, -10000, 0, 0, -10000});
  auto masked = op("onnx.multi_head_attention",
                   {q, k, v, Tensor(), Tensor(), mask, Tensor(), Tensor()}, attributes,
                   "tensor<1x2x4xf32>, none, none");
  expectValues(plainResult[0], masked[0].toDoubles());
  // A bias on the values shifts the result by it.
  Tensor bias = Tensor::zeros(type("f32"), {12});
  bias.setDouble(9, 3);
  auto shifted = op("onnx.multi_head_attention",
                    {q, k, v, bias, tensor("i32", {1, 3}, {1, 1, 0}), Tensor(),
                     Tensor(), Tensor()},
                    attributes, "tensor<1x2x4xf32>, none, none");
  EXPECT_NEAR(shifted[0].getDouble(1), plainResult[0].getDouble(1) + 3, 1e-6);
  EXPECT_NEAR(shifted[0].getDouble(0), plainResult[0].getDouble(0), 1e-6);
}

} // namespace llmc::reference
