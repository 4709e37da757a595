/// Chooses the next token from a row of logits.
#ifndef LLMC_RUNTIME_SAMPLING_SAMPLER_H
#define LLMC_RUNTIME_SAMPLING_SAMPLER_H

#include "runtime/support/Error.h"

#include <cstdint>
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
  /// Divides the logits. 0: greedy, the rest has no effect.
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

private:
  /// A token is kept where its score is above `score`, or equal to it and its
  /// id is not above `id`.
  struct Cut {
    float score;
    int32_t id;
    bool keeps(float s, int32_t i) const {
      return s > score || (s == score && i <= id);
    }
  };

  SamplingOptions settings;
  std::vector<float> scores;       // [vocab]
  std::vector<double> weights;     // [vocab] exp(score - largest)
  std::vector<int32_t> order;      // [vocab] scratch
  std::vector<double> buckets;     // sums of weights by score, for topP
  std::vector<uint32_t> penalized; // [vocab] equal to stamp: done in this call
  uint32_t stamp = 0;

  Sampler(int32_t vocabSize, SamplingOptions options);
  void makeRoom();
  void penalize(std::span<const int32_t> history);
  Cut cutTopK();
  void cutTopP(Cut &cut, double total);
};

} // namespace llmc::sampling

#endif // LLMC_RUNTIME_SAMPLING_SAMPLER_H
