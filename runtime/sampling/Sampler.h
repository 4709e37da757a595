/// Chooses the next token from a row of logits.
#ifndef LLMC_RUNTIME_SAMPLING_SAMPLER_H
#define LLMC_RUNTIME_SAMPLING_SAMPLER_H

#include "runtime/sampling/TokenChooser.h"
#include "runtime/support/Error.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace llmc::sampling {

/// Applied in the order in which they stand here, which is that of Hugging
/// Face's generate(): each filter sees what the one before it left.
struct SamplingOptions {
  /// Logits of tokens in the history are divided by it where positive and
  /// multiplied where negative; once, however often a token occurs (Keskar et
  /// al., arXiv 1909.05858). 1: off.
  float repetitionPenalty = 1;
  /// Divides the logits. 0 (and what a float holds as a denormal): greedy, the rest
  /// has no effect.
  float temperature = 0;
  /// Keeps the k largest, and all that equal the k-th. 0: off.
  int32_t topK = 0;
  /// Keeps the fewest largest whose probabilities sum to at least this
  /// (Holtzman et al., arXiv 1904.09751); the largest is always kept. 1: off.
  float topP = 1;
  /// Keeps those at least this likely relative to the most likely one. 0: off.
  float minP = 0;
  /// Together with sequence and position determines each draw.
  uint64_t seed = 0;
};

/// Errors: BadFlagValue for a value out of range or no number.
Status checkOptions(const SamplingOptions &options);

/// Buffers for one vocabulary; sample() allocates nothing. One thread at a
/// time.
class Sampler {
public:
  /// Errors: BadFlagValue.
  static Result<Sampler> create(int32_t vocabSize, SamplingOptions options);

  /// The token that follows. \p logits is [vocab], at most vocabSize wide;
  /// -inf excludes a token. \p history is what the penalty sees (prompt and
  /// text so far); ids outside the logits are ignored in it. The result depends
  /// on nothing but the arguments and the options: equal logits are taken in
  /// order of id, and the draw for a sequence's position is always the same.
  /// Errors: BadLogits for NaN, +inf, no token left or too wide a row.
  Result<int32_t> sample(std::span<const float> logits, uint64_t sequence,
                         uint64_t position,
                         std::span<const int32_t> history = {});

  /// From the next token on: the buffers serve texts of several options in
  /// turn, and grow where these need more. Errors: BadFlagValue.
  Status setOptions(SamplingOptions options);
  const SamplingOptions &options() const { return settings; }

  /// How the token after \p position is chosen, for whoever holds the logits (a
  /// row of \p vocabSize). Nothing where it needs more than logits and numbers: a
  /// penalty needs the history, and a vocabulary may be too large.
  std::optional<TokenChoice> choiceAt(uint64_t sequence, uint64_t position) const;

private:
  Sampler(int32_t vocabSize, SamplingOptions options);
  TokenChoice numbers(uint64_t sequence, uint64_t position) const;
  void makeRoom();
  void penalize(std::span<const int32_t> history);

  SamplingOptions settings;
  std::vector<float> scores;       // [vocab] penalized
  std::vector<uint32_t> penalized; // [vocab] equal to stamp: done in this call
  uint32_t stamp = 0;
  TokenChooser chooser;
};

} // namespace llmc::sampling

#endif // LLMC_RUNTIME_SAMPLING_SAMPLER_H
