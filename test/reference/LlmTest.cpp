#include "Harness.h"

namespace llmc::reference {

/// Gives initializers that the test holds.
class GivenWeights : public WeightProvider {
public:
  mlir::FailureOr<Tensor> load(onnx::InitializerOp op) override {
    auto found = tensors.find(op.getSymName());
    if (found == tensors.end())
      return mlir::failure();
    return found->second;
  }
  llvm::StringMap<Tensor> tensors;
};

class LlmTest : public ReferenceTest {
protected:
  LlmTest() { weights = &given; }

  /// Defines the f32 initializer \p name.
  std::string initializer(const std::string &name, Tensor value) {
    given.tensors[name] = value;
    return "onnx.initializer @" + name + " {type = " + typeOf(value) +
           ", file = 0 : i64, offset = 0 : i64, bytes = " +
           std::to_string(value.numElements() * value.width()) + " : i64}\n";
  }
  /// What an llm.weight of these attributes holds.
  Tensor weight(const std::string &initializers, const std::string &attributes,
                const std::string &type) {
    parse(initializers + "llm.weight @w {type = " + type + ", " + attributes +
          "}\nfunc.func @f() -> " + type + " { %0 = llm.get_weight @w : " + type +
          "\nreturn %0 : " + type + " }");
    return call({})[0];
  }

