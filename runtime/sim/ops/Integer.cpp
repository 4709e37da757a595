// Integer arithmetic (ISA section 9.7.1). Wraps around; division by zero gives
// all ones, as on the device.
#include "runtime/sim/ops/Integer.h"

#include "runtime/sim/ops/Lanes.h"

#include <limits>
#include <type_traits>

namespace llmc::sim {
namespace {

template <typename T> using Unsigned = std::make_unsigned_t<T>;

/// Twice as wide.
template <typename T>
using Wide = std::conditional_t<
    sizeof(T) == 2, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>,
    std::conditional_t<
        sizeof(T) == 4,
        std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>,
        std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>>>;

constexpr auto kAdd = []<typename T>(T a, T b) {
  return T(Unsigned<T>(a) + Unsigned<T>(b));
};
constexpr auto kSub = []<typename T>(T a, T b) {
  return T(Unsigned<T>(a) - Unsigned<T>(b));
};
constexpr auto kAddSaturating = [](int32_t a, int32_t b) {
  int64_t sum = int64_t(a) + b;
  return int32_t(sum > INT32_MAX   ? INT32_MAX
                 : sum < INT32_MIN ? INT32_MIN
                                   : sum);
};
constexpr auto kSubSaturating = [](int32_t a, int32_t b) {
  int64_t sum = int64_t(a) - b;
  return int32_t(sum > INT32_MAX   ? INT32_MAX
                 : sum < INT32_MIN ? INT32_MIN
                                   : sum);
};
constexpr auto kMulLow = []<typename T>(T a, T b) {
  // 16-bit factors would be promoted to int, which may overflow.
  using U = std::conditional_t<(sizeof(T) < 4), uint32_t, Unsigned<T>>;
  return T(U(a) * U(b));
};
constexpr auto kMulHigh = []<typename T>(T a, T b) {
  return T(Wide<T>(Wide<T>(a) * Wide<T>(b)) >> (sizeof(T) * 8));
};
constexpr auto kMulWide = []<typename T>(T a, T b) {
  return Wide<T>(Wide<T>(a) * Wide<T>(b));
};
constexpr auto kMadLow = []<typename T>(T a, T b, T c) {
  return kAdd(kMulLow(a, b), c);
};
constexpr auto kMadHigh = []<typename T>(T a, T b, T c) {
  return kAdd(kMulHigh(a, b), c);
};
template <typename T>
constexpr auto kMadWide =
    [](T a, T b, Wide<T> c) { return kAdd(kMulWide(a, b), c); };
constexpr auto kDiv = []<typename T>(T a, T b) {
  if (b == 0)
    return T(-1);
  if (std::is_signed_v<T> && b == T(-1))
    return T(0 - Unsigned<T>(a));
  return T(a / b);
};
constexpr auto kRem = []<typename T>(T a, T b) {
  if (b == 0)
    return a;
  if (std::is_signed_v<T> && b == T(-1))
    return T(0);
  return T(a % b);
};
constexpr auto kMin = [](auto a, auto b) { return b < a ? b : a; };
constexpr auto kMax = [](auto a, auto b) { return a < b ? b : a; };
constexpr auto kAbs = []<typename T>(T a) {
  return a < 0 ? T(0 - Unsigned<T>(a)) : a;
};
constexpr auto kNeg = []<typename T>(T a) { return T(0 - Unsigned<T>(a)); };
constexpr auto kSad = []<typename T>(T a, T b, T c) {
  return kAdd(a < b ? kSub(b, a) : kSub(a, b), c);
};

/// The instance of a family for an integer type; null for other types.
template <typename Family> Execute byType(Type type, Family family) {
  switch (type) {
  case Type::U16:
  case Type::B16:
    return family(uint16_t());
  case Type::S16:
    return family(int16_t());
  case Type::U32:
  case Type::B32:
    return family(uint32_t());
  case Type::S32:
    return family(int32_t());
  case Type::U64:
  case Type::B64:
    return family(uint64_t());
  case Type::S64:
    return family(int64_t());
  default:
    return nullptr;
  }
}

template <auto Op> Execute binaryOf(Type type) {
  return byType(type,
                []<typename T>(T) -> Execute { return &binary<Op, T, T>; });
}

template <auto Op> Execute ternaryOf(Type type) {
  return byType(type,
                []<typename T>(T) -> Execute { return &ternary<Op, T, T>; });
}

bool operands(Decoder &d, Type type, size_t sources, Execute execute) {
  unsigned bytes = typeBytes(type);
  if (!execute)
    return d.fail("the type ." + std::string(typeName(type)) +
                  " is not one of this instruction");
  d.inst.execute = execute;
  if (!d.wants(sources + 1) || !d.write(0, bytes))
    return false;
  for (size_t i = 1; i <= sources; ++i)
    if (!d.read(i, bytes, type))
      return false;
  return true;
}

/// mul.wide and mad.wide: the destination, and the addend, are twice as wide.
bool wideOperands(Decoder &d, Type type, bool addend) {
  unsigned bytes = typeBytes(type);
  if (bytes > 4)
    return d.fail("there is no wide product of this type");
  d.inst.execute = byType(type, [&]<typename T>(T) -> Execute {
    if constexpr (sizeof(T) > 4)
      return nullptr;
    else if (addend)
      return &ternary<kMadWide<T>, Wide<T>, T, T, Wide<T>>;
    else
      return &binary<kMulWide, Wide<T>, T, T>;
  });
  return d.inst.execute && d.wants(addend ? 4 : 3) && d.write(0, bytes * 2) &&
         d.read(1, bytes) && d.read(2, bytes) &&
         (!addend || d.read(3, bytes * 2));
}

} // namespace

bool decodeIntegerAdd(Decoder &d, Type type) {
  bool add = d.name() == "add";
  if (d.takes("sat"))
    return type == Type::S32 &&
           operands(d, type, 2,
                    add ? &binary<kAddSaturating, int32_t, int32_t>
                        : &binary<kSubSaturating, int32_t, int32_t>);
  return operands(d, type, 2,
                  add ? binaryOf<kAdd>(type) : binaryOf<kSub>(type));
}

bool decodeIntegerMul(Decoder &d, Type type) {
  bool addend = d.name() == "mad";
  if (d.takes("wide"))
    return wideOperands(d, type, addend);
  bool high = d.takes("hi");
  if (!high && !d.takes("lo"))
    return d.fail("an integer product is .lo, .hi or .wide");
  if (addend)
    return operands(d, type, 3,
                    high ? ternaryOf<kMadHigh>(type)
                         : ternaryOf<kMadLow>(type));
  return operands(d, type, 2,
                  high ? binaryOf<kMulHigh>(type) : binaryOf<kMulLow>(type));
}

bool decodeIntegerDiv(Decoder &d, Type type) {
  return operands(d, type, 2,
                  d.name() == "div" ? binaryOf<kDiv>(type)
                                    : binaryOf<kRem>(type));
}

bool decodeIntegerMinMax(Decoder &d, Type type) {
  return operands(d, type, 2,
                  d.name() == "min" ? binaryOf<kMin>(type)
                                    : binaryOf<kMax>(type));
}

bool decodeIntegerAbsNeg(Decoder &d, Type type) {
  bool abs = d.name() == "abs";
  Execute execute = byType(type, [&]<typename T>(T) -> Execute {
    if constexpr (std::is_signed_v<T>) {
      if (abs)
        return &unary<kAbs, T, T>;
      return &unary<kNeg, T, T>;
    } else {
      return nullptr;
    }
  });
  return operands(d, type, 1, execute);
}

bool decodeSad(Decoder &d) {
  Type type = d.takeType();
  return operands(d, type, 3, ternaryOf<kSad>(type));
}

namespace {

/// Sum of four products of bytes; each factor signed or not.
template <typename A, typename B>
constexpr auto kDp4a = [](uint32_t a, uint32_t b, uint32_t c) {
  for (unsigned i = 0; i < 4; ++i)
    c += uint32_t(int32_t(A(a >> 8 * i)) * int32_t(B(b >> 8 * i)));
  return c;
};
/// Sum of two products of a 16-bit half with a byte.
template <typename A, typename B, bool High>
constexpr auto kDp2a = [](uint32_t a, uint32_t b, uint32_t c) {
  for (unsigned i = 0; i < 2; ++i)
    c += uint32_t(int32_t(A(a >> 16 * i)) *
                  int32_t(B(b >> 8 * (i + (High ? 2 : 0)))));
  return c;
};

template <template <typename, typename> typename Chooser, typename UA,
          typename SA>
Execute bySigns(bool aSigned, bool bSigned) {
  if (aSigned)
    return bSigned ? Chooser<SA, int8_t>::get() : Chooser<SA, uint8_t>::get();
  return bSigned ? Chooser<UA, int8_t>::get() : Chooser<UA, uint8_t>::get();
}
template <typename A, typename B> struct Dot4 {
  static Execute get() { return &ternary<kDp4a<A, B>, uint32_t, uint32_t>; }
};
template <typename A, typename B> struct Dot2Low {
  static Execute get() {
    return &ternary<kDp2a<A, B, false>, uint32_t, uint32_t>;
  }
};
template <typename A, typename B> struct Dot2High {
  static Execute get() {
    return &ternary<kDp2a<A, B, true>, uint32_t, uint32_t>;
  }
};

} // namespace

bool decodeDot(Decoder &d) {
  bool four = d.name() == "dp4a";
  bool high = !four && d.takes("hi");
  if (!four && !high && !d.takes("lo"))
    return d.fail("dp2a is .lo or .hi");
  Type a = d.takeType(), b = d.takeType();
  auto is32 = [](Type type) { return type == Type::U32 || type == Type::S32; };
  if (!is32(a) || !is32(b))
    return d.fail("the factors are .u32 or .s32");
  bool aSigned = a == Type::S32, bSigned = b == Type::S32;
  Execute execute = four ? bySigns<Dot4, uint8_t, int8_t>(aSigned, bSigned)
                    : high
                        ? bySigns<Dot2High, uint16_t, int16_t>(aSigned, bSigned)
                        : bySigns<Dot2Low, uint16_t, int16_t>(aSigned, bSigned);
  return operands(d, Type::U32, 3, execute);
}

} // namespace llmc::sim
