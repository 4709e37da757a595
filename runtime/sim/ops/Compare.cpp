// Comparison and selection (ISA section 9.7.6 and 9.7.7).
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/ops/FloatLanes.h"
#include "runtime/sim/ops/HalfLanes.h"

#include <array>
#include <cmath>

namespace llmc::sim {
namespace {

enum Comparison : uint8_t {
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge, // False where a NaN takes part.
  Equ,
  Neu,
  Ltu,
  Leu,
  Gtu,
  Geu, // True where one does.
  Num,
  Nan,
  kComparisons,
};

template <unsigned C>
constexpr auto kCompare = [](auto a, auto b) {
  switch (C) {
  case Eq:
    return a == b;
  case Ne:
    return a < b || a > b;
  case Lt:
    return a < b;
  case Le:
    return a <= b;
  case Gt:
    return a > b;
  case Ge:
    return a >= b;
  case Equ:
    return !(a < b || a > b);
  case Neu:
    return !(a == b);
  case Ltu:
    return !(a >= b);
  case Leu:
    return !(a > b);
  case Gtu:
    return !(a <= b);
  case Geu:
    return !(a < b);
  case Num:
    return a == a && b == b;
  default:
    return a != a || b != b;
  }
};

using Bits = uint32_t (*)(Warp &, Slot, Slot);

template <unsigned C, typename T, bool Ftz>
LLMC_SIM_LANES uint32_t bitsOf(Warp &warp, Slot a, Slot b) {
  if constexpr (Ftz)
    return compare<[](float x, float y) {
      return kCompare<C>(flushDenormal(x), flushDenormal(y));
    }>(warp.lanes<float>(a), warp.lanes<float>(b));
  else
    return compare<kCompare<C>>(warp.lanes<T>(a), warp.lanes<T>(b));
}

/// \p First and \p Step choose the lower or upper half of packed numbers.
template <unsigned C, bool Brain, unsigned First, unsigned Step>
LLMC_SIM_LANES uint32_t halfBits(Warp &warp, Slot a, Slot b) {
  constexpr unsigned count = kLanes * Step;
  alignas(64) float x[count], y[count];
  const uint16_t *p = warp.lanes<uint16_t>(a), *q = warp.lanes<uint16_t>(b);
  Brain ? floatOfBrain(p, x, count) : floatOfHalf(p, x, count);
  Brain ? floatOfBrain(q, y, count) : floatOfHalf(q, y, count);
  uint32_t bits = 0;
  for (unsigned lane = 0; lane < kLanes; ++lane)
    bits |=
        uint32_t(kCompare<C>(x[lane * Step + First], y[lane * Step + First]))
        << lane;
  return bits;
}

template <template <unsigned> typename Of, size_t... C>
constexpr std::array<Bits, kComparisons> all(std::index_sequence<C...>) {
  return {Of<C>::get()...};
}
template <typename T, bool Ftz = false> struct Plain {
  template <unsigned C> struct Of {
    static constexpr Bits get() { return &bitsOf<C, T, Ftz>; }
  };
};
template <bool Brain, unsigned First, unsigned Step> struct HalfForm {
  template <unsigned C> struct Of {
    static constexpr Bits get() { return &halfBits<C, Brain, First, Step>; }
  };
};
template <typename Form> Bits pick(unsigned comparison) {
  static constexpr auto table =
      all<Form::template Of>(std::make_index_sequence<kComparisons>());
  return table[comparison];
}

Bits bitsFor(Type type, unsigned comparison, bool ftz, bool upper = false) {
  switch (type) {
  case Type::B16:
  case Type::U16:
    return pick<Plain<uint16_t>>(comparison);
  case Type::S16:
    return pick<Plain<int16_t>>(comparison);
  case Type::B32:
  case Type::U32:
    return pick<Plain<uint32_t>>(comparison);
  case Type::S32:
    return pick<Plain<int32_t>>(comparison);
  case Type::B64:
  case Type::U64:
    return pick<Plain<uint64_t>>(comparison);
  case Type::S64:
    return pick<Plain<int64_t>>(comparison);
  case Type::F32:
    return ftz ? pick<Plain<float, true>>(comparison)
               : pick<Plain<float>>(comparison);
  case Type::F64:
    return pick<Plain<double>>(comparison);
  case Type::F16:
    return pick<HalfForm<false, 0, 1>>(comparison);
  case Type::BF16:
    return pick<HalfForm<true, 0, 1>>(comparison);
  case Type::F16x2:
    return upper ? pick<HalfForm<false, 1, 2>>(comparison)
                 : pick<HalfForm<false, 0, 2>>(comparison);
  case Type::BF16x2:
    return upper ? pick<HalfForm<true, 1, 2>>(comparison)
                 : pick<HalfForm<true, 0, 2>>(comparison);
  default:
    return nullptr;
  }
}

enum : uint8_t { kNoBool, kAnd, kOr, kXor, kBoolMask = 3, kNegated = 4 };

uint32_t combine(uint8_t flags, uint32_t bits, Warp &warp, Slot other) {
  if ((flags & kBoolMask) == kNoBool)
    return bits;
  uint32_t c = warp.predicate(other);
  if (flags & kNegated)
    c = ~c;
  switch (flags & kBoolMask) {
  case kAnd:
    return bits & c;
  case kOr:
    return bits | c;
  default:
    return bits ^ c;
  }
}

/// Operands: p, q, a, b, c. The function that compares travels in `value`.
void setp(Warp &warp, const Inst &inst) {
  auto lower = reinterpret_cast<Bits>(inst.value);
  const Slot *op = inst.operand;
  uint32_t bits = lower(warp, op[2], op[3]);
  uint32_t p = combine(inst.flags, bits, warp, op[4]);
  uint32_t q = combine(inst.flags, ~bits, warp, op[4]);
  warp.setPredicate(op[0], p);
  if (op[1] != kNone)
    warp.setPredicate(op[1], q);
}

/// Packed: p is the lower half's result, q the upper's.
template <bool Brain> void setpPacked(Warp &warp, const Inst &inst) {
  const Slot *op = inst.operand;
  Type type = Brain ? Type::BF16x2 : Type::F16x2;
  uint32_t low = bitsFor(type, inst.count, false, false)(warp, op[2], op[3]);
  uint32_t high = bitsFor(type, inst.count, false, true)(warp, op[2], op[3]);
  warp.setPredicate(op[0], combine(inst.flags, low, warp, op[4]));
  if (op[1] != kNone)
    warp.setPredicate(op[1], combine(inst.flags, high, warp, op[4]));
}

/// Reads the comparison's name; -1: none.
int takeComparison(Decoder &d, Type &type) {
  int c =
      d.takesOneOf({"eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu",
                    "leu", "gtu", "geu", "num", "nan", "lo", "ls", "hi", "hs"});
  constexpr int unsignedForms[] = {Lt, Le, Gt, Ge};
  if (c >= kComparisons)
    c = unsignedForms[c - kComparisons];
  int boolean = d.takesOneOf({"and", "or", "xor"});
  d.inst.flags = uint8_t(boolean + 1);
  type = d.takeType();
  return c;
}

bool finishBool(Decoder &d, size_t at) {
  if ((d.inst.flags & kBoolMask) == kNoBool) {
    d.push(kNone);
    return true;
  }
  bool negated;
  if (!d.readPredicate(d.operand(at), negated))
    return false;
  d.inst.flags |= negated ? kNegated : 0;
  return true;
}

template <typename T> void set(Warp &warp, const Inst &inst) {
  auto lower = reinterpret_cast<Bits>(inst.value);
  const Slot *op = inst.operand;
  uint32_t bits = combine(inst.flags, lower(warp, op[1], op[2]), warp, op[3]);
  T *r = warp.lanes<T>(op[0]);
  T yes = std::is_floating_point_v<T> ? T(1) : T(-1);
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if (warp.active >> lane & 1)
      r[lane] = bits >> lane & 1 ? yes : T(0);
}

template <typename T> LLMC_SIM_LANES void selp(Warp &warp, const Inst &inst) {
  const T *a = warp.lanes<T>(inst.operand[1]);
  const T *b = warp.lanes<T>(inst.operand[2]);
  uint32_t bits = warp.predicate(inst.operand[3]) ^ uint32_t(inst.value);
  alignas(64) T t[kLanes];
  for (unsigned lane = 0; lane < kLanes; ++lane)
    t[lane] = bits >> lane & 1 ? a[lane] : b[lane];
  blend(warp.lanes<T>(inst.operand[0]), t, warp.active);
}

void selpPredicate(Warp &warp, const Inst &inst) {
  uint32_t bits = warp.predicate(inst.operand[3]) ^ uint32_t(inst.value);
  warp.setPredicate(inst.operand[0],
                    (warp.predicate(inst.operand[1]) & bits) |
                        (warp.predicate(inst.operand[2]) & ~bits));
}

template <typename C>
constexpr auto kSlct = [](auto a, auto b, C c) { return c >= 0 ? a : b; };

template <typename T, typename F>
uint32_t testBits(Warp &warp, Slot a, F test) {
  const T *lanes = warp.lanes<T>(a);
  uint32_t bits = 0;
  for (unsigned lane = 0; lane < kLanes; ++lane)
    bits |= uint32_t(test(lanes[lane])) << lane;
  return bits;
}
template <typename T, int Which> void testp(Warp &warp, const Inst &inst) {
  uint32_t bits = testBits<T>(warp, inst.operand[1], [](T a) {
    switch (Which) {
    case 0:
      return bool(std::isfinite(a));
    case 1:
      return bool(std::isinf(a));
    case 2:
      return a == a;
    case 3:
      return a != a;
    case 4:
      return bool(std::isnormal(a));
    default:
      return std::fpclassify(a) == FP_SUBNORMAL;
    }
  });
  warp.setPredicate(inst.operand[0], bits);
}

} // namespace

bool decodeSetp(Decoder &d) {
  Type type;
  int comparison = takeComparison(d, type);
  bool ftz = d.takes("ftz");
  Bits bits =
      comparison < 0 ? nullptr : bitsFor(type, unsigned(comparison), ftz);
  if (!bits)
    return d.fail("setp names no comparison or no type that has one");
  bool packed = type == Type::F16x2 || type == Type::BF16x2;
  d.inst.execute = type == Type::F16x2    ? setpPacked<false>
                   : type == Type::BF16x2 ? setpPacked<true>
                                          : setp;
  d.inst.value = packed ? 0 : reinterpret_cast<int64_t>(bits);
  d.inst.count = uint32_t(comparison);
  bool boolean = (d.inst.flags & kBoolMask) != kNoBool;
  if (!d.wants(boolean ? 4 : 3))
    return false;
  const Operand &target = d.operand(0);
  if (target.kind == Operand::Kind::Pair) {
    if (!d.write(target.elements[0], 0) || !d.write(target.elements[1], 0))
      return false;
  } else {
    if (!d.write(target, 0))
      return false;
    d.push(kNone);
  }
  unsigned bytes = typeBytes(type);
  return d.read(1, bytes, type) && d.read(2, bytes, type) && finishBool(d, 3);
}

bool decodeSet(Decoder &d) {
  Type to;
  int comparison = takeComparison(d, to);
  bool ftz = d.takes("ftz");
  Type type = d.takeType();
  Bits bits =
      comparison < 0 ? nullptr : bitsFor(type, unsigned(comparison), ftz);
  d.inst.execute = to == Type::F32                      ? set<float>
                   : to == Type::U32 || to == Type::S32 ? set<uint32_t>
                                                        : nullptr;
  if (!bits || !d.inst.execute)
    return d.fail("set names no comparison or a type that it does not have");
  d.inst.value = reinterpret_cast<int64_t>(bits);
  unsigned bytes = typeBytes(type);
  bool boolean = (d.inst.flags & kBoolMask) != kNoBool;
  return d.wants(boolean ? 4 : 3) && d.write(0, 4) && d.read(1, bytes, type) &&
         d.read(2, bytes, type) && finishBool(d, 3);
}

bool decodeSelp(Decoder &d) {
  Type type = d.takeType();
  unsigned bytes = typeBytes(type);
  d.inst.execute = type == Type::Pred ? selpPredicate
                   : bytes == 2       ? selp<uint16_t>
                   : bytes == 4       ? selp<uint32_t>
                   : bytes == 8       ? selp<uint64_t>
                                      : nullptr;
  bool negated;
  if (!d.inst.execute || !d.wants(4) || !d.write(0, bytes) ||
      !d.read(1, bytes, type) || !d.read(2, bytes, type) ||
      !d.readPredicate(d.operand(3), negated))
    return false;
  d.inst.value = negated ? int64_t(kAllLanes) : 0;
  return true;
}

bool decodeSlct(Decoder &d) {
  d.ignores({"ftz"});
  Type type = d.takeType(), by = d.takeType();
  unsigned bytes = typeBytes(type);
  if (by == Type::S32)
    d.inst.execute =
        bytes == 4
            ? &ternary<kSlct<int32_t>, uint32_t, uint32_t, uint32_t, int32_t>
        : bytes == 8
            ? &ternary<kSlct<int32_t>, uint64_t, uint64_t, uint64_t, int32_t>
            : nullptr;
  else if (by == Type::F32)
    d.inst.execute =
        bytes == 4 ? &ternary<kSlct<float>, uint32_t, uint32_t, uint32_t, float>
        : bytes == 8
            ? &ternary<kSlct<float>, uint64_t, uint64_t, uint64_t, float>
            : nullptr;
  return d.inst.execute && d.wants(4) && d.write(0, bytes) &&
         d.read(1, bytes, type) && d.read(2, bytes, type) && d.read(3, 4, by);
}

bool decodeTestp(Decoder &d) {
  int which = d.takesOneOf(
      {"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  Type type = d.takeType();
  constexpr Execute singles[] = {testp<float, 0>, testp<float, 1>,
                                 testp<float, 2>, testp<float, 3>,
                                 testp<float, 4>, testp<float, 5>};
  constexpr Execute doubles[] = {testp<double, 0>, testp<double, 1>,
                                 testp<double, 2>, testp<double, 3>,
                                 testp<double, 4>, testp<double, 5>};
  if (which < 0 || (type != Type::F32 && type != Type::F64))
    return false;
  d.inst.execute = type == Type::F32 ? singles[which] : doubles[which];
  return d.wants(2) && d.write(0, 0) && d.read(1, typeBytes(type), type);
}

} // namespace llmc::sim