  GivenWeights given;
};

TEST_F(LlmTest, WeightTransposesJoinsAndScales) {
  std::string both = initializer("a", counting({2, 3})) + initializer("b", counting({3, 1}));
  expectValues(weight(both,
                      "sources = [@a, @b], transposed = array<i1: true, false>, "
                      "factor = 2.0 : f32",
                      "tensor<3x3xf32>"),
               {2, 8, 2, 4, 10, 4, 6, 12, 6});
}

TEST_F(LlmTest, WeightTakesRangesOfColumns) {
  // Columns 1, 2, 5, 6 of 8, then the only one of the second source.
  std::string both = initializer("a", counting({2, 8})) + initializer("b", counting({2, 1}));
  expectValues(weight(both,
                      "sources = [@a, @b], transposed = array<i1: false, false>, "
                      "columns = array<i64: 1, 2, 4, 2, 0, 1, 0, 1>",
                      "tensor<2x5xf32>"),
               {2, 3, 6, 7, 1, 10, 11, 14, 15, 2});
  expectValues(weight(initializer("a", counting({6})),
                      "sources = [@a], transposed = array<i1: false>, "
                      "columns = array<i64: 0, 1, 3, 2>",
                      "tensor<2xf32>"),
               {1, 4});
}

TEST_F(LlmTest, WeightLeavesOutRows) {
  expectValues(weight(initializer("a", counting({3, 2})),
                      "sources = [@a], transposed = array<i1: false>, first_row = 1 : i64",
                      "tensor<2x2xf32>"),
               {3, 4, 5, 6});
  expectValues(weight(initializer("a", counting({2, 3})),
                      "sources = [@a], transposed = array<i1: true>, first_row = 1 : i64, "
                      "columns = array<i64: 1, 1, 0, 1>",
                      "tensor<2x1xf32>"),
               {5, 6});
}

TEST_F(LlmTest, WeightConvertsToItsType) {
  std::string one = initializer("a", tensor("f32", {2}, {1 + 0x1p-9, 3}));
  expectValues(weight(one, "sources = [@a], transposed = array<i1: false>",
                      "tensor<2xbf16>"),
               {1, 3});
}

TEST_F(LlmTest, WeightOfValuesStandsInTheIr) {
  expectValues(weight("", "values = dense<[1.0, 2.0]> : tensor<2xf32>", "tensor<2xf32>"),
               {1, 2});
}

TEST_F(LlmTest, WeightOfEightBitsIsQuantizedByColumn) {
  std::string one =
      initializer("a", tensor("f32", {2, 2}, {127, 0.5, 3.4, -1}));
  Tensor quantized = weight(one,
                            "sources = [@a], transposed = array<i1: false>, "
                            "scheme = \"w8\"",
                            "tensor<2x2xf32>");
  expectValues(quantized, {127, 64 / 127., 3, -1});
}

TEST_F(LlmTest, WeightThatDoesNotFitIsRefused) {
  std::string one = initializer("a", counting({2, 3}));
  parse(one + "llm.weight @w {type = tensor<3x3xf32>, sources = [@a], transposed = "
              "array<i1: false>}\n"
              "func.func @f() -> tensor<3x3xf32> { %0 = llm.get_weight @w : "
              "tensor<3x3xf32>\nreturn %0 : tensor<3x3xf32> }");
  auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
  EXPECT_TRUE(failed(evaluator->evaluateFunction(function, mlir::ArrayRef<Tensor>())));
  EXPECT_NE(evaluator->error().find("do not make up"), std::string::npos);
}

TEST_F(LlmTest, EmbeddingAndTakeRowsChooseRows) {
  Tensor table = counting({3, 2});
  expectValues(op("llm.embedding", {tensor("i64", {1, 2}, {2, 0}), table}, "",
                  "tensor<1x2x2xf32>")[0],
               {5, 6, 1, 2});
  expectValues(op("llm.take_rows", {table, tensor("i32", {1}, {1})}, "",
                  "tensor<1x2xf32>")[0],
               {3, 4});
  EXPECT_NE(failure("llm.embedding", {tensor("i64", {1}, {3}), table}, "",
                    "tensor<1x2xf32>")
                .find("beyond"),
            std::string::npos);
}

TEST_F(LlmTest, LinearRunsItsEpilogue) {
  // gate * sigmoid(gate) * up + residual, of two parts.
  parse("func.func @f(%x: tensor<1x2xf32>, %w: tensor<2x4xf32>, "
        "%r: tensor<1x2xf32>, %b: tensor<2xf32>) -> (tensor<1x2xf32>, tensor<1x2xf16>) {\n"
        "%y:2 = llm.linear %x, %w extras(%r, %b) {parts = 2 : i64} : "
        "(tensor<1x2xf32>, tensor<2x4xf32>, tensor<1x2xf32>, tensor<2xf32>) -> "
        "(tensor<1x2xf32>, tensor<1x2xf16>) {\n"
        "^bb0(%gate: f32, %up: f32, %res: f32, %bias: f32):\n"
        "  %one = arith.constant 1.0 : f32\n"
        "  %n = arith.negf %gate : f32\n"
        "  %e = math.exp %n : f32\n"
        "  %d = arith.addf %e, %one : f32\n"
        "  %s = arith.divf %gate, %d : f32\n"
        "  %m = arith.mulf %s, %up : f32\n"
        "  %a = arith.addf %m, %res : f32\n"
        "  %c = arith.addf %a, %bias : f32\n"
        "  %h = arith.truncf %c : f32 to f16\n"
        "  llm.yield %c, %h : f32, f16\n"
        "}\n"
        "return %y#0, %y#1 : tensor<1x2xf32>, tensor<1x2xf16> }");
  auto results = call({tensor("f32", {1, 2}, {1, 2}), counting({2, 4}),
                       tensor("f32", {1, 2}, {0.5, 0.25}), tensor("f32", {2}, {1, 2})});
  // Sums: 1 + 10, 2 + 12 | 3 + 14, 4 + 16.
  auto silu = [](double x) { return x / (1 + std::exp(-x)); };
  double first = silu(11) * 17 + 1.5, second = silu(14) * 20 + 2.25;
  EXPECT_NEAR(results[0].getDouble(0), first, 1e-4);
  EXPECT_NEAR(results[0].getDouble(1), second, 1e-4);
  EXPECT_EQ(results[1].getDouble(1), roundTo(Element::F16, results[0].getDouble(1)));
}

TEST_F(LlmTest, MapBroadcastsColumnsAndScalars) {
  parse("func.func @f(%x: tensor<2x2xf32>, %c: tensor<2xf32>, %k: tensor<1xi32>) -> "
        "tensor<2x2xf32> {\n"
        "%y = llm.map %x, %c, %k : (tensor<2x2xf32>, tensor<2xf32>, tensor<1xi32>) -> "
        "tensor<2x2xf32> {\n"
        "^bb0(%a: f32, %b: f32, %i: i32):\n"
        "  %f = arith.sitofp %i : i32 to f32\n"
        "  %p = arith.cmpf ogt, %a, %f : f32\n"
        "  %s = arith.select %p, %b, %a : f32\n"
        "  llm.yield %s : f32\n"
        "}\n"
        "return %y : tensor<2x2xf32> }");
  expectValues(call({counting({2, 2}), tensor("f32", {2}, {10, 20}),
                     tensor("i32", {1}, {2})})[0],
               {1, 2, 10, 20});
}

TEST_F(LlmTest, MapRefusesWhatIsNoScalarOp) {
  context.allowUnregisteredDialects();
  parse("func.func @f(%x: tensor<1xf32>) -> tensor<1xf32> {\n"
        "%y = llm.map %x : (tensor<1xf32>) -> tensor<1xf32> {\n"
        "^bb0(%a: f32):\n"
        "  %s = \"other.op\"(%a) : (f32) -> f32\n"
        "  llm.yield %s : f32\n"
        "}\n"
        "return %y : tensor<1xf32> }");
  auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
  std::vector<Tensor> inputs = {counting({1})};
  EXPECT_TRUE(failed(evaluator->evaluateFunction(function, inputs)));
  EXPECT_NE(evaluator->error().find("other.op"), std::string::npos);
}

TEST_F(LlmTest, NormsWorkOnTheLastDimension) {
  Tensor input = tensor("f32", {1, 2}, {3, 4}), scale = tensor("f32", {2}, {1, 2});
  double root = std::sqrt(12.5 + 0.5);
  expectValues(op("llm.rms_norm", {input, scale}, "epsilon = 0.5 : f32",
                  "tensor<1x2xf32>")[0],
               {3 / root, 8 / root});
  expectValues(op("llm.rms_norm", {input, scale}, "epsilon = 0.5 : f32, offset = 1.0 : f32",
                  "tensor<1x2xf32>")[0],
               {6 / root, 12 / root});
  auto added = op("llm.add_rms_norm", {tensor("f32", {1, 2}, {1, 1}),
                                       tensor("f32", {1, 2}, {2, 3}), scale},
                  "epsilon = 0.5 : f32", "tensor<1x2xf32>, tensor<1x2xf32>");
  expectValues(added[0], {3, 4});
  expectValues(added[1], {3 / root, 8 / root});
  double deviation = std::sqrt(0.25 + 0.5);
  expectValues(op("llm.layer_norm", {input, scale, tensor("f32", {2}, {0, 1})},
                  "epsilon = 0.5 : f32", "tensor<1x2xf32>")[0],
               {-0.5 / deviation, 1 / deviation + 1});
}

TEST_F(LlmTest, ColumnsAreARange) {
  parse("func.func @f(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {\n"
        "%y = llm.columns %x {offset = 1 : i64} : tensor<2x3xf32> -> tensor<2x2xf32>\n"
        "return %y : tensor<2x2xf32> }");
  expectValues(call({counting({2, 3})})[0], {2, 3, 5, 6});
}

} // namespace llmc::reference
