/// The choice of a token by runtime/format/TokenChoice.h, on the host.
#ifndef LLMC_RUNTIME_SAMPLING_TOKENCHOOSER_H
#define LLMC_RUNTIME_SAMPLING_TOKENCHOOSER_H

#include "runtime/format/TokenChoice.h"

#include <cstdint>
#include <span>
#include <vector>

namespace llmc::sampling {

/// The distance of \p logit from \p largest as a number that is ordered like it.
uint32_t distanceOf(float logit, float largest, float inverseTemperature);
/// The weight of a distance.
uint64_t weightOf(uint32_t distance);

/// Buffers for one vocabulary; choose() allocates nothing. One thread at a time.
class TokenChooser {
public:
  /// Room for rows of \p tokens logits, with all filters.
  void reserve(size_t tokens);

  /// The token that \p choice takes from \p logits [at most what was reserved], or
  /// choice::noToken.
  int32_t choose(std::span<const float> logits, const TokenChoice &choice);

private:
  /// Kept are the nearer ones, and of those at `distance` the ids up to `id`.
  struct Cut {
    uint32_t distance;
    int32_t id;
    bool keeps(uint32_t d, int32_t i) const {
      return d < distance || (d == distance && i <= id);
    }
  };
  uint32_t nearest(size_t k);
  Cut cutTopP(uint64_t wanted);

  std::vector<uint32_t> distances; // [vocab]
  std::vector<uint64_t> weights;   // [vocab] of those that topK keeps
  std::vector<uint32_t> heap;      // scratch, at most [vocab]
  std::vector<int32_t> order;      // scratch, at most [vocab]
  std::vector<uint64_t> buckets;   // sums of weights by distance, for topP
};

} // namespace llmc::sampling

#endif // LLMC_RUNTIME_SAMPLING_TOKENCHOOSER_H
