/// Tensor maps: what the copy engine of a GPU must know of a launch's memory.
#ifndef LLMC_RUNTIME_CUDA_TENSORMAPS_H
#define LLMC_RUNTIME_CUDA_TENSORMAPS_H

#include "runtime/cuda/Gpu.h"
#include "runtime/format/TensorTile.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace llmc::cuda {

/// Maps of what launches gave their kernels, each made once.
class TensorMaps {
public:
  /// \p gpu must outlive this.
  explicit TensorMaps(const Gpu &gpu) : gpu(gpu) {}

  /// The map of \p tile in a launch with these arguments; stays where it is until
  /// trim. Sizes of 0 are told as 1: a launch of no rows reads none. Error:
  /// DeviceFailed, with \p where, if the driver has no tensor maps or refuses it.
  Result<TensorMap *> of(const TensorTile &tile, void *const *buffers,
                         const int64_t *scalars, const std::string &where);
  /// Forgets all where there are very many: launches of every length leave some.
  void trim();

private:
  /// All that a map depends on: its address, then the rest as numbers.
  using Key = std::vector<uint64_t>;

  const Gpu &gpu;
  std::map<Key, TensorMap> made;
};

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_TENSORMAPS_H
