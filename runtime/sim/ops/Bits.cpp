// Logic, shifts and bit fields (ISA sections 9.7.1 and 9.7.8).
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/ops/Lanes.h"

#include <type_traits>

namespace llmc::sim {
namespace {

constexpr auto kAnd = [](auto a, auto b) { return a & b; };
constexpr auto kOr = [](auto a, auto b) { return a | b; };
constexpr auto kXor = [](auto a, auto b) { return a ^ b; };
constexpr auto kNot = [](auto a) { return ~a; };
constexpr auto kCnot = []<typename T>(T a) { return T(a == 0); };

/// Any function of three bits: bit i of the table answers a<<2 | b<<1 | c.
constexpr auto kLop3 = [](uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
  uint32_t r = 0;
  for (unsigned i = 0; i < 8; ++i) {
    uint32_t where = (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
    r |= table >> i & 1 ? where : 0;
  }
  return r;
};

/// Shifts by the width or more leave nothing but the sign.
constexpr auto kShl = []<typename T>(T a, uint32_t by) {
  constexpr uint32_t width = sizeof(T) * 8;
  return by >= width ? T(0) : T(a << (by & (width - 1)));
};
constexpr auto kShr = []<typename T>(T a, uint32_t by) {
  constexpr uint32_t width = sizeof(T) * 8;
  uint32_t most = by >= width ? width - 1 : by;
  T shifted = T(a >> most);
  if constexpr (std::is_unsigned_v<T>)
    return by >= width ? T(0) : shifted;
  return shifted;
};
/// Funnel shifts of high:low.
template <bool Left, bool Wrap>
constexpr auto kFunnel = [](uint32_t low, uint32_t high, uint32_t by) {
  uint32_t n = Wrap ? by & 31 : by < 32 ? by : 32;
  uint64_t pair = uint64_t(high) << 32 | low;
  return Left ? uint32_t(pair << n >> 32) : uint32_t(pair >> n);
};
// A left shift by 32 of the pair leaves the low word in place of the high.

constexpr auto kPopc = []<typename T>(T a) {
  return uint32_t(__builtin_popcountll(a));
};
constexpr auto kClz = []<typename T>(T a) {
  constexpr uint32_t width = sizeof(T) * 8;
  return a == 0 ? width : uint32_t(__builtin_clzll(a)) - (64 - width);
};
constexpr auto kBrev = []<typename T>(T a) {
  T r = 0;
  for (unsigned i = 0; i < sizeof(T) * 8; ++i)
    r |= T((a >> i & 1) << (sizeof(T) * 8 - 1 - i));
  return r;
};
/// Position of the most significant bit that is not the sign; with \p Amount
/// the shift that brings it to the top.
template <bool Amount>
constexpr auto kBfind = []<typename T>(T a) {
  using U = std::make_unsigned_t<T>;
  U bits = std::is_signed_v<T> && a < T(0) ? U(~a) : U(a);
  if (bits == 0)
    return uint32_t(0xFFFFFFFF);
  uint32_t position = 63 - uint32_t(__builtin_clzll(bits));
  return Amount ? uint32_t(sizeof(T) * 8 - 1 - position) : position;
};
constexpr auto kBfe = []<typename T>(T a, uint32_t start, uint32_t length) {
  using U = std::make_unsigned_t<T>;
  constexpr uint32_t width = sizeof(T) * 8;
  uint32_t position = start & 255, count = length & 255;
  if (count == 0)
    return T(0);
  uint32_t last =
      position + count - 1 < width - 1 ? position + count - 1 : width - 1;
  U sign = std::is_signed_v<T> ? U(U(a) >> last & 1) : U(0);
  U field = position >= width ? U(0) : U(U(a) >> position);
  U kept = position >= width ? U(0)
           : count >= width  ? U(~U(0))
                             : U((U(1) << count) - 1);
  // Bits beyond the word are copies of the sign as well.
  uint32_t inside = position >= width ? 0 : width - position;
  if (inside < count && inside < width)
    kept &= U((U(1) << inside) - 1);
  return T((field & kept) | (sign ? U(~kept) : U(0)));
};
constexpr auto kBfi = []<typename T>(T a, T b, uint32_t start,
                                     uint32_t length) {
  constexpr uint32_t width = sizeof(T) * 8;
  uint32_t position = start & 255, count = length & 255;
  if (position >= width || count == 0)
    return b;
  T field = count >= width ? T(~T(0)) : T((T(1) << count) - 1);
  T mask = T(field << position);
  return T((b & ~mask) | (T(a << position) & mask));
};

/// prmt: bytes of b:a chosen by the four nibbles of c.
constexpr auto kPrmt = [](uint32_t a, uint32_t b, uint32_t c) {
  uint64_t pair = uint64_t(b) << 32 | a;
  uint32_t r = 0;
  for (unsigned i = 0; i < 4; ++i) {
    uint32_t nibble = c >> 4 * i & 15;
    uint32_t byte = uint32_t(pair >> 8 * (nibble & 7)) & 255;
    if (nibble & 8)
      byte = byte & 128 ? 255 : 0;
    r |= byte << 8 * i;
  }
  return r;
};
/// The modes of prmt as a table of nibbles, by the low two bits of c.
template <int Mode>
constexpr auto kPrmtMode = [](uint32_t a, uint32_t b, uint32_t c) {
  constexpr uint32_t tables[6][4] = {
      {0x3210, 0x4321, 0x5432, 0x6543}, // f4e
      {0x5670, 0x6701, 0x7012, 0x0123}, // b4e
      {0x0000, 0x1111, 0x2222, 0x3333}, // rc8
      {0x3210, 0x3211, 0x3222, 0x3333}, // ecl
      {0x0000, 0x1110, 0x2210, 0x3210}, // ecr
      {0x1010, 0x3232, 0x1010, 0x3232}, // rc16
  };
  return kPrmt(a, b, tables[Mode][c & 3]);
};

template <auto Op> Execute logic(Type type, bool one) {
  auto make = [&]<typename T>(T) -> Execute {
    if constexpr (requires(T a) { Op(a); })
      return one ? &unary<Op, T, T> : nullptr;
    else
      return &binary<Op, T, T>;
  };
  switch (typeBytes(type)) {
  case 2:
    return make(uint16_t());
  case 4:
    return make(uint32_t());
  case 8:
    return make(uint64_t());
  default:
    return nullptr;
  }
}

// Predicates are bits of one word.
void predicateAnd(Warp &warp, const Inst &inst) {
  warp.setPredicate(inst.operand[0], warp.predicate(inst.operand[1]) &
                                         warp.predicate(inst.operand[2]));
}
void predicateOr(Warp &warp, const Inst &inst) {
  warp.setPredicate(inst.operand[0], warp.predicate(inst.operand[1]) |
                                         warp.predicate(inst.operand[2]));
}
void predicateXor(Warp &warp, const Inst &inst) {
  warp.setPredicate(inst.operand[0], warp.predicate(inst.operand[1]) ^
                                         warp.predicate(inst.operand[2]));
}
void predicateNot(Warp &warp, const Inst &inst) {
  warp.setPredicate(inst.operand[0], ~warp.predicate(inst.operand[1]));
}

bool isBits(Type type) {
  return type == Type::B16 || type == Type::B32 || type == Type::B64;
}

} // namespace

bool decodeLogic(Decoder &d) {
  Type type = d.takeType();
  std::string_view name = d.name();
  bool one = name == "not" || name == "cnot";
  if (type == Type::Pred)
    d.inst.execute = name == "and"   ? predicateAnd
                     : name == "or"  ? predicateOr
                     : name == "xor" ? predicateXor
                     : name == "not" ? predicateNot
                                     : nullptr;
  else if (isBits(type))
    d.inst.execute = name == "and"   ? logic<kAnd>(type, false)
                     : name == "or"  ? logic<kOr>(type, false)
                     : name == "xor" ? logic<kXor>(type, false)
                     : name == "not" ? logic<kNot>(type, true)
                                     : logic<kCnot>(type, true);
  if (!d.inst.execute)
    return d.fail("logic is on .pred, .b16, .b32 or .b64");
  unsigned bytes = typeBytes(type);
  return d.wants(one ? 2 : 3) && d.write(0, bytes) && d.read(1, bytes) &&
         (one || d.read(2, bytes));
}

bool decodeLop3(Decoder &d) {
  if (d.takeType() != Type::B32)
    return d.fail("lop3 is on .b32");
  int64_t table;
  if (!d.wants(5) || !d.number(d.operand(4), table) || table < 0 || table > 255)
    return d.fail("lop3 takes three operands and a table of 8 bits");
  d.inst.execute =
      &quaternary<kLop3, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t>;
  return d.write(0, 4) && d.read(1, 4) && d.read(2, 4) && d.read(3, 4) &&
         d.read(4, 4);
}

bool decodeShift(Decoder &d) {
  Type type = d.takeType();
  unsigned bytes = typeBytes(type);
  if (d.name() == "shl") {
    if (isBits(type))
      d.inst.execute = bytes == 2 ? &binary<kShl, uint16_t, uint16_t, uint32_t>
                       : bytes == 4
                           ? &binary<kShl, uint32_t, uint32_t, uint32_t>
                           : &binary<kShl, uint64_t, uint64_t, uint32_t>;
  } else if (isSigned(type)) {
    d.inst.execute = bytes == 2   ? &binary<kShr, int16_t, int16_t, uint32_t>
                     : bytes == 4 ? &binary<kShr, int32_t, int32_t, uint32_t>
                     : bytes == 8 ? &binary<kShr, int64_t, int64_t, uint32_t>
                                  : nullptr;
  } else {
    d.inst.execute = bytes == 2   ? &binary<kShr, uint16_t, uint16_t, uint32_t>
                     : bytes == 4 ? &binary<kShr, uint32_t, uint32_t, uint32_t>
                     : bytes == 8 ? &binary<kShr, uint64_t, uint64_t, uint32_t>
                                  : nullptr;
  }
  if (!d.inst.execute || isFloat(type))
    return d.fail("a shift is on 16, 32 or 64 bits");
  return d.wants(3) && d.write(0, bytes) && d.read(1, bytes) && d.read(2, 4);
}

bool decodeFunnelShift(Decoder &d) {
  bool left = d.takes("l");
  if (!left && !d.takes("r"))
    return d.fail("a funnel shift is .l or .r");
  bool wrap = d.takes("wrap");
  if (!wrap && !d.takes("clamp"))
    return d.fail("a funnel shift is .wrap or .clamp");
  if (d.takeType() != Type::B32)
    return d.fail("a funnel shift is on .b32");
  d.inst.execute =
      left ? (wrap ? &ternary<kFunnel<true, true>, uint32_t, uint32_t>
                   : &ternary<kFunnel<true, false>, uint32_t, uint32_t>)
           : (wrap ? &ternary<kFunnel<false, true>, uint32_t, uint32_t>
                   : &ternary<kFunnel<false, false>, uint32_t, uint32_t>);
  return d.wants(4) && d.write(0, 4) && d.read(1, 4) && d.read(2, 4) &&
         d.read(3, 4);
}

bool decodeCountBits(Decoder &d) {
  bool amount = d.takes("shiftamt");
  Type type = d.takeType();
  unsigned bytes = typeBytes(type);
  if ((bytes != 4 && bytes != 8) || isFloat(type))
    return d.fail("the instruction is on 32 or 64 bits");
  bool wide = bytes == 8, sign = isSigned(type);
  std::string_view name = d.name();
  unsigned result = 4;
  if (name == "popc") {
    d.inst.execute = wide ? &unary<kPopc, uint32_t, uint64_t>
                          : &unary<kPopc, uint32_t, uint32_t>;
  } else if (name == "clz") {
    d.inst.execute = wide ? &unary<kClz, uint32_t, uint64_t>
                          : &unary<kClz, uint32_t, uint32_t>;
  } else if (name == "brev") {
    result = bytes;
    d.inst.execute = wide ? &unary<kBrev, uint64_t, uint64_t>
                          : &unary<kBrev, uint32_t, uint32_t>;
  } else if (amount) {
    d.inst.execute = wide ? (sign ? &unary<kBfind<true>, uint32_t, int64_t>
                                  : &unary<kBfind<true>, uint32_t, uint64_t>)
                          : (sign ? &unary<kBfind<true>, uint32_t, int32_t>
                                  : &unary<kBfind<true>, uint32_t, uint32_t>);
  } else {
    d.inst.execute = wide ? (sign ? &unary<kBfind<false>, uint32_t, int64_t>
                                  : &unary<kBfind<false>, uint32_t, uint64_t>)
                          : (sign ? &unary<kBfind<false>, uint32_t, int32_t>
                                  : &unary<kBfind<false>, uint32_t, uint32_t>);
  }
  return d.wants(2) && d.write(0, result) && d.read(1, bytes);
}

bool decodeBitField(Decoder &d) {
  Type type = d.takeType();
  unsigned bytes = typeBytes(type);
  if ((bytes != 4 && bytes != 8) || isFloat(type))
    return d.fail("the instruction is on 32 or 64 bits");
  bool wide = bytes == 8;
  if (d.name() == "bfi") {
    d.inst.execute = wide ? &quaternary<kBfi, uint64_t, uint64_t, uint64_t,
                                        uint32_t, uint32_t>
                          : &quaternary<kBfi, uint32_t, uint32_t, uint32_t,
                                        uint32_t, uint32_t>;
    return d.wants(5) && d.write(0, bytes) && d.read(1, bytes) &&
           d.read(2, bytes) && d.read(3, 4) && d.read(4, 4);
  }
  d.inst.execute =
      isSigned(type)
          ? (wide ? &ternary<kBfe, int64_t, int64_t, uint32_t, uint32_t>
                  : &ternary<kBfe, int32_t, int32_t, uint32_t, uint32_t>)
          : (wide ? &ternary<kBfe, uint64_t, uint64_t, uint32_t, uint32_t>
                  : &ternary<kBfe, uint32_t, uint32_t, uint32_t, uint32_t>);
  return d.wants(4) && d.write(0, bytes) && d.read(1, bytes) && d.read(2, 4) &&
         d.read(3, 4);
}

bool decodePrmt(Decoder &d) {
  if (d.takeType() != Type::B32)
    return d.fail("prmt is on .b32");
  constexpr Execute modes[] = {&ternary<kPrmtMode<0>, uint32_t, uint32_t>,
                               &ternary<kPrmtMode<1>, uint32_t, uint32_t>,
                               &ternary<kPrmtMode<2>, uint32_t, uint32_t>,
                               &ternary<kPrmtMode<3>, uint32_t, uint32_t>,
                               &ternary<kPrmtMode<4>, uint32_t, uint32_t>,
                               &ternary<kPrmtMode<5>, uint32_t, uint32_t>};
  int mode = d.takesOneOf({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
  d.inst.execute = mode < 0 ? &ternary<kPrmt, uint32_t, uint32_t> : modes[mode];
  return d.wants(4) && d.write(0, 4) && d.read(1, 4) && d.read(2, 4) &&
         d.read(3, 4);
}

} // namespace llmc::sim
