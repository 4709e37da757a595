/// Elements between f32 and the 16-bit floats, without branches, so that loops
/// over them become vector code.
#ifndef LLMC_COMPILER_PACK_CONVERT_H
#define LLMC_COMPILER_PACK_CONVERT_H

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace llmc::pack {

/// Round to nearest, ties to even; NaN stays a (quiet) NaN.
inline uint16_t toBrain(float number) {
  uint32_t bits = std::bit_cast<uint32_t>(number);
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  uint32_t quiet = (bits >> 16) | 0x40;
  return static_cast<uint16_t>(number != number ? quiet : rounded);
}

inline float fromBrain(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

/// IEEE binary16, round to nearest, ties to even; what is too large becomes
/// infinity.
inline uint16_t toHalf(float number) {
  uint32_t bits = std::bit_cast<uint32_t>(number);
  uint32_t sign = bits & 0x80000000, magnitude = bits ^ sign;
  // Below 2^-14: adding 0.5 leaves the subnormal's bits, rounded, at the end.
  uint32_t small =
      std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) -
      0x3f000000;
  uint32_t normal =
      (magnitude - (112u << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  uint32_t half = magnitude < (113u << 23) ? small : normal;
  half = magnitude >= (143u << 23) ? 0x7c00 : half;
  half = magnitude > 0x7f800000 ? 0x7e00 : half;
  return static_cast<uint16_t>(half | sign >> 16);
}

inline float fromHalf(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  uint32_t magnitude = static_cast<uint32_t>(half & 0x7fff) << 13;
  // The exponent moves from bias 15 to 127; a product does subnormals too.
  float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
  uint32_t special = magnitude | 0x7f800000;
  uint32_t bits = magnitude >= 0x0f800000 ? special
                                          : std::bit_cast<uint32_t>(scaled);
  return std::bit_cast<float>(bits | sign);
}

/// Whether one of the binary16 numbers that \p halves holds is infinite.
inline bool holdsInfiniteHalf(std::span<const std::byte> halves) {
  bool found = false;
  for (size_t i = 0; i + 1 < halves.size(); i += 2) {
    uint16_t half;
    std::memcpy(&half, halves.data() + i, sizeof half);
    found |= (half & 0x7fff) == 0x7c00;
  }
  return found;
}

} // namespace llmc::pack

#endif // LLMC_COMPILER_PACK_CONVERT_H
