/// Runs one step of a decoder: rows of tokens in, logits of some rows out.
#ifndef LLMC_RUNTIME_MODEL_STEPEXECUTOR_H
#define LLMC_RUNTIME_MODEL_STEPEXECUTOR_H

#include "runtime/cache/KvCache.h"
#include "runtime/model/LoadedModel.h"
#include "runtime/model/Memory.h"
#include "runtime/program/BoundProgram.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace llmc {

/// Consecutive rows of a step that continue one sequence of the cache.
struct StepSequence {
  int32_t sequence = 0;
  int64_t rows = 0; ///< At least 1.
};

/// One step. A sequence stands at most once in it; its rows get the positions
/// that follow its length in the cache.
struct StepInput {
  std::span<const int32_t> tokens; // [T], 1 ≤ T ≤ chunk
  std::span<const StepSequence> sequences; // their rows sum to T
  std::span<const int32_t> rows;   // [R] rows whose logits are wanted; R ≤ T
};

/// All programs of a decoder over one cache. run() allocates nothing.
class StepExecutor {
public:
  /// \p model, \p module (of it) and \p cache must outlive this. Error:
  /// OutOfMemory.
  static Result<std::unique_ptr<StepExecutor>>
  create(LoadedModel &model, const Module &module, KvCache &cache);

  /// Appends the rows to their sequences and writes \p logits [R, vocabulary].
  /// Errors, before anything is computed: BadTokenId, PromptTooLong,
  /// OutOfMemory; ArtifactDamaged for a schedule that does not fit its memory;
  /// those of WeightLoading::beforeStep.
  Status run(const StepInput &input, std::span<float> logits);

  int64_t chunk() const { return config.chunk; }
  int64_t arenaBytes() const {
    return static_cast<int64_t>(arena.bytes().size());
  }

  /// Told of every launch; may be null.
  LaunchObserver *observer = nullptr;

private:
  StepExecutor(LoadedModel &model, const Module &module, KvCache &cache);
  Status check(const StepInput &input) const;
  void describe(const StepInput &input);
  BoundProgram *choose(int64_t rows);
  std::span<std::byte> inputNamed(std::string_view name,
                                  const StepInput &input);
  int64_t symbolNamed(char name, const StepInput &input) const;

  LoadedModel &model;
  const DecoderConfig &config;
  KvCache &cache;
  std::vector<BoundProgram> programs;
  std::vector<ProgramMemory> memories; // [programs]
  Memory arena;
  std::vector<int64_t> symbols;     // scratch
  std::vector<int32_t> positions;   // [chunk]
  std::vector<int32_t> rowSequence; // [chunk] row of the page table
  std::vector<int32_t> pageTable;   // [maxSequences, maxPagesPerSequence]
  std::vector<int32_t> blocks;      // [chunk, 2] first row, rows
  int64_t blockCount = 0;
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_STEPEXECUTOR_H
