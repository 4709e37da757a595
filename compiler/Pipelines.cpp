#include "compiler/Pipelines.h"

#include "dialects/kernel/KernelDialect.h"
#include "passes/Passes.h"

namespace llmc {

static_assert(mostAttentionSplit == kernel::mostSplit);

/// Rows that one matrix instruction takes, and those up to which reading the
/// weights is all that a linear costs.
static constexpr int64_t gpuFewRows = 8, gpuBatchRows = 32;
/// Blocks of attention that a multiprocessor of a GPU runs at once, and the
/// multiply-adds of a row and cache head that are worth a second launch there.
static constexpr int64_t gpuBlocks = 2, gpuPieceWork = 1 << 14;
/// What a row's pieces of attention take at most, and those of a step on a GPU:
/// without pieces a row of a cache head is read by a single warp.
static constexpr int64_t pieceBytes = 4 << 20,
                         gpuSharedBytes = gpuBatchRows * pieceBytes;

namespace {
/// A list of passes that is written stage by stage.
struct Steps {
  std::vector<PipelineStep> list;
  const char *stage = "";
  void operator()(std::unique_ptr<mlir::Pass> pass) {
    std::string name = pass->getArgument().str();
    list.push_back({stage, std::move(name), std::move(pass)});
  }
};
} // namespace

std::vector<PipelineStep> decoderPipeline(const PipelineOptions &options) {
  Steps add;

  add.stage = "raise";
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

  add.stage = "types";
  add(createConvertTypes({options.dtype}));
  add(createSelectCacheType({options.cacheType, options.dtype}));

  add.stage = "fusion";
  add(createFuseMaps());
  add(createFuseEpilogue());
  add(createFuseResidualNorm());
  add(createMergeLinears());

  add.stage = "quant";
  add(createQuantizeWeights({options.quantize}));
  add(createRoundInputs({options.dtype}));
  // The table becomes what the head's numbers have become.
  add(createShareWeights());

  add.stage = "layout";
  add(createSelectLayouts());
  return std::move(add.list);
}

std::vector<PipelineStep> schedulePipeline(const PipelineOptions &options,
                                           const GpuFigures *gpu) {
  Steps add;
  add.stage = "schedule";
  if (!gpu) {
    add(createSpecializeStep({options.chunk}));
    add(createSelectTiles());
    add(createSelectSplits({options.maxContext, options.attentionSplit}));
  } else {
    add(createSpecializeStep({options.deviceChunk, gpuFewRows, gpuBatchRows}));
    add(createFoldNorms({gpuBatchRows}));
    add(createSelectDeviceTiles({gpu->name.str()}));
    add(createSelectSplits({options.maxContext, options.attentionSplit,
                            gpuBlocks * gpu->processors, gpuPieceWork,
                            pieceBytes, gpuSharedBytes, /*shares=*/gpu->processors}));
    add(createSelectAppend());
    add(createSelectNorms());
  }
  // On a CPU logits are where the host reads them.
  add(createLowerToRt({/*choosesTokens=*/gpu != nullptr}));

  add.stage = "memory";
  add(createPlanMemory());
  add(createFindWaits());
  return std::move(add.list);
}

std::vector<PipelineStep> cpuPipeline(const PipelineOptions &options) {
  std::vector<PipelineStep> steps = decoderPipeline(options);
  for (PipelineStep &step : schedulePipeline(options))
    steps.push_back(std::move(step));
  return steps;
}

std::vector<PipelineStep> graphPipeline() {
  Steps add;
  add.stage = "lowering";
  add(createLowerGraph());
  add.stage = "memory";
  add(createPlanMemory());
  return std::move(add.list);
}

} // namespace llmc
