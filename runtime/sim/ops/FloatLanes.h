/// f32 numbers as the device treats them: denormals flushed with .ftz, clamped
/// to [0, 1] with .sat, one NaN.
#ifndef LLMC_RUNTIME_SIM_OPS_FLOATLANES_H
#define LLMC_RUNTIME_SIM_OPS_FLOATLANES_H

#include "runtime/sim/ops/Lanes.h"

#include <bit>

namespace llmc::sim {

/// A denormal becomes a zero of its sign.
inline __attribute__((always_inline)) float flushDenormal(float a) {
  uint32_t bits = std::bit_cast<uint32_t>(a);
  return std::bit_cast<float>((bits & 0x7F800000) == 0 ? bits & 0x80000000
                                                       : bits);
}
template <bool Ftz>
inline __attribute__((always_inline)) float flushed(float a) {
  return Ftz ? flushDenormal(a) : a;
}
/// 0 for NaN.
inline __attribute__((always_inline)) float saturated(float a) {
  float low = a > 0.0f ? a : 0.0f;
  return low < 1.0f ? low : 1.0f;
}
inline __attribute__((always_inline)) float canonical(float a) {
  return a == a ? a : std::bit_cast<float>(uint32_t(0x7FFFFFFF));
}

/// Op on f32 with the modifiers around it.
template <auto Op, bool Ftz, bool Sat>
inline constexpr auto single = [](auto... a) {
  float r = flushed<Ftz>(Op(flushed<Ftz>(a)...));
  return Sat ? saturated(r) : canonical(r);
};

/// The instance for the modifiers of a two-operand instruction and so on.
template <auto Op> Execute unarySingle(bool ftz, bool sat) {
  return ftz ? (sat ? &unary<single<Op, true, true>, float, float>
                    : &unary<single<Op, true, false>, float, float>)
             : (sat ? &unary<single<Op, false, true>, float, float>
                    : &unary<single<Op, false, false>, float, float>);
}
template <auto Op> Execute binarySingle(bool ftz, bool sat) {
  return ftz ? (sat ? &binary<single<Op, true, true>, float, float>
                    : &binary<single<Op, true, false>, float, float>)
             : (sat ? &binary<single<Op, false, true>, float, float>
                    : &binary<single<Op, false, false>, float, float>);
}
template <auto Op> Execute ternarySingle(bool ftz, bool sat) {
  return ftz ? (sat ? &ternary<single<Op, true, true>, float, float>
                    : &ternary<single<Op, true, false>, float, float>)
             : (sat ? &ternary<single<Op, false, true>, float, float>
                    : &ternary<single<Op, false, false>, float, float>);
}

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_FLOATLANES_H
