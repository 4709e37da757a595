/// What a kernel must have told to the copy engine of a GPU.
#ifndef LLMC_RUNTIME_FORMAT_TENSORTILE_H
#define LLMC_RUNTIME_FORMAT_TENSORTILE_H

#include <cstdint>
#include <vector>

namespace llmc {

/// Memory of a launch that its kernel has brought tile by tile (CUtensorMap).
struct TensorTile {
  struct Dimension {
    uint64_t size = 0;   ///< Elements; 0 where `scalar` tells.
    uint64_t stride = 0; ///< Bytes; of the innermost an element's.
    uint32_t scalar = 0; ///< The size is the kernel's scalar of this number less 1.
    uint32_t box = 0;    ///< Elements of a tile.
    bool operator==(const Dimension &) const = default;
  };
  uint32_t buffer = 0;       ///< Among the kernel's memref arguments.
  uint32_t offset = 0;       ///< Bytes from there on.
  uint32_t elementBytes = 0; ///< 1, 2 or 4.
  uint32_t swizzleBytes = 0; ///< 0, 32, 64 or 128.
  std::vector<Dimension> dimensions; ///< 1 to 5, innermost first.
  bool operator==(const TensorTile &) const = default;
};

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_TENSORTILE_H
