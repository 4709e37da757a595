/// The flags that choose how tokens are sampled: of `run` and `chat`.
#ifndef LLMC_RUNTIME_VERBS_SAMPLINGFLAGS_H
#define LLMC_RUNTIME_VERBS_SAMPLINGFLAGS_H

#include "runtime/format/Program.h"
#include "runtime/sampling/Sampler.h"
#include "runtime/verbs/Arguments.h"

#include <limits>
#include <optional>

namespace llmc {

/// What each takes; it is computed with as a float.
inline constexpr double mostFloat = std::numeric_limits<float>::max();
inline constexpr RealRange temperatureRange{0, mostFloat};
inline constexpr RealRange topPRange{0, 1, /*excludesLeast=*/true};
inline constexpr RealRange minPRange{0, 1};
inline constexpr RealRange penaltyRange{0, mostFloat, /*excludesLeast=*/true};

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
