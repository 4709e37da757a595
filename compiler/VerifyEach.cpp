#include "compiler/VerifyEach.h"

#include "compiler/EvaluateStep.h"
#include "compiler/reference/FileWeights.h"
#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/support/Probe.h"

#include <cmath>

using namespace mlir;

namespace llmc {

static constexpr int64_t sampleRows = 7;
static constexpr double quantizationTolerance = 0.3;

/// Any ids do; these differ and are within every vocabulary.
static int64_t sampleToken(int64_t row) { return 1 + row * 5 % 32; }

static FailureOr<reference::Tensor> runGraph(func::FuncOp graph,
                                             std::string &why) {
  auto probe = Probe::create(graph);
  if (failed(probe)) {
    why = "no argument can be told to hold token ids";
    return failure();
  }
  (*probe)->begin({1, sampleRows, 0});
  SmallVector<reference::Datum> inputs;
  for (BlockArgument argument : graph.getArguments()) {
    auto input = (*probe)->sample(argument);
    if (!input) {
      why = "an argument has no known shape";
      return failure();
    }
    if (argument == (*probe)->tokens())
      for (int64_t row = 0; row < input->numElements(); ++row)
        input->setInt(row, sampleToken(row));
    inputs.push_back(*input);
  }
  auto module = graph->getParentOfType<ModuleOp>();
  reference::FileWeights weights(module);
  reference::Evaluator evaluator(module, &weights);
  evaluator.setPastLength(0);
  auto results = evaluator.evaluateFunction(graph, inputs);
  if (failed(results)) {
    why = evaluator.error();
    return failure();
  }
  // The logits are the output that is no present: of rank 3 or less, and of
  // another type than every input.
  auto types = graph.getFunctionType().getResults();
  for (auto [type, result] : llvm::zip(types, *results))
    if (auto *tensor = std::get_if<reference::Tensor>(&result))
      if (tensor->rank() <= 3 && tensor->rank() > 0 &&
          !llvm::is_contained(graph.getArgumentTypes(), type)) {
        int64_t width = tensor->shape().back();
        return tensor->reshaped({tensor->numElements() / width, width});
      }
  why = "no output holds logits";
  return failure();
}

static FailureOr<reference::Tensor> runStep(func::FuncOp step,
                                            std::string &why) {
  SmallVector<int64_t> tokens;
  for (int64_t row = 0; row < sampleRows; ++row)
    tokens.push_back(sampleToken(row));
  return evaluateStep(step, tokens, why);
}

/// Largest difference over largest magnitude, over the rows that both have
/// (a graph may give the last row alone).
static double distance(const reference::Tensor &actual,
                       const reference::Tensor &expected) {
  int64_t count = std::min(actual.numElements(), expected.numElements());
  double largest = 1e-30, difference = 0;
  for (int64_t i = 1; i <= count; ++i) {
    double a = actual.getDouble(actual.numElements() - i);
    double e = expected.getDouble(expected.numElements() - i);
    largest = std::max(largest, std::abs(e));
    difference = std::max(difference, std::abs(a - e));
    if (std::isnan(a) != std::isnan(e))
      return HUGE_VAL;
  }
  return difference / largest;
}

Status VerifyEach::begin(ModuleOp module) {
  auto graph = module.lookupSymbol<func::FuncOp>("main");
  std::string why = "it has no function main";
  auto result = graph ? runGraph(graph, why) : FailureOr<reference::Tensor>();
  if (failed(result))
    return Error{Code::Internal, "the graph cannot be evaluated for "
                 "--verify-each", "", why, "compile without --verify-each"};
  expected = *result;
  tolerance = 1e-4;
  for (auto initializer : module.getOps<onnx::InitializerOp>()) {
    Type element = getElementTypeOrSelf(initializer.getType());
    tolerance = std::max(tolerance, element.isF16()    ? 1e-2
                                    : element.isBF16() ? 6e-2
                                                       : 0.0);
  }
  return Status::ok();
}

Result<bool> VerifyEach::check(const PipelineStep &step, ModuleOp module) {
  bool evaluated = false;
  for (auto function : module.getOps<func::FuncOp>()) {
    StringRef name = function.getSymName();
    bool graph = name == "main";
    bool rows = name == "step" || function->hasAttr("llm.max_rows");
    if (!graph && !rows)
      continue;
    evaluated = true;
    std::string why;
    auto actual = graph ? runGraph(function, why) : runStep(function, why);
    double moved = failed(actual) ? HUGE_VAL : distance(*actual, *expected);
    bool quantizes = step.stage == "quant" || step.stage == "types";
    double allowed = quantizes ? quantizationTolerance : tolerance;
    if (!(moved <= allowed)) {
      if (failed(actual))
        why = "the result cannot be evaluated: " + why;
      else
        why = "logits moved by " + std::to_string(moved) +
              " of their largest; " + std::to_string(allowed) + " is allowed";
      return Error{Code::VerifyEachFailed,
                   "the pass " + step.name + " changed the result",
                   "@" + name.str(), why,
                   "please report this with the model; --dump-stages=DIR keeps "
                   "the IR around the pass"};
    }
    if (quantizes)
      expected = *actual;
  }
  return evaluated;
}

} // namespace llmc
