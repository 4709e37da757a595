/// Where each weight lies: in the file's map, or in memory that it was copied to.
#ifndef LLMC_RUNTIME_PROGRAM_WEIGHTPLACES_H
#define LLMC_RUNTIME_PROGRAM_WEIGHTPLACES_H

#include "runtime/format/Artifact.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace llmc {

/// All weights begin in the map. Who holds pointers that it took from here takes
/// them again when `version` has changed. Weights are moved between steps, by
/// the thread that runs the steps, so that no kernel sees it happen.
class WeightPlaces {
public:
  /// \p artifact must outlive what is read from here.
  explicit WeightPlaces(const Artifact &artifact) {
    for (size_t i = 0; i < artifact.model().weights.size(); ++i)
      places.push_back(artifact.weight(i));
  }

  /// The bytes of Model::weights[\p weight].
  std::span<const std::byte> at(size_t weight) const { return places[weight]; }
  uint64_t version() const { return moves; }

  /// \p data holds the same bytes.
  void move(size_t weight, const std::byte *data) {
    places[weight] = {data, places[weight].size()};
    ++moves;
  }

private:
  std::vector<std::span<const std::byte>> places; // [weights]
  uint64_t moves = 0;
};

} // namespace llmc

#endif // LLMC_RUNTIME_PROGRAM_WEIGHTPLACES_H
