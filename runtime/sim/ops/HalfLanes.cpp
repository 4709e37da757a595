#include "runtime/sim/ops/HalfLanes.h"

#include "runtime/sim/ops/Lanes.h"

#include <immintrin.h>

namespace llmc::sim {

LLMC_SIM_LANES void floatOfHalf(const uint16_t *from, float *to,
                                unsigned count) {
  for (unsigned i = 0; i < count; i += 8)
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(
                                 reinterpret_cast<const __m128i *>(from + i))));
}

LLMC_SIM_LANES void floatOfBrain(const uint16_t *from, float *to,
                                 unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    to[i] = std::bit_cast<float>(uint32_t(from[i]) << 16);
}

LLMC_SIM_LANES void halfOfFloat(const float *from, uint16_t *to, unsigned count,
                                bool toZero) {
  for (unsigned i = 0; i < count; i += 8) {
    __m256 value = _mm256_loadu_ps(from + i);
    __m128i half = toZero ? _mm256_cvtps_ph(value, _MM_FROUND_TO_ZERO)
                          : _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to + i), half);
  }
  for (unsigned i = 0; i < count; ++i)
    to[i] = (to[i] & 0x7FFF) > 0x7C00 ? uint16_t(0x7FFF) : to[i];
}

LLMC_SIM_LANES void brainOfFloat(const float *from, uint16_t *to,
                                 unsigned count, bool toZero) {
  uint32_t half = toZero ? 0 : 0x7FFF, odd = toZero ? 0 : 1;
  for (unsigned i = 0; i < count; ++i) {
    uint32_t bits = std::bit_cast<uint32_t>(from[i]);
    uint32_t rounded = (bits + half + (bits >> 16 & odd)) >> 16;
    to[i] = uint16_t((bits & 0x7FFFFFFF) > 0x7F800000 ? 0x7FFF : rounded);
  }
}

__attribute__((target("f16c"))) float floatOfHalf(uint16_t bits) {
  return _cvtsh_ss(bits);
}

__attribute__((target("f16c"))) uint16_t halfOfFloat(float value, bool toZero) {
  uint16_t bits = toZero ? _cvtss_sh(value, _MM_FROUND_TO_ZERO)
                         : _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT);
  return (bits & 0x7FFF) > 0x7C00 ? 0x7FFF : bits;
}

} // namespace llmc::sim
