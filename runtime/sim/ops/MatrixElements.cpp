#include "runtime/sim/ops/MatrixElements.h"

#include "runtime/sim/ops/Fp8.h"
#include "runtime/sim/ops/Lanes.h"

#include <bit>
#include <cstring>
#include <immintrin.h>

namespace llmc::sim {

const std::array<float, 256> &fp8Table(Type type) {
  auto make = [](float (*widen)(uint8_t)) {
    std::array<float, 256> table;
    for (unsigned i = 0; i < 256; ++i)
      table[i] = widen(uint8_t(i));
    return table;
  };
  static const std::array<float, 256> e4m3 = make(floatOfE4m3);
  static const std::array<float, 256> e5m2 = make(floatOfE5m2);
  return type == Type::E4M3 ? e4m3 : e5m2;
}

void elementsOf(const std::byte (&chunk)[16], Type type, float *out) {
  uint16_t halves[8];
  switch (type) {
  case Type::F16:
    memcpy(halves, chunk, 16);
    return floatOfHalf(halves, out, 8);
  case Type::BF16:
    memcpy(halves, chunk, 16);
    return floatOfBrain(halves, out, 8);
  case Type::TF32:
    for (unsigned i = 0; i < 4; ++i) {
      uint32_t bits;
      memcpy(&bits, chunk + 4 * i, 4);
      out[i] = std::bit_cast<float>(bits & ~uint32_t(0x1FFF));
    }
    return;
  default: {
    const auto &table = fp8Table(type);
    for (unsigned i = 0; i < 16; ++i)
      out[i] = table[uint8_t(chunk[i])];
  }
  }
}

void elementsOf(const std::byte (&chunk)[16], Type type, int32_t *out) {
  for (unsigned i = 0; i < 16; ++i)
    out[i] = type == Type::S8 ? int32_t(int8_t(chunk[i]))
                              : int32_t(uint8_t(chunk[i]));
}

LLMC_SIM_LANES void multiplyTile(const float *a, const float *b, float *d,
                                 unsigned k, unsigned n) {
  for (unsigned row = 0; row < 16; row += 4)
    for (unsigned column = 0; column < n; column += 8) {
      __m256 sum[4];
      for (unsigned i = 0; i < 4; ++i)
        sum[i] = _mm256_loadu_ps(d + (row + i) * 256 + column);
      for (unsigned at = 0; at < k; ++at) {
        __m256 factor = _mm256_loadu_ps(b + at * 256 + column);
        for (unsigned i = 0; i < 4; ++i)
          sum[i] = _mm256_fmadd_ps(_mm256_set1_ps(a[(row + i) * k + at]),
                                   factor, sum[i]);
      }
      for (unsigned i = 0; i < 4; ++i)
        _mm256_storeu_ps(d + (row + i) * 256 + column, sum[i]);
    }
}

LLMC_SIM_LANES void multiplyIntegers(const int32_t *a, const int32_t *b,
                                     int32_t *d, unsigned k, unsigned n,
                                     bool saturates) {
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned column = 0; column < n; ++column) {
      // 32 products of 8-bit numbers fit in 32 bits.
      int32_t products = 0;
      for (unsigned at = 0; at < k; ++at)
        products += a[row * k + at] * b[at * 256 + column];
      int64_t sum = int64_t(d[row * 256 + column]) + products;
      if (saturates)
        sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
      d[row * 256 + column] = int32_t(uint32_t(uint64_t(sum)));
    }
}

} // namespace llmc::sim
