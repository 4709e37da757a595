/// What the tests of the reference evaluator share: parse a function, run it,
/// compare.
#ifndef LLMC_TEST_REFERENCE_HARNESS_H
#define LLMC_TEST_REFERENCE_HARNESS_H

#include "compiler/reference/Evaluator.h"
#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/SourceMgr.h"
#include "gtest/gtest.h"

#include <cmath>

namespace llmc::reference {

class ReferenceTest : public ::testing::Test {
protected:
  using Doubles = std::vector<double>;
  using Extents = std::vector<int64_t>;

  ReferenceTest() {
    context.loadDialect<onnx::OnnxDialect, llm::LlmDialect,
                        mlir::func::FuncDialect, mlir::arith::ArithDialect,
                        mlir::math::MathDialect>();
  }

  mlir::Type type(mlir::StringRef text) { return mlir::parseType(text, &context); }
  Tensor tensor(mlir::StringRef element, Extents shape, Doubles values) {
    return Tensor::fromDoubles(type(element), shape, values);
  }
  /// 1, 2, 3, … in f32.
  Tensor counting(Extents shape) { return Tensor::iota(type("f32"), shape, 1); }

  /// Parses a module and makes the evaluator; later calls use both.
  void parse(const std::string &text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    ASSERT_TRUE(module) << text;
    evaluator.emplace(*module, weights);
  }

  /// Runs @f of the module that was parsed.
  /// Empty tensors are not arguments and are left out.
  std::vector<Tensor> call(std::vector<Tensor> inputs) {
    std::erase_if(inputs, [](const Tensor &input) { return !input; });
    auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
    auto results = evaluator->evaluateFunction(function, inputs);
    if (failed(results)) {
      ADD_FAILURE() << evaluator->error();
      return std::vector<Tensor>(function.getNumResults());
    }
    return {results->begin(), results->end()};
  }

  /// Runs "onnx.OP %0, %1 {ATTRIBUTES} : (operand types) -> results".
  std::vector<Tensor> op(const std::string &name, std::vector<Tensor> inputs,
                         const std::string &attributes,
                         const std::string &results) {
    parse(functionOf(name, inputs, attributes, results));
    return module ? call(inputs) : std::vector<Tensor>(1);
  }

  /// The same where it must fail: the reason.
  std::string failure(const std::string &name, std::vector<Tensor> inputs,
                      const std::string &attributes, const std::string &results) {
    parse(functionOf(name, inputs, attributes, results));
    if (!module)
      return "not parsed";
    auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
    std::erase_if(inputs, [](const Tensor &input) { return !input; });
    if (succeeded(evaluator->evaluateFunction(function, inputs)))
      return "success";
    return evaluator->error();
  }

  static std::string typeOf(const Tensor &tensor) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    if (!tensor)
      return "none";
    stream << mlir::RankedTensorType::get(tensor.shape(), tensor.elementType());
    return text;
  }

  /// An empty tensor among \p inputs is an omitted operand.
  static std::string functionOf(const std::string &name,
                                const std::vector<Tensor> &inputs,
                                const std::string &attributes,
                                const std::string &results) {
    std::string arguments, operands, types, body;
    for (size_t i = 0; i < inputs.size(); ++i) {
      std::string value = "%a" + std::to_string(i), comma = i ? ", " : "";
      operands += comma + value;
      types += comma + typeOf(inputs[i]);
      if (inputs[i])
        arguments += (arguments.empty() ? "" : ", ") + value + ": " + typeOf(inputs[i]);
      else
        body += value + " = onnx.none : none\n";
    }
    size_t count = 1;
    int depth = 0;
    for (char c : results) {
      depth += c == '<' || c == '(';
      depth -= c == '>' || c == ')';
      count += c == ',' && depth == 0;
    }
    std::string uses = "%r#0";
    for (size_t i = 1; i < count; ++i)
      uses += ", %r#" + std::to_string(i);
    return "func.func @f(" + arguments + ") -> (" + results + ") {\n" + body +
           "%r:" + std::to_string(count) + " = " + name + " " + operands + " {" +
           attributes + "} : (" + types + ") -> (" + results + ")\nreturn " +
           uses + " : " + results + "\n}\n";
  }

  static void expectShape(const Tensor &tensor, Extents shape) {
    EXPECT_EQ(Extents(tensor.shape().begin(), tensor.shape().end()), shape);
  }
  /// Equal up to the rounding of one f32 operation, NaN equal to NaN.
  static void expectValues(const Tensor &tensor, Doubles expected) {
    Doubles actual = tensor ? tensor.toDoubles() : Doubles{};
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      if (std::isnan(expected[i]) || std::isinf(expected[i]))
        EXPECT_TRUE(std::isnan(expected[i]) ? std::isnan(actual[i])
                                            : actual[i] == expected[i])
            << "element " << i << ": " << actual[i];
      else
        EXPECT_NEAR(actual[i], expected[i], tolerance(expected[i])) << "element " << i;
    }
  }
  static double tolerance(double value) {
    return 4e-7 * std::max(1.0, std::fabs(value));
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  WeightProvider *weights = nullptr;
  std::optional<Evaluator> evaluator;
};

} // namespace llmc::reference

#endif // LLMC_TEST_REFERENCE_HARNESS_H
