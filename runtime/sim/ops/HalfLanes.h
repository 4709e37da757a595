/// f16 and bf16 as lanes of f32.
///
/// A sum or product of two numbers of at most 11 bits, computed in f32 and
/// rounded again, is the correctly rounded one. For fused products f32 is not
/// enough: those are rounded to odd first (HalfLanes.cpp).
#ifndef LLMC_RUNTIME_SIM_OPS_HALFLANES_H
#define LLMC_RUNTIME_SIM_OPS_HALFLANES_H

#include <bit>
#include <cstdint>

namespace llmc::sim {

/// Lanes of a warp in packed registers: two numbers a lane.
inline constexpr unsigned kPackedLanes = 64;

/// \p count is a multiple of 8.
void floatOfHalf(const uint16_t *from, float *to, unsigned count);
void floatOfBrain(const uint16_t *from, float *to, unsigned count);
/// Rounds to nearest even, or towards zero; NaN becomes 0x7FFF.
void halfOfFloat(const float *from, uint16_t *to, unsigned count,
                 bool toZero = false);
void brainOfFloat(const float *from, uint16_t *to, unsigned count,
                  bool toZero = false);

/// One number of each.
float floatOfHalf(uint16_t bits);
uint16_t halfOfFloat(float value, bool toZero = false);
inline float floatOfBrain(uint16_t bits) {
  return std::bit_cast<float>(uint32_t(bits) << 16);
}
inline uint16_t brainOfFloat(float value, bool toZero = false) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7FFFFFFF) > 0x7F800000)
    return 0x7FFF;
  uint32_t up = toZero ? 0 : 0x7FFF + (bits >> 16 & 1);
  return uint16_t((bits + up) >> 16);
}

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_HALFLANES_H
