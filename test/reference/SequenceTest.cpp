/// The cache and attention over rows, in the form of a graph and of a step.
#include "Harness.h"

#include <cmath>

namespace llmc::reference {

class SequenceTest : public ReferenceTest {
protected:
  Tensor random(Extents shape, uint64_t seed) {
    Tensor tensor = Tensor::zeros(type("f32"), shape);
    for (int64_t i = 0; i < tensor.numElements(); ++i) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      tensor.setDouble(i, double(int64_t(seed) >> 40) * 0x1p-23);
    }
    return tensor;
  }
  /// Rows [start, start + count) of [T, D] or, as one sequence, of [1, T, D].
  Tensor rows(const Tensor &tensor, int64_t start, int64_t count) {
    int64_t width = tensor.shape().back();
    Tensor result = Tensor::zeros(tensor.elementType(), {count, width});
    for (int64_t i = 0; i < count * width; ++i)
      result.setDouble(i, tensor.getDouble(start * width + i));
    return result;
  }

  static constexpr const char *step =
      "!c = !llm.kv_cache<2 x 4, page = 64, f32>\n"
      "#m = affine_map<()[s0] -> (s0, 16)>\n#k = affine_map<()[s0] -> (s0, 8)>\n"
      "func.func @f(%q: tensor<?x16xf32, #m>, %k: tensor<?x8xf32, #k>, "
      "%v: tensor<?x8xf32, #k>, %c: !c) -> (tensor<?x16xf32, #m>, !c) {\n"
      "%n = llm.kv_append %c, %k, %v : (!c, tensor<?x8xf32, #k>, "
      "tensor<?x8xf32, #k>) -> !c\n"
      "%r = llm.attention %q, %n {heads = 4 : i64, scale = 0.5 : f32} : "
      "(tensor<?x16xf32, #m>, !c) -> tensor<?x16xf32, #m>\n"
      "return %r, %n : tensor<?x16xf32, #m>, !c }";

  std::pair<Tensor, Cache> runStep(Tensor q, Tensor k, Tensor v, Cache cache,
                                   std::optional<Batch> batch) {
    evaluator->setBatch(std::move(batch));
    std::vector<Datum> inputs = {q, k, v, cache};
    auto results = evaluator->evaluateFunction(
        module->lookupSymbol<mlir::func::FuncOp>("f"), inputs);
    if (failed(results)) {
      ADD_FAILURE() << evaluator->error();
      return {};
    }
    return {std::get<Tensor>((*results)[0]), std::get<Cache>((*results)[1])};
  }
};

TEST_F(SequenceTest, PositionsCountFromThePast) {
  parse("func.func @f() -> tensor<1x3xi64> { %0 = llm.positions : tensor<1x3xi64>\n"
        "return %0 : tensor<1x3xi64> }");
  evaluator->setPastLength(5);
  expectValues(call({})[0], {5, 6, 7});
  evaluator->setBatch(Batch{{0, 0, 1}, {7, 8, 0}});
  expectValues(call({})[0], {7, 8, 0});
}

TEST_F(SequenceTest, RopeEqualsRotaryEmbedding) {
  Tensor input = random({2, 3, 8}, 1), cos = random({9, 1}, 2), sin = random({9, 1}, 3);
  for (bool interleaved : {false, true}) {
    auto rope = op("llm.rope", {input, tensor("i64", {3}, {4, 5, 6}), cos, sin},
                   std::string("heads = 2 : i64, head_dim = 4 : i64, rotary_dim = 2 : "
                               "i64, pairing = ") +
                       (interleaved ? "1 : i32" : "0 : i32"),
                   "tensor<2x3x8xf32>");
    auto onnx = op("onnx.rotary_embedding",
                   {input, cos, sin, tensor("i64", {2, 3}, {4, 5, 6, 4, 5, 6})},
                   std::string("num_heads = 2 : i64, rotary_dim = 2 : i64, "
                               "interleaved = ") +
                       (interleaved ? "true" : "false"),
                   "tensor<2x3x8xf32>");
    expectValues(rope[0], onnx[0].toDoubles());
  }
}

