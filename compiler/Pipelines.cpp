#include "compiler/Pipelines.h"

#include "dialects/kernel/KernelDialect.h"
#include "passes/Passes.h"

namespace llmc {

static_assert(mostAttentionSplit == kernel::mostSplit);

std::vector<PipelineStep> decoderPipeline(const PipelineOptions &options) {
  std::vector<PipelineStep> steps;
  const char *stage = "";
  auto add = [&](std::unique_ptr<mlir::Pass> pass) {
    std::string name = pass->getArgument().str();
    steps.push_back({stage, std::move(name), std::move(pass)});
  };

  stage = "raise";
  add(createSimplifyGraph());
  add(createRaiseEmbedding());
  add(createRaiseColumns());
  add(createRaiseLinear());
  add(createSplitHeads());
  add(createRaiseNorm());
  add(createRaiseRope({options.maxContext}));
  add(createRaiseAttention());
  add(createSimplifyGraph());
  add(createRaiseMap());
  add(createRaiseStep());

  stage = "types";
  add(createConvertTypes({options.dtype}));
  add(createSelectCacheType());

  stage = "fusion";
  add(createFuseMaps());
  add(createFuseEpilogue());
  add(createFuseResidualNorm());
  add(createMergeLinears());

  stage = "quant";
  add(createQuantizeWeights({options.quantize}));
  add(createRoundInputs());
  // The table becomes what the head's numbers have become.
  add(createShareWeights());

  stage = "schedule";
  add(createSpecializeStep({options.chunk}));
  add(createSelectLayouts());
  add(createSelectTiles());
  add(createSelectSplits({options.maxContext, options.attentionSplit}));
  add(createLowerToRt());

  stage = "memory";
  add(createPlanMemory());
  return steps;
}

std::vector<PipelineStep> graphPipeline() {
  std::vector<PipelineStep> steps;
  auto add = [&](const char *stage, std::unique_ptr<mlir::Pass> pass) {
    std::string name = pass->getArgument().str();
    steps.push_back({stage, std::move(name), std::move(pass)});
  };
  add("lowering", createLowerGraph());
  add("memory", createPlanMemory());
  return steps;
}

} // namespace llmc
