#include "Harness.h"

#include "compiler/reference/FileWeights.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

namespace llmc::reference {

class EvaluatorTest : public ReferenceTest {};

TEST_F(EvaluatorTest, SymbolsFollowFromTheInputs) {
  parse("#m = affine_map<()[s0, s1] -> (s0, s1)>\n"
        "#n = affine_map<()[s0, s1] -> (s0 * s1)>\n"
        "func.func @f(%a: tensor<?x?xf32, #m>) -> tensor<?xf32, #n> {\n"
        "%r = onnx.reshape %a : (tensor<?x?xf32, #m>) -> tensor<?xf32, #n>\n"
        "return %r : tensor<?xf32, #n> }");
  expectShape(call({counting({2, 3})})[0], {6});
  expectShape(call({counting({5, 2})})[0], {10});
}

TEST_F(EvaluatorTest, InputsThatContradictTheirTypesAreRefused) {
  parse("#m = affine_map<()[s0] -> (s0, s0)>\n"
        "func.func @f(%a: tensor<?x?xf32, #m>) -> tensor<?x?xf32, #m> {\n"
        "return %a : tensor<?x?xf32, #m> }");
  auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
  std::vector<Tensor> inputs = {counting({2, 3})};
  EXPECT_TRUE(failed(evaluator->evaluateFunction(function, inputs)));
  EXPECT_NE(evaluator->error().find("forbids"), std::string::npos)
      << evaluator->error();
  inputs = {tensor("f64", {2, 2}, {1, 2, 3, 4})};
  EXPECT_TRUE(failed(evaluator->evaluateFunction(function, inputs)));
}

TEST_F(EvaluatorTest, AResultThatContradictsItsTypeIsRefused) {
  EXPECT_NE(failure("onnx.neg", {counting({2})}, "", "tensor<3xf32>")
                .find("forbids"),
            std::string::npos);
}

TEST_F(EvaluatorTest, ProbesAValueWithBoundInputs) {
  parse("func.func @f(%a: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<2xf32> {\n"
        "%s = onnx.add %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>\n"
        "%p = onnx.mul %s, %s : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>\n"
        "return %p : tensor<2xf32> }");
  auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
  auto ops = function.getBody().front().getOperations().begin();
  mlir::Value sum = ops->getResult(0), product = std::next(ops)->getResult(0);
  // The sum in the middle of the graph is given; the arguments are not.
  evaluator->bind(sum, tensor("f32", {2}, {3, 4}));
  auto result = evaluator->evaluate(product);
  ASSERT_TRUE(succeeded(result)) << evaluator->error();
  expectValues(*result, {9, 16});
  evaluator->clear();
  EXPECT_TRUE(failed(evaluator->evaluate(product)));
  EXPECT_NE(evaluator->error().find("not bound"), std::string::npos);
}

TEST_F(EvaluatorTest, ClearForgetsInferredSymbolsAlone) {
  parse("#m = affine_map<()[s0, s1] -> (s0, s1)>\n"
        "func.func @f(%a: tensor<?x?xf32, #m>) -> tensor<2xi64> {\n"
        "%d = onnx.dimensions {values = affine_map<()[s0, s1] -> (s0, s1)>} : () -> "
        "tensor<2xi64>\n"
        "return %d : tensor<2xi64> }");
  auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
  mlir::Value dimensions =
      function.getBody().front().getTerminator()->getOperand(0);
  evaluator->setSymbol(0, 7);
  evaluator->bind(function.getArgument(0), counting({7, 3}));
  auto values = evaluator->evaluate(dimensions);
  ASSERT_TRUE(succeeded(values)) << evaluator->error();
  expectValues(*values, {7, 3});
  evaluator->clear();
  EXPECT_TRUE(failed(evaluator->evaluate(dimensions)));
  evaluator->setSymbol(1, 4);
  values = evaluator->evaluate(dimensions);
  ASSERT_TRUE(succeeded(values)) << evaluator->error();
  expectValues(*values, {7, 4});
}

TEST_F(EvaluatorTest, LongChainsDoNotOverflowTheStack) {
  std::string text = "func.func @f(%v0: tensor<1xf32>) -> tensor<1xf32> {\n";
  int length = 20000;
  for (int i = 0; i < length; ++i)
    text += "%v" + std::to_string(i + 1) + " = onnx.neg %v" + std::to_string(i) +
            " : (tensor<1xf32>) -> tensor<1xf32>\n";
  text += "return %v" + std::to_string(length) + " : tensor<1xf32> }";
  parse(text);
  expectValues(call({counting({1})})[0], {1});
}

TEST_F(EvaluatorTest, AValueUsedTwiceByOneOpIsKept) {
  parse("func.func @f(%a: tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>) {\n"
        "%s = onnx.neg %a : (tensor<1xf32>) -> tensor<1xf32>\n"
        "%p = onnx.mul %s, %s : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>\n"
        "%q = onnx.add %p, %s : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>\n"
        "return %q, %q : tensor<1xf32>, tensor<1xf32> }");
  auto results = call({tensor("f32", {1}, {3})});
  expectValues(results[0], {6});
  expectValues(results[1], {6});
}

TEST_F(EvaluatorTest, TheLimitStopsLargeTensors) {
  parse("func.func @f() -> tensor<1000x1000xf32> {\n"
        "%c = onnx.constant dense<1.0> : tensor<1xf32> : tensor<1xf32>\n"
        "%e = onnx.expand %c : (tensor<1xf32>) -> tensor<1000x1000xf32>\n"
        "return %e : tensor<1000x1000xf32> }");
  evaluator->setLimit(1000);
  auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
  EXPECT_TRUE(failed(evaluator->evaluateFunction(function, mlir::ArrayRef<Tensor>())));
  EXPECT_NE(evaluator->error().find("limit"), std::string::npos);
}

TEST_F(EvaluatorTest, UnknownOpsAndTypesAreErrors) {
  context.allowUnregisteredDialects();
  parse("func.func @f(%a: tensor<1xf32>) -> tensor<1xf32> {\n"
        "%r = \"other.op\"(%a) : (tensor<1xf32>) -> tensor<1xf32>\n"
        "return %r : tensor<1xf32> }");
  auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
  std::vector<Tensor> inputs = {counting({1})};
  EXPECT_TRUE(failed(evaluator->evaluateFunction(function, inputs)));
  EXPECT_NE(evaluator->error().find("no reference"), std::string::npos);
  EXPECT_NE(failure("onnx.cast", {counting({1})}, "", "tensor<1xcomplex<f32>>")
                .find("element type"),
            std::string::npos);
}

TEST_F(EvaluatorTest, InitializersComeFromTheFile) {
  llvm::SmallString<128> path;
  int descriptor;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("weights", "bin", descriptor, path));
  {
    llvm::raw_fd_ostream file(descriptor, true);
    float values[] = {0, 1.5, -2};
    file.write(reinterpret_cast<const char *>(values), sizeof(values));
  }
  std::string text =
      "module attributes {onnx.files = [\"" + path.str().str() + "\"]} {\n"
      "onnx.initializer @w {type = tensor<2xf32>, file = 0 : i64, offset = 4 : i64, "
      "bytes = 8 : i64}\n"
      "onnx.initializer @x {type = tensor<2xf32>, file = 0 : i64, offset = 8 : i64, "
      "bytes = 8 : i64}\n"
      "func.func @f() -> tensor<2xf32> {\n"
      "%r = onnx.get_initializer @w : tensor<2xf32>\n"
      "return %r : tensor<2xf32> }\n"
      "func.func @g() -> tensor<2xf32> {\n"
      "%r = onnx.get_initializer @x : tensor<2xf32>\n"
      "return %r : tensor<2xf32> } }";
  auto parsed = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  ASSERT_TRUE(parsed);
  FileWeights files(*parsed);
  weights = &files;
  parse(text);
  expectValues(call({})[0], {1.5, -2});
  auto beyond = module->lookupSymbol<mlir::func::FuncOp>("g");
  EXPECT_TRUE(failed(evaluator->evaluateFunction(beyond, mlir::ArrayRef<Tensor>())));
  EXPECT_NE(evaluator->error().find("beyond the end"), std::string::npos);
  llvm::sys::fs::remove(path);
}

} // namespace llmc::reference
