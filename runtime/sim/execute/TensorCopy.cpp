#include "runtime/sim/execute/TensorCopy.h"

#include <bit>

namespace llmc::sim {

uint64_t TensorDescriptor::boxBytes() const {
  uint64_t bytes = elementBytes;
  for (unsigned i = 0; i < rank; ++i)
    bytes *= box[i];
  return bytes;
}

std::string checkTensor(const TensorDescriptor &map) {
  if (!std::has_single_bit(map.elementBytes) || map.elementBytes > 8)
    return "a tensor's elements have 1, 2, 4 or 8 bytes";
  if (map.swizzle > Swizzle::Bytes128)
    return "a swizzle of a tensor is not known";
  if (map.rank == 0 || map.rank > kMaxRank)
    return "a tensor map has 1 to 5 dimensions";
  if (map.address % 16 != 0)
    return "a tensor's address is a multiple of 16";
  for (unsigned i = 0; i < map.rank; ++i) {
    if (map.box[i] == 0 || map.box[i] > 256)
      return "a box has 1 to 256 elements in each dimension";
    if (i > 0 &&
        (map.strides[i] % 16 != 0 || map.strides[i] >= uint64_t(1) << 40))
      return "a tensor's strides are multiples of 16 below 2^40";
  }
  uint64_t inner = uint64_t(map.box[0]) * map.elementBytes;
  if (inner % 16 != 0)
    return "a box is a multiple of 16 bytes wide";
  if (map.swizzle != Swizzle::None && inner > uint64_t(16)
                                                  << unsigned(map.swizzle))
    return "a box is wider than its swizzle";
  if (map.boxBytes() > kMaxBoxBytes)
    return "a box is larger than shared memory";
  return {};
}

} // namespace llmc::sim
