#include "compiler/EvaluateStep.h"

#include "compiler/reference/Evaluator.h"
#include "compiler/reference/FileWeights.h"
#include "dialects/llm/LlmOps.h"

using namespace mlir;

namespace llmc {

FailureOr<reference::Tensor> evaluateStep(func::FuncOp step,
                                          ArrayRef<int64_t> tokens,
                                          std::string &why) {
  auto module = step->getParentOfType<ModuleOp>();
  reference::FileWeights weights(module);
  reference::Evaluator evaluator(module, &weights);
  int64_t rows = tokens.size();
  // Positions; and the rows whose logits are wanted: all.
  auto counted = llvm::to_vector(llvm::seq<int64_t>(0, rows));
  reference::Batch batch;
  batch.rowSequence.assign(rows, 0);
  batch.positions.assign(counted.begin(), counted.end());
  evaluator.setBatch(batch);
  SmallVector<reference::Datum> inputs;
  for (auto [i, argument] : llvm::enumerate(step.getArguments())) {
    if (isa<llm::KvCacheType>(argument.getType())) {
      inputs.push_back(reference::Cache{});
      continue;
    }
    Type element = cast<RankedTensorType>(argument.getType()).getElementType();
    inputs.push_back(reference::Tensor::fromInts(
        element, {rows}, i == 0 ? tokens : ArrayRef<int64_t>(counted)));
  }
  auto results = evaluator.evaluateFunction(step, inputs);
  if (failed(results)) {
    why = evaluator.error();
    return failure();
  }
  return std::get<reference::Tensor>((*results)[0]);
}

} // namespace llmc
