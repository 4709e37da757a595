/// What a step tells its kernels about its rows.
#ifndef LLMC_RUNTIME_MODEL_STEPBATCH_H
#define LLMC_RUNTIME_MODEL_STEPBATCH_H

#include "runtime/cache/KvCache.h"
#include "runtime/format/Program.h"
#include "runtime/model/StepRunner.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace llmc {

/// The inputs and symbols of steps over one cache, whatever computes them.
/// Nothing is allocated after construction.
class StepBatch {
public:
  /// \p config has the chunk and block rows of the programs that will run; it
  /// and \p cache must outlive this.
  StepBatch(const DecoderConfig &config, KvCache &cache);

  /// Errors: BadTokenId; Internal for rows that contradict each other.
  Status check(const StepInput &input) const;
  /// Makes room in the cache for all rows. Errors: PromptTooLong, OutOfMemory.
  Status reserve(const StepInput &input);
  /// Fills the arrays that describe the batch, after reserve.
  void describe(const StepInput &input);
  /// The bytes of the input of this name, after describe.
  std::span<const std::byte> input(std::string_view name,
                                   const StepInput &input) const;
  /// The number of this symbol, after describe.
  int64_t symbol(char name, const StepInput &input) const;
  /// Counts the rows as filled.
  void advance(const StepInput &input);

private:
  const DecoderConfig &config;
  KvCache &cache;
  std::vector<int32_t> positions;   // [chunk]
  std::vector<int32_t> rowSequence; // [chunk] row of the page table
  std::vector<int32_t> pageTable;   // [maxSequences, maxPagesPerSequence]
  std::vector<int32_t> blocks;      // [chunk, 2] first row, rows
  std::vector<int32_t> counters;    // [chunk, cache heads] 0
  int64_t blockCount = 0;
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_STEPBATCH_H