TEST_F(SequenceTest, GraphFormEqualsGroupedAttention) {
  Tensor q = random({2, 2, 16}, 1), k = random({2, 2, 8}, 2), v = random({2, 2, 8}, 3);
  Tensor pastKey = random({2, 2, 3, 4}, 4), pastValue = random({2, 2, 3, 4}, 5);
  for (int window : {0, 2}) {
    auto onnx = op("onnx.group_query_attention",
                   {q, k, v, pastKey, pastValue, tensor("i32", {2}, {4, 4}),
                    tensor("i32", {}, {5}), Tensor(), Tensor(), Tensor(), Tensor()},
                   "num_heads = 4 : i64, kv_num_heads = 2 : i64, scale = 0.5 : f32, "
                   "softcap = 3.0 : f32, do_rotary = false, rotary_interleaved = "
                   "false, local_window = " +
                       std::to_string(window ? window : -1) + " : i64",
                   "tensor<2x2x16xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>");
    parse("!c = !llm.kv_cache<2 x 4, page = 64, f32>\n"
          "!r = tensor<2x2x16xf32>\n!k = tensor<2x2x8xf32>\n"
          "!p = tensor<2x2x3x4xf32>\n!n = tensor<2x2x5x4xf32>\n"
          "func.func @f(%q: !r, %k: !k, %v: !k, %pk: !p, %pv: !p) -> (!r, !n, !n) {\n"
          "%c = llm.cache_from %pk, %pv : (!p, !p) -> !c\n"
          "%d = llm.kv_append %c, %k, %v : (!c, !k, !k) -> !c\n"
          "%r = llm.attention %q, %d {heads = 4 : i64, scale = 0.5 : f32, softcap = "
          "3.0 : f32, window = " +
          std::to_string(window) +
          " : i64} : (!r, !c) -> !r\n"
          "%a, %b = llm.cache_to %d : (!c) -> (!n, !n)\n"
          "return %r, %a, %b : !r, !n, !n }");
    auto llm = call({q, k, v, pastKey, pastValue});
    expectValues(llm[0], onnx[0].toDoubles());
    expectValues(llm[1], onnx[1].toDoubles());
    expectValues(llm[2], onnx[2].toDoubles());
  }
}

TEST_F(SequenceTest, BuffersHoldThePastAloneAndAreFilledUp) {
  parse("!c = !llm.kv_cache<2 x 4, page = 64, f32>\n"
        "!k = tensor<1x2x8xf32>\n!b = tensor<1x2x6x4xf32>\n"
        "func.func @f(%k: !k, %b: !b) -> (!b, !b) {\n"
        "%c = llm.cache_from %b, %b : (!b, !b) -> !c\n"
        "%d = llm.kv_append %c, %k, %k : (!c, !k, !k) -> !c\n"
        "%x, %y = llm.cache_to %d : (!c) -> (!b, !b)\n"
        "return %x, %y : !b, !b }");
  evaluator->setPastLength(3);
  Tensor k = random({1, 2, 8}, 1), buffer = random({1, 2, 6, 4}, 2);
  std::vector<double> expected = buffer.toDoubles();
  for (int64_t h = 0; h < 2; ++h)
    for (int64_t i = 3; i < 6; ++i)
      for (int64_t d = 0; d < 4; ++d)
        expected[(h * 6 + i) * 4 + d] =
            i < 5 ? k.getDouble((i - 3) * 8 + h * 4 + d) : 0;
  auto presents = call({k, buffer});
  expectValues(presents[0], expected);
  expectValues(presents[1], expected);
}

TEST_F(SequenceTest, StepsInChunksEqualOneStep) {
  parse(step);
  Tensor q = random({5, 16}, 1), k = random({5, 8}, 2), v = random({5, 8}, 3);
  auto [whole, cache] = runStep(q, k, v, Cache(), Batch{{0, 0, 0, 0, 0}, {0, 1, 2, 3, 4}});
  EXPECT_EQ(cache.length(0, 8), 5);
  // As 3 rows, then 2.
  auto [head, first] = runStep(rows(q, 0, 3), rows(k, 0, 3), rows(v, 0, 3), Cache(),
                               Batch{{0, 0, 0}, {0, 1, 2}});
  auto [tail, second] = runStep(rows(q, 3, 2), rows(k, 3, 2), rows(v, 3, 2), first,
                                Batch{{0, 0}, {3, 4}});
  expectValues(head, rows(whole, 0, 3).toDoubles());
  expectValues(tail, rows(whole, 3, 2).toDoubles());
  EXPECT_EQ(second.sequences[0].keys, cache.sequences[0].keys);
  // Without a descriptor, rows are one sequence.
  auto [graph, other] = runStep(q, k, v, Cache(), std::nullopt);
  expectValues(graph, whole.toDoubles());
}

TEST_F(SequenceTest, SequencesOfAStepDoNotSeeEachOther) {
  parse(step);
  Tensor q = random({3, 16}, 1), k = random({3, 8}, 2), v = random({3, 8}, 3);
  auto [alone, one] = runStep(rows(q, 1, 2), rows(k, 1, 2), rows(v, 1, 2), Cache(),
                              Batch{{0, 0}, {0, 1}});
  auto [mixed, two] = runStep(q, k, v, Cache(), Batch{{1, 0, 0}, {0, 0, 1}});
  expectValues(rows(mixed, 1, 2), alone.toDoubles());
  EXPECT_EQ(two.length(0, 8), 2);
  EXPECT_EQ(two.length(1, 8), 1);
}

