#include "runtime/sim/ops/Fp8.h"

#include <cmath>

namespace llmc::sim {
namespace {

/// \p mantissa bits, exponent bias \p bias; \p largest finite as bits.
uint8_t narrow(float value, int mantissa, int bias, uint8_t largest,
               float largestValue) {
  uint8_t sign = std::signbit(value) ? 0x80 : 0;
  if (value != value)
    return 0x7F;
  float magnitude = std::fabs(value);
  if (magnitude >= largestValue)
    return sign | largest;
  int exponent = magnitude > 0 ? std::ilogb(magnitude) : -1000;
  int least = 1 - bias;
  if (exponent < least)
    exponent = least;
  // In units of the last place at this exponent; ties to even.
  float units = std::nearbyint(std::ldexp(magnitude, mantissa - exponent));
  int code = int(units) + ((exponent - least) << mantissa);
  return sign | uint8_t(code > largest ? largest : code);
}

float widen(uint8_t bits, int mantissa, int bias) {
  int fraction = bits & ((1 << mantissa) - 1);
  int exponent = (bits & 0x7F) >> mantissa;
  float magnitude = exponent == 0
                        ? std::ldexp(float(fraction), 1 - bias - mantissa)
                        : std::ldexp(float(fraction + (1 << mantissa)),
                                     exponent - bias - mantissa);
  return bits & 0x80 ? -magnitude : magnitude;
}

} // namespace

float floatOfE4m3(uint8_t bits) {
  return (bits & 0x7F) == 0x7F ? NAN : widen(bits, 3, 7);
}

float floatOfE5m2(uint8_t bits) {
  if ((bits & 0x7C) == 0x7C)
    return bits & 3 ? NAN : bits & 0x80 ? -INFINITY : INFINITY;
  return widen(bits, 2, 15);
}

uint8_t e4m3OfFloat(float value) { return narrow(value, 3, 7, 0x7E, 448); }
uint8_t e5m2OfFloat(float value) { return narrow(value, 2, 15, 0x7B, 57344); }

} // namespace llmc::sim
