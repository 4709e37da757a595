#include "runtime/verbs/SamplingFlags.h"

#include <algorithm>

namespace llmc {

void SamplingFlags::add(Arguments &arguments) {
  const Arguments::Flag flags[] = {
      {"temperature", 0, "X", "0 takes the likeliest token (default: the model's)", &temperature, INT64_MIN, true, {}, temperatureRange},
      {"top-k", 0, "N", "choose among the N likeliest", &topK, 0, true},
      {"top-p", 0, "X", "choose among the likeliest with this sum of probabilities", &topP, INT64_MIN, true, {}, topPRange},
      {"min-p", 0, "X", "leave out tokens less likely than X times the likeliest", &minP, INT64_MIN, true, {}, minPRange},
      {"repetition-penalty", 0, "X", "above 1: avoid tokens that occurred", &repetitionPenalty, INT64_MIN, true, {}, penaltyRange},
      {"seed", 's', "N", "the same seed gives the same text (default 0)", &seed, INT64_MIN, true},
  };
  arguments.flags.insert(arguments.flags.end(), std::begin(flags), std::end(flags));
}

sampling::SamplingOptions
SamplingFlags::over(const GenerationDefaults &model) const {
  sampling::SamplingOptions options;
  if (model.sample) {
    options.temperature = model.temperature > 0 ? model.temperature : 1;
    options.topK = model.topK;
    options.topP = model.topP > 0 ? model.topP : 1;
    options.minP = model.minP;
  }
  if (model.repetitionPenalty > 0)
    options.repetitionPenalty = model.repetitionPenalty;
  // Whoever asks for a filter wants to sample.
  if (!model.sample && (topK || topP || minP))
    options.temperature = 1;
  auto take = [](auto &to, const auto &from) {
    if (from)
      to = static_cast<std::remove_reference_t<decltype(to)>>(*from);
  };
  take(options.temperature, temperature);
  // More than any vocabulary has is the same as all.
  if (topK)
    options.topK = static_cast<int32_t>(std::min<int64_t>(*topK, INT32_MAX));
  take(options.topP, topP);
  take(options.minP, minP);
  take(options.repetitionPenalty, repetitionPenalty);
  options.seed = static_cast<uint64_t>(seed);
  return options;
}

} // namespace llmc