TEST_F(SequenceTest, WhatMultipliesACacheOfBf16IsOfBf16Too) {
  parse("!c = !llm.kv_cache<1 x 2, page = 64, bf16>\n!r = tensor<2x2xf32>\n"
        "func.func @f(%q: !r, %k: !r, %v: !r, %c: !c) -> (!r, !c) {\n"
        "%n = llm.kv_append %c, %k, %v : (!c, !r, !r) -> !c\n"
        "%r = llm.attention %q, %n {heads = 1 : i64, scale = 1.0 : f32} : (!r, !c) -> !r\n"
        "return %r, %n : !r, !c }");
  Tensor q = tensor("f32", {2, 2}, {1, 0, 1.001, 0});
  Tensor k = tensor("f32", {2, 2}, {0, 0, 1.001, 0});
  Tensor v = tensor("f32", {2, 2}, {1, 3, 1.001, 0});
  auto [result, cache] = runStep(q, k, v, Cache(), Batch{{0, 0}, {0, 1}});
  EXPECT_EQ(cache.sequences[0].values, (std::vector<float>{1, 3, 1, 0}));
  // The second row: scores 0 and 1, weights exp(-1), in bf16 0.3671875, and 1.
  double sum = 1 + std::exp(-1.0), small = 0.3671875;
  Tensor want = tensor("f32", {2, 2}, {1, 3, (small + 1) / sum, 3 * small / sum});
  expectValues(result, want.toDoubles());
}

TEST_F(SequenceTest, WhatMultipliesACacheOfF16IsOfF16AndFinite) {
  parse("!c = !llm.kv_cache<1 x 2, page = 64, f16>\n!r = tensor<1x2xf32>\n"
        "!h = tensor<1x2xf16>\n"
        "func.func @f(%q: !r, %k: !r, %v: !r, %c: !c) -> (!h, !c) {\n"
        "%n = llm.kv_append %c, %k, %v : (!c, !r, !r) -> !c\n"
        "%r = llm.attention %q, %n {heads = 1 : i64, scale = 1.0 : f32} : (!r, !c) -> !h\n"
        "return %r, %n : !h, !c }");
  Tensor q = tensor("f32", {1, 2}, {1e9, 0}), k = tensor("f32", {1, 2}, {1, 0});
  Tensor v = tensor("f32", {1, 2}, {-1e5, 1 + 0x1p-12});
  auto [result, cache] = runStep(q, k, v, Cache(), Batch{{0}, {0}});
  EXPECT_EQ(cache.sequences[0].values, (std::vector<float>{-65504, 1}));
  expectValues(result, {-65504, 1});
}

TEST_F(SequenceTest, ACacheOfBytesKeepsAScaleOfEachHead) {
  parse("!c = !llm.kv_cache<1 x 2, page = 64, i8>\n!r = tensor<2x2xf32>\n"
        "func.func @f(%q: !r, %k: !r, %v: !r, %c: !c) -> (!r, !c) {\n"
        "%n = llm.kv_append %c, %k, %v : (!c, !r, !r) -> !c\n"
        "%r = llm.attention %q, %n {heads = 1 : i64, scale = 1.0 : f32} : (!r, !c) -> !r\n"
        "return %r, %n : !r, !c }");
  Tensor q = tensor("f32", {2, 2}, {1, 0, 1.001, 0});
  Tensor k = tensor("f32", {2, 2}, {0, 0, 1, -0.5});
  Tensor v = tensor("f32", {2, 2}, {1, 3, 1, 0});
  auto [result, cache] = runStep(q, k, v, Cache(), Batch{{0, 0}, {0, 1}});
  auto near = [](const std::vector<float> &actual, std::vector<double> want) {
    ASSERT_EQ(actual.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i)
      EXPECT_NEAR(actual[i], want[i], 1e-6);
  };
  // -63.5 steps are -64: halves go to the even number.
  near(cache.sequences[0].keys, {0, 0, 1, -64 / 127.0});
  near(cache.sequences[0].values, {42 * 3 / 127.0, 3, 1, 0});
  near(cache.sequences[0].valueScales, {3 / 127.0, 1 / 127.0});
  // Weights times scales in bf16: 3/127 is 194 * 2^-13; of the second row,
  // exp(-1) * 3/127 is 142 * 2^-14 and 1/127 is 129 * 2^-14.
  double first = std::ldexp(194, -13), old = std::ldexp(142, -14),
         fresh = std::ldexp(129, -14), sum = 1 + std::exp(-1.0);
  Tensor want = tensor("f32", {2, 2},
                       {first * 42, first * 127,
                        (old * 42 + fresh * 127) / sum, old * 127 / sum});
  expectValues(result, want.toDoubles());
}

TEST_F(SequenceTest, AGapInTheCacheIsRefused) {
  parse(step);
  evaluator->setBatch(Batch{{0}, {3}});
  std::vector<Datum> inputs = {random({1, 16}, 1), random({1, 8}, 2),
                               random({1, 8}, 3), Cache()};
  auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
  EXPECT_TRUE(failed(evaluator->evaluateFunction(function, inputs)));
  EXPECT_NE(evaluator->error().find("leaves a gap"), std::string::npos);
  evaluator->setBatch(Batch{{0, 0}, {0, 1}});
  EXPECT_TRUE(failed(evaluator->evaluateFunction(function, inputs)));
  EXPECT_NE(evaluator->error().find("describes 2 rows"), std::string::npos);
}

} // namespace llmc::reference
