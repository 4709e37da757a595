/// Runs the steps of a decoder on the CPU.
#ifndef LLMC_RUNTIME_MODEL_STEPEXECUTOR_H
#define LLMC_RUNTIME_MODEL_STEPEXECUTOR_H

#include "runtime/cache/KvCache.h"
#include "runtime/model/LoadedModel.h"
#include "runtime/model/Memory.h"
#include "runtime/model/StepBatch.h"
#include "runtime/model/StepRunner.h"
#include "runtime/program/BoundProgram.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace llmc {

/// All programs of a decoder over one cache. run() allocates nothing.
class StepExecutor final : public StepRunner {
public:
  /// \p model, \p module (of it) and \p cache must outlive this. Error:
  /// OutOfMemory.
  static Result<std::unique_ptr<StepExecutor>>
  create(LoadedModel &model, const Module &module, KvCache &cache);

  /// Errors: also those of WeightLoading::beforeStep.
  Status run(const StepInput &input, std::span<float> logits) override;

  int64_t chunk() const override { return config.chunk; }
  int64_t arenaBytes() const override {
    return static_cast<int64_t>(arena.bytes().size());
  }

private:
  StepExecutor(LoadedModel &model, const Module &module, KvCache &cache);
  BoundProgram *choose(int64_t rows);

  LoadedModel &model;
  const DecoderConfig &config;
  KvCache &cache;
  std::vector<BoundProgram> programs;
  std::vector<ProgramMemory> memories; // [programs]
  Memory arena;
  std::vector<int64_t> symbols; // scratch
  StepBatch batch;
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_STEPEXECUTOR_H
