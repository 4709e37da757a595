#include "runtime/cuda/TensorMaps.h"

#include <algorithm>

namespace llmc::cuda {

namespace {

constexpr size_t mostMaps = 1 << 14;
constexpr size_t mostDimensions = 5;

TensorMapType typeOf(uint32_t elementBytes) {
  return elementBytes == 1   ? TensorMapType::UInt8
         : elementBytes == 2 ? TensorMapType::UInt16
                             : TensorMapType::UInt32;
}

TensorMapSwizzle swizzleOf(uint32_t bytes) {
  return bytes == 128  ? TensorMapSwizzle::Bytes128
         : bytes == 64 ? TensorMapSwizzle::Bytes64
         : bytes == 32 ? TensorMapSwizzle::Bytes32
                       : TensorMapSwizzle::None;
}

} // namespace

Result<TensorMap *> TensorMaps::of(const TensorTile &tile, void *const *buffers,
                                   const int64_t *scalars, const std::string &where) {
  const char *what = "the GPU's copy engine cannot be told of a tensor";
  if (!gpu.driver.tensorMapEncodeTiled)
    return Error{Code::DeviceFailed, what, where,
                 "the driver has no cuTensorMapEncodeTiled",
                 "update NVIDIA's driver, or use --device=cpu"};
  auto *address = static_cast<std::byte *>(buffers[tile.buffer]) + tile.offset;
  Key key = {reinterpret_cast<uint64_t>(address), tile.elementBytes, tile.swizzleBytes};
  size_t rank = std::min(tile.dimensions.size(), mostDimensions);
  uint64_t sizes[mostDimensions], strides[mostDimensions];
  unsigned box[mostDimensions], ones[mostDimensions];
  for (size_t i = 0; i < rank; ++i) {
    const TensorTile::Dimension &d = tile.dimensions[i];
    int64_t told = d.scalar ? scalars[d.scalar - 1] : int64_t(d.size);
    sizes[i] = uint64_t(std::max<int64_t>(told, 1));
    box[i] = d.box;
    ones[i] = 1;
    if (i > 0)
      strides[i - 1] = d.stride;
    key.insert(key.end(), {sizes[i], d.stride, d.box});
  }
  if (auto known = made.find(key); known != made.end())
    return &known->second;
  TensorMap map;
  LLMC_CHECK(gpu.check(
      gpu.driver.tensorMapEncodeTiled(&map, typeOf(tile.elementBytes), unsigned(rank),
                                      address, sizes, strides, box, ones,
                                      TensorMapInterleave::None,
                                      swizzleOf(tile.swizzleBytes), TensorMapL2::Bytes256,
                                      TensorMapFill::Zero),
      what, where));
  return &made.emplace(std::move(key), map).first->second;
}

void TensorMaps::trim() {
  if (made.size() > mostMaps)
    made.clear();
}

} // namespace llmc::cuda
