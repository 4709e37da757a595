/// What a step computes and moves, launch by launch, from its schedule.
#ifndef LLMC_RUNTIME_PROGRAM_COSTS_H
#define LLMC_RUNTIME_PROGRAM_COSTS_H

#include "runtime/format/Program.h"
#include "runtime/support/Error.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace llmc {

/// Sums saturate. Bytes are what must be moved at least: a byte that a launch
/// reads twice is counted once.
struct Cost {
  uint64_t operations = 0;  ///< Floating-point, of linears and attention; an FMA is two.
  uint64_t weightBytes = 0; ///< Read from weights.
  uint64_t cacheBytes = 0;  ///< Keys and values read by attention.
  uint64_t otherBytes = 0;  ///< The arena, inputs and outputs.

  Cost &operator+=(const Cost &other);
};

/// Part of a step: \p rows new rows behind \p cached positions.
struct CostSequence {
  int64_t cached = 0;
  int64_t rows = 1;
};

struct LaunchCost {
  Cost cost;
  int64_t rows = 0; ///< Of its first buffer.
};

/// The launches of \p program, whose symbols have these numbers, in order. What
/// attention sees is given by \p sequences; \p config is null for graphs.
/// Errors: those of evaluateValues.
Result<std::vector<LaunchCost>>
launchCosts(const Model &model, const Program &program, const DecoderConfig *config,
            std::span<const int64_t> symbols, std::span<const CostSequence> sequences);

/// Those of the step of \p module that takes these sequences, with the logits
/// of \p resultRows rows. \p program is set to the one taken, if not null.
/// Errors: WrongModule where none takes so many rows; those of evaluateValues.
Result<std::vector<LaunchCost>>
stepCosts(const Model &model, const Module &module, std::span<const CostSequence> sequences,
          int64_t resultRows, const Program **program = nullptr);

/// The sum of a step's launches.
Result<Cost> stepCost(const Model &model, const Module &module,
                      std::span<const CostSequence> sequences, int64_t resultRows);

/// The whole of a prompt of \p tokens tokens in chunks of \p chunk rows, the
/// logits of its last row alone.
Result<Cost> promptCost(const Model &model, const Module &module, int64_t tokens,
                        int64_t chunk);

/// Parameters of all weights, each once.
uint64_t parameterCount(const Model &model);

} // namespace llmc

#endif // LLMC_RUNTIME_PROGRAM_COSTS_H
