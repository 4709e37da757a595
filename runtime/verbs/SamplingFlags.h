/// The flags that choose how tokens are sampled: of `run` and `chat`.
#ifndef LLMC_RUNTIME_VERBS_SAMPLINGFLAGS_H
#define LLMC_RUNTIME_VERBS_SAMPLINGFLAGS_H

#include "runtime/format/Program.h"
#include "runtime/sampling/Sampler.h"
#include "runtime/verbs/Arguments.h"

#include <optional>

namespace llmc {

struct SamplingFlags {
  std::optional<double> temperature, topP, minP, repetitionPenalty;
  std::optional<int64_t> topK;
  int64_t seed = 0;

  void add(Arguments &arguments);
  /// The flags over the model's own defaults.
  sampling::SamplingOptions over(const GenerationDefaults &model) const;
};

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_SAMPLINGFLAGS_H
