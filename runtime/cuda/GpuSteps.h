/// Runs the steps of a decoder on a GPU.
#ifndef LLMC_RUNTIME_CUDA_GPUSTEPS_H
#define LLMC_RUNTIME_CUDA_GPUSTEPS_H

#include "runtime/cuda/Replays.h"
#include "runtime/model/StepBatch.h"
#include "runtime/model/StepRunner.h"
#include "runtime/program/WeightPlaces.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace llmc::cuda {

/// Bytes on the device that steps need beside weights and cache.
struct StepNeed {
  uint64_t arena = 0;  ///< Of the largest program.
  uint64_t inputs = 0; ///< Of a whole chunk.
  uint64_t logits = 0; ///< Of `logitRows` rows.
  uint64_t tokens = 0; ///< Of a whole chunk, that the device chooses.

  uint64_t total() const { return arena + inputs + logits + tokens; }
};

/// \p module has the programs of the device. \p tableEntries: of all sequences'
/// page tables.
StepNeed stepNeed(const llmc::Module &module, int64_t tableEntries, int64_t logitRows);

/// All programs of a decoder over one cache on a GPU. The inputs of a step are
/// packed into one copy; its logits come back in another, or its tokens alone.
class GpuSteps final : public StepRunner {
public:
  /// All must outlive this; \p module has the programs of the device, \p weights
  /// addresses there. \p waitsForEach as in LaunchManner. Errors: OutOfMemory,
  /// DeviceFailed.
  static Result<std::unique_ptr<GpuSteps>>
  create(Gpu &gpu, const GpuCode &code, const WeightPlaces &weights, const llmc::Module &module,
         KvCache &cache, int64_t logitRows, bool waitsForEach);

  Status run(const StepInput &input, std::span<float> logits) override;
  bool choosesTokens() const override { return chooses; }
  Status choose(const StepInput &input, std::span<int32_t> tokens,
                std::span<float> logits) override;
  int64_t chunk() const override { return config.chunk; }
  int64_t arenaBytes() const override {
    return static_cast<int64_t>(arena.bytes().size());
  }
  const Replays &replays() const { return graphs; }

private:
  GpuSteps(Gpu &gpu, const GpuCode &code, const WeightPlaces &weights, const llmc::Module &module,
           KvCache &cache, bool waitsForEach);
  BoundProgram *programFor(int64_t rows);
  Status copyInputs(const Program &program, const StepInput &input, ProgramMemory &memory);
  Status ensureLogits(size_t bytes);
  Result<BoundProgram *> start(const StepInput &input);
  Status copyLogits(const BoundProgram &bound, const StepInput &input,
                    std::span<float> logits);

  Gpu &gpu;
  const DecoderConfig &config;
  KvCache &cache;
  bool waitsForEach;
  bool chooses = false;
  StepBatch batch;
  std::vector<BoundProgram> programs;
  std::vector<ProgramMemory> memories; // [programs]
  std::vector<int64_t> symbols;        // scratch
  GpuMemory arena, inputs, results, nextTokens;
  PinnedMemory staging; // [inputs]
  PinnedMemory chosen;  // [nextTokens]
  Launches launches;
  Replays graphs;
};

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_GPUSTEPS_H
