/// Loops over the 32 lanes of a warp, written so that the compiler vectorises
/// them. Every instruction that computes lane by lane is one of these with an
/// operation on plain numbers; lanes that are not active keep their value.
///
/// Operations run for inactive lanes too (their results are dropped), so they
/// must not trap on any bits: integer division guards itself.
#ifndef LLMC_RUNTIME_SIM_OPS_LANES_H
#define LLMC_RUNTIME_SIM_OPS_LANES_H

#include "runtime/sim/execute/Warp.h"

/// Compiled for AVX2, whatever the rest of the program is compiled for; the
/// device refuses to start on a CPU without it. Not inlined, so that a change
/// of the rounding mode around a call holds for all of it.
#define LLMC_SIM_LANES                                                         \
  __attribute__((target("avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt"), noinline))

namespace llmc::sim {

/// Stores \p from where \p active has a bit.
template <typename T>
inline __attribute__((always_inline)) void blend(T *to, const T *from,
                                                 uint32_t active) {
#pragma GCC ivdep
  for (unsigned lane = 0; lane < kLanes; ++lane)
    to[lane] = active >> lane & 1 ? from[lane] : to[lane];
}

// Each: destination, then sources, as the operands of the instruction.

template <auto Op, typename R, typename A>
LLMC_SIM_LANES void unary(Warp &warp, const Inst &inst) {
  R *r = warp.lanes<R>(inst.operand[0]);
  const A *a = warp.lanes<A>(inst.operand[1]);
  if (warp.active == kAllLanes) {
#pragma GCC ivdep
    for (unsigned lane = 0; lane < kLanes; ++lane)
      r[lane] = R(Op(a[lane]));
    return;
  }
  alignas(64) R t[kLanes];
  for (unsigned lane = 0; lane < kLanes; ++lane)
    t[lane] = R(Op(a[lane]));
  blend(r, t, warp.active);
}

template <auto Op, typename R, typename A, typename B = A>
LLMC_SIM_LANES void binary(Warp &warp, const Inst &inst) {
  R *r = warp.lanes<R>(inst.operand[0]);
  const A *a = warp.lanes<A>(inst.operand[1]);
  const B *b = warp.lanes<B>(inst.operand[2]);
  if (warp.active == kAllLanes) {
#pragma GCC ivdep
    for (unsigned lane = 0; lane < kLanes; ++lane)
      r[lane] = R(Op(a[lane], b[lane]));
    return;
  }
  alignas(64) R t[kLanes];
  for (unsigned lane = 0; lane < kLanes; ++lane)
    t[lane] = R(Op(a[lane], b[lane]));
  blend(r, t, warp.active);
}

template <auto Op, typename R, typename A, typename B = A, typename C = B>
LLMC_SIM_LANES void ternary(Warp &warp, const Inst &inst) {
  R *r = warp.lanes<R>(inst.operand[0]);
  const A *a = warp.lanes<A>(inst.operand[1]);
  const B *b = warp.lanes<B>(inst.operand[2]);
  const C *c = warp.lanes<C>(inst.operand[3]);
  if (warp.active == kAllLanes) {
#pragma GCC ivdep
    for (unsigned lane = 0; lane < kLanes; ++lane)
      r[lane] = R(Op(a[lane], b[lane], c[lane]));
    return;
  }
  alignas(64) R t[kLanes];
  for (unsigned lane = 0; lane < kLanes; ++lane)
    t[lane] = R(Op(a[lane], b[lane], c[lane]));
  blend(r, t, warp.active);
}

template <auto Op, typename R, typename A, typename B, typename C, typename D>
LLMC_SIM_LANES void quaternary(Warp &warp, const Inst &inst) {
  R *r = warp.lanes<R>(inst.operand[0]);
  const A *a = warp.lanes<A>(inst.operand[1]);
  const B *b = warp.lanes<B>(inst.operand[2]);
  const C *c = warp.lanes<C>(inst.operand[3]);
  const D *d = warp.lanes<D>(inst.operand[4]);
  alignas(64) R t[kLanes];
  for (unsigned lane = 0; lane < kLanes; ++lane)
    t[lane] = R(Op(a[lane], b[lane], c[lane], d[lane]));
  blend(r, t, warp.active);
}

/// Bits of a comparison, one for each lane.
template <auto Op, typename A>
inline __attribute__((always_inline)) uint32_t compare(const A *a, const A *b) {
  uint32_t bits = 0;
  for (unsigned lane = 0; lane < kLanes; ++lane)
    bits |= uint32_t(Op(a[lane], b[lane])) << lane;
  return bits;
}

/// Runs \p Run with the rounding mode of the instruction.
class RoundingScope {
public:
  explicit RoundingScope(uint8_t rounding);
  ~RoundingScope();

private:
  unsigned saved;
};

template <Execute Run> void rounded(Warp &warp, const Inst &inst) {
  RoundingScope scope(inst.rounding);
  Run(warp, inst);
}

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_LANES_H
