/// One step of a decoder, wherever it is computed.
#ifndef LLMC_RUNTIME_MODEL_STEPRUNNER_H
#define LLMC_RUNTIME_MODEL_STEPRUNNER_H

#include "runtime/format/TokenChoice.h"
#include "runtime/program/LaunchObserver.h"
#include "runtime/support/Error.h"

#include <cstdint>
#include <span>

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
  std::span<const TokenChoice> choices = {}; // [C] of these rows; C is R or 0
};

/// Rows of tokens in, logits of some rows out. One call a step: launches are
/// not seen here.
class StepRunner {
public:
  virtual ~StepRunner() = default;

  /// Appends the rows to their sequences and writes \p logits [R, vocabulary].
  /// Errors, before anything is computed: BadTokenId, PromptTooLong,
  /// OutOfMemory; ArtifactDamaged for a schedule that does not fit its memory;
  /// those of the weights and of the device.
  virtual Status run(const StepInput &input, std::span<float> logits) = 0;

  /// Whether choose() may be called.
  virtual bool choosesTokens() const { return false; }
  /// As run(), with a choice for each wanted row: writes \p tokens [R]. Where one is
  /// choice::noToken it writes \p logits too. Errors: as run().
  virtual Status choose(const StepInput &input, std::span<int32_t> tokens,
                        std::span<float> logits);

  /// Rows of a step at most.
  virtual int64_t chunk() const = 0;
  /// Bytes of activations.
  virtual int64_t arenaBytes() const = 0;

  /// Told of every launch; may be null.
  LaunchObserver *observer = nullptr;
};

inline Status StepRunner::choose(const StepInput &, std::span<int32_t>, std::span<float>) {
  return Error{Code::Internal, "tokens are chosen where they cannot be", "", "", ""};
}

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_STEPRUNNER_H
