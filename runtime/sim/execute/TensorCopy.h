/// Tiles of tensors between global and shared memory (TMA, ISA section 5.5):
/// the map, which driver and kernels share, and the walk over a box.
#ifndef LLMC_RUNTIME_SIM_EXECUTE_TENSORCOPY_H
#define LLMC_RUNTIME_SIM_EXECUTE_TENSORCOPY_H

#include <cstdint>
#include <string>

namespace llmc::sim {

inline constexpr unsigned kMaxRank = 5;
inline constexpr uint64_t kMaxBoxBytes = uint64_t(1) << 18;

enum class Swizzle : uint8_t { None, Bytes32, Bytes64, Bytes128 };

/// Shared memory addresses are permuted in units of 16 bytes, so that rows of
/// a tile spread over the banks: address bits 4-6 are crossed with bits 7-9 (or
/// fewer of each). The hardware does this on addresses, and so do we.
inline uint64_t swizzled(uint64_t address, Swizzle swizzle) {
  uint64_t mask = (uint64_t(1) << unsigned(swizzle)) - 1;
  return address ^ (address >> 7 & mask) << 4;
}

/// What a CUtensorMap of the simulated driver holds.
struct TensorDescriptor {
  static constexpr uint32_t kMagic = 0x4C544D31; ///< "LTM1"
  uint32_t magic = 0;
  uint8_t rank = 0;
  uint8_t elementBytes = 0;
  Swizzle swizzle = Swizzle::None;
  uint64_t address = 0;
  uint32_t last[kMaxRank] = {};    ///< Sizes less one, innermost first.
  uint16_t box[kMaxRank] = {};     ///< Elements of a tile.
  uint64_t strides[kMaxRank] = {}; ///< Bytes; [0] is elementBytes.

  uint64_t boxBytes() const;
  /// Of shared memory, from the box's place: a swizzle permutes whole lines of
  /// 128 bytes, so the last one counts with all of it.
  uint64_t sharedBytes() const {
    uint64_t bytes = boxBytes();
    return swizzle == Swizzle::None ? bytes : (bytes + 127) / 128 * 128;
  }
};
static_assert(sizeof(TensorDescriptor) <= 128);

/// Checks what cuTensorMapEncodeTiled would; empty where all is well. A kernel
/// may have written the map itself: nothing of it is trusted.
std::string checkTensor(const TensorDescriptor &map);

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_EXECUTE_TENSORCOPY_H
