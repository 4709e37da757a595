/// Which passes run, in which order: the compiler on a page.
#ifndef LLMC_COMPILER_PIPELINES_H
#define LLMC_COMPILER_PIPELINES_H

#include "compiler/Options.h"
#include "mlir/Pass/Pass.h"
#include "passes/schedule/GpuTable.h"

#include <memory>

namespace llmc {

/// A pass and the stage of the design that it belongs to.
struct PipelineStep {
  /// "raise", "types", "fusion", "quant", "layout", "schedule", "memory"
  std::string stage;
  std::string name;  ///< The pass's flag: "llmc-raise-attention".
  std::unique_ptr<mlir::Pass> pass; ///< Taken by who runs it.
};

/// Options with every default filled in from the model's configuration.
struct PipelineOptions {
  int64_t maxContext = 512;
  int64_t chunk = 128;        ///< Rows of a prefill step on the CPU.
  int64_t deviceChunk = 1024; ///< On GPUs, which need more rows to be busy.
  int64_t attentionSplit = 0; ///< 0: chosen.
  std::string dtype;    ///< "f32", "f16", "bf16"; empty: as in the graph.
  std::string quantize; ///< "w8", "w4g32" …; empty: none.
  std::string cacheType; ///< "f32", "bf16", "f16", "i8"; empty: chosen.
};

/// From a decoder's graph in the onnx dialect to its step in the llm dialect,
/// with every decision that is the file's and not a processor's: types, schemes
/// and layouts of weights.
std::vector<PipelineStep> decoderPipeline(const PipelineOptions &options);

/// From there to programs and kernels: for the CPU, all of its levels, or as a
/// GPU's figures advise.
std::vector<PipelineStep> schedulePipeline(const PipelineOptions &options,
                                           const GpuFigures *gpu = nullptr);

/// Both, one after the other, for the CPU.
std::vector<PipelineStep> cpuPipeline(const PipelineOptions &options);

/// From any graph in the onnx dialect to a program of plain kernels.
std::vector<PipelineStep> graphPipeline();

} // namespace llmc

#endif // LLMC_COMPILER_PIPELINES_H
