#include "runtime/sampling/Sampler.h"

#include "runtime/sampling/Philox.h"

#include <algorithm>
#include <cfloat>
#include <limits>

namespace llmc::sampling {

static constexpr float infinity = std::numeric_limits<float>::infinity();

Status checkOptions(const SamplingOptions &o) {
  auto bad = [](const char *name, float value, const char *range) {
    return Error{Code::BadFlagValue, "cannot sample with these settings", name,
                 "it is " + std::to_string(value), range};
  };
  // Written so that NaN fails.
  if (!(o.temperature >= 0 && o.temperature < infinity))
    return bad("temperature", o.temperature, "use 0 (greedy) or more");
  if (o.topK < 0)
    return bad("top-k", float(o.topK), "use 0 (off) or more");
  if (!(o.topP > 0 && o.topP <= 1))
    return bad("top-p", o.topP, "use more than 0 and at most 1 (off)");
  if (!(o.minP >= 0 && o.minP <= 1))
    return bad("min-p", o.minP, "use 0 (off) to 1");
  if (!(o.repetitionPenalty > 0 && o.repetitionPenalty < infinity))
    return bad("repetition penalty", o.repetitionPenalty,
               "use more than 0; 1 is off");
  return Status::ok();
}

Result<Sampler> Sampler::create(int32_t vocabSize, SamplingOptions options) {
  LLMC_CHECK(checkOptions(options));
  if (vocabSize <= 0)
    return Error{
        Code::BadLogits, "cannot sample", {}, "the vocabulary is empty", {}};
  return Sampler(vocabSize, options);
}

Sampler::Sampler(int32_t vocabSize, SamplingOptions options)
    : settings(options) {
  penalized.resize(size_t(vocabSize));
  makeRoom();
}

void Sampler::makeRoom() {
  if (settings.temperature > 0)
    chooser.reserve(penalized.size());
  if (settings.repetitionPenalty != 1)
    scores.resize(penalized.size());
}

void Sampler::penalize(std::span<const int32_t> history) {
  if (++stamp == 0) {
    std::fill(penalized.begin(), penalized.end(), 0);
    stamp = 1;
  }
  for (int32_t id : history) {
    if (id < 0 || size_t(id) >= scores.size() || penalized[size_t(id)] == stamp)
      continue;
    penalized[size_t(id)] = stamp;
    float &score = scores[size_t(id)];
    score = score < 0 ? score * settings.repetitionPenalty
                      : score / settings.repetitionPenalty;
    // A penalty near zero would overflow.
    score = std::min(score, std::numeric_limits<float>::max());
  }
}

Status Sampler::setOptions(SamplingOptions options) {
  LLMC_CHECK(checkOptions(options));
  settings = options;
  makeRoom();
  return Status::ok();
}

/// The settings as the numbers of runtime/format/TokenChoice.h.
TokenChoice Sampler::numbers(uint64_t sequence, uint64_t position) const {
  TokenChoice choice;
  if (settings.temperature < FLT_MIN)
    return choice;
  choice.inverseTemperature = std::max(1 / settings.temperature, FLT_MIN);
  if (size_t(settings.topK) < penalized.size())
    choice.topK = settings.topK;
  // Exact: a float below 1 has no bits beyond the 64 but those far below any sum.
  if (settings.topP < 1)
    choice.topP = std::max<uint64_t>(uint64_t(double(settings.topP) * 0x1p64), 1);
  choice.leastWeight = uint64_t(double(settings.minP) * double(choice::mostWeight));
  choice.random = randomAt(settings.seed, sequence, position);
  return choice;
}

std::optional<TokenChoice> Sampler::choiceAt(uint64_t sequence,
                                             uint64_t position) const {
  if (settings.repetitionPenalty != 1 || penalized.size() > choice::mostTokens)
    return std::nullopt;
  return numbers(sequence, position);
}

/// Why no token can be taken from \p logits.
static Error badLogits(std::span<const float> logits, size_t vocabulary,
                       uint64_t sequence, uint64_t position) {
  std::string why = "every logit is -infinity, which excludes its token";
  size_t at = 0;
  while (at < logits.size() && logits[at] < infinity)
    ++at;
  if (logits.empty() || logits.size() > vocabulary)
    why = std::to_string(logits.size()) + " logits for a vocabulary of " +
          std::to_string(vocabulary);
  else if (at < logits.size())
    why = "the logit of token " + std::to_string(at) + " is " +
          std::to_string(logits[at]);
  return {Code::BadLogits,
          "cannot choose the next token",
          "sequence " + std::to_string(sequence) + ", position " +
              std::to_string(position),
          std::move(why),
          // No way of sampling helps: filters leave the likeliest token.
          "look for NaN and infinities in the model's weights; where there are "
          "none and the file's types are smaller, compile with --dtype=f32"};
}

Result<int32_t> Sampler::sample(std::span<const float> logits,
                                uint64_t sequence, uint64_t position,
                                std::span<const int32_t> history) {
  auto bad = [&] {
    return badLogits(logits, penalized.size(), sequence, position);
  };
  if (logits.empty() || logits.size() > penalized.size())
    return bad();
  std::span<const float> row = logits;
  if (settings.repetitionPenalty != 1) {
    // A penalty would hide what is no number.
    if (chooser.choose(logits, {}) == choice::noToken)
      return bad();
    scores.assign(logits.begin(), logits.end()); // Within what was reserved.
    penalize(history);
    row = scores;
  }
  int32_t token = chooser.choose(row, numbers(sequence, position));
  if (token == choice::noToken)
    return bad();
  return token;
}

} // namespace llmc::sampling
