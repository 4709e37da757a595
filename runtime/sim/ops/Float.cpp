// f32 and f64 arithmetic (ISA section 9.7.3). The host computes with the same
// rules; only rounding modes other than nearest take a detour.
#include "runtime/sim/ops/Float.h"

#include "runtime/sim/ops/FloatLanes.h"

#include <cmath>
#include <immintrin.h>

namespace llmc::sim {

RoundingScope::RoundingScope(uint8_t rounding) : saved(_mm_getcsr()) {
  // MXCSR bits 13 and 14: nearest, down, up, zero.
  constexpr unsigned modes[] = {0, 3, 1, 2}; // By Rounding.
  _mm_setcsr((saved & ~0x6000u) | modes[rounding] << 13);
}
RoundingScope::~RoundingScope() { _mm_setcsr(saved); }

namespace {

constexpr auto kAdd = [](auto a, auto b) { return a + b; };
constexpr auto kSub = [](auto a, auto b) { return a - b; };
constexpr auto kMul = [](auto a, auto b) { return a * b; };
constexpr auto kDiv = [](auto a, auto b) { return a / b; };
constexpr auto kFma = []<typename T>(T a, T b, T c) {
  if constexpr (sizeof(T) == 4)
    return __builtin_fmaf(a, b, c);
  else
    return __builtin_fma(a, b, c);
};
/// -0 is below +0; a NaN loses, or wins with .NaN.
template <bool Nan>
constexpr auto kMin = []<typename T>(T a, T b) {
  if (a != a || b != b)
    return Nan ? a + b : a != a ? b : a;
  if (a == b)
    return std::signbit(a) ? a : b;
  return a < b ? a : b;
};
template <bool Nan>
constexpr auto kMax = []<typename T>(T a, T b) {
  if (a != a || b != b)
    return Nan ? a + b : a != a ? b : a;
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
};
constexpr auto kAbs32 = [](float a) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(a) & 0x7FFFFFFF);
};
constexpr auto kNeg = [](auto a) { return -a; };
constexpr auto kAbs64 = [](double a) {
  return std::bit_cast<double>(std::bit_cast<uint64_t>(a) & INT64_MAX);
};
constexpr auto kSqrt = []<typename T>(T a) {
  if constexpr (sizeof(T) == 4)
    return __builtin_sqrtf(a);
  else
    return __builtin_sqrt(a);
};
constexpr auto kReciprocal = []<typename T>(T a) { return T(1) / a; };

/// For .rz .rm .rp: the same loop with another rounding mode around it.
template <Execute Nearest> Execute withRounding(const Inst &inst) {
  return inst.rounding == RoundNearest ? Nearest : &rounded<Nearest>;
}

template <auto Op>
Execute binaryFloat(const Inst &inst, Type type, bool ftz, bool sat) {
  if (type == Type::F64)
    return withRounding<&binary<Op, double, double>>(inst);
  if (ftz)
    return sat ? withRounding<&binary<single<Op, true, true>, float, float>>(
                     inst)
               : withRounding<&binary<single<Op, true, false>, float, float>>(
                     inst);
  return sat ? withRounding<&binary<single<Op, false, true>, float, float>>(
                   inst)
             : withRounding<&binary<single<Op, false, false>, float, float>>(
                   inst);
}

template <auto Op> Execute unaryFloat(const Inst &inst, Type type, bool ftz) {
  if (type == Type::F64)
    return withRounding<&unary<Op, double, double>>(inst);
  return ftz ? withRounding<&unary<single<Op, true, false>, float, float>>(inst)
             : withRounding<&unary<single<Op, false, false>, float, float>>(
                   inst);
}

Execute fmaFloat(const Inst &inst, Type type, bool ftz, bool sat) {
  if (type == Type::F64)
    return withRounding<&ternary<kFma, double, double>>(inst);
  if (ftz)
    return sat ? withRounding<&ternary<single<kFma, true, true>, float, float>>(
                     inst)
               : withRounding<
                     &ternary<single<kFma, true, false>, float, float>>(inst);
  return sat ? withRounding<&ternary<single<kFma, false, true>, float, float>>(
                   inst)
             : withRounding<&ternary<single<kFma, false, false>, float, float>>(
                   inst);
}

template <auto Op> Execute minMax(Type type, bool ftz) {
  return type == Type::F64 ? &binary<Op, double, double>
                           : binarySingle<Op>(ftz, false);
}

} // namespace

bool decodeFloat(Decoder &d, Type type) {
  std::string_view name = d.name();
  bool ftz = d.takes("ftz"), sat = d.takes("sat");
  bool nan = d.takes("NaN");
  bool approximate = d.takes("approx") || d.takes("full");
  d.inst.rounding = d.takeRounding();
  size_t sources = 2;
  Execute &execute = d.inst.execute;
  if (name == "add") {
    execute = binaryFloat<kAdd>(d.inst, type, ftz, sat);
  } else if (name == "sub") {
    execute = binaryFloat<kSub>(d.inst, type, ftz, sat);
  } else if (name == "mul") {
    execute = binaryFloat<kMul>(d.inst, type, ftz, sat);
  } else if (name == "div") {
    execute = binaryFloat<kDiv>(d.inst, type, ftz, false);
  } else if (name == "fma" || name == "mad") {
    sources = 3;
    execute = fmaFloat(d.inst, type, ftz, sat);
  } else if (name == "min") {
    execute =
        nan ? minMax<kMin<true>>(type, ftz) : minMax<kMin<false>>(type, ftz);
  } else if (name == "max") {
    execute =
        nan ? minMax<kMax<true>>(type, ftz) : minMax<kMax<false>>(type, ftz);
  } else if (name == "abs") {
    sources = 1;
    execute = type == Type::F64 ? &unary<kAbs64, double, double>
                                : unarySingle<kAbs32>(ftz, false);
  } else if (name == "neg") {
    sources = 1;
    execute = unaryFloat<kNeg>(d.inst, type, ftz);
  } else if (name == "sqrt") {
    sources = 1;
    execute = unaryFloat<kSqrt>(d.inst, type, ftz);
  } else if (name == "rcp") {
    sources = 1;
    execute = unaryFloat<kReciprocal>(d.inst, type, ftz);
  } else {
    return d.fail("the type ." + std::string(typeName(type)) +
                  " is not one of this instruction");
  }
  if ((nan && name != "min" && name != "max") ||
      (approximate && name != "div" && name != "sqrt" && name != "rcp") ||
      (sat && (name == "div" || type == Type::F64)))
    return d.fail("a modifier does not belong to this instruction");
  unsigned bytes = typeBytes(type);
  if (!d.wants(sources + 1) || !d.write(0, bytes))
    return false;
  for (size_t i = 1; i <= sources; ++i)
    if (!d.read(i, bytes, type))
      return false;
  return true;
}

// Approximate functions: the device's error is bounded by the ISA (2 ulp for
// most); here they are the host's double-precision functions, rounded once.

namespace {

constexpr auto kEx2 = [](float a) { return float(exp2(double(a))); };
constexpr auto kLg2 = [](float a) { return float(log2(double(a))); };
constexpr auto kSin = [](float a) { return float(sin(double(a))); };
constexpr auto kCos = [](float a) { return float(cos(double(a))); };
constexpr auto kTanh = [](float a) { return float(tanh(double(a))); };
constexpr auto kRsqrt = [](float a) {
  return float(1.0 / __builtin_sqrt(double(a)));
};
constexpr auto kRsqrt64 = [](double a) { return 1.0 / __builtin_sqrt(a); };
constexpr auto kCopysign = []<typename T>(T sign, T magnitude) {
  return std::copysign(magnitude, sign);
};

} // namespace

bool decodeFunction(Decoder &d) {
  std::string_view name = d.name();
  Type type = d.takeType();
  if (name == "copysign") {
    d.inst.execute = type == Type::F32   ? &binary<kCopysign, float, float>
                     : type == Type::F64 ? &binary<kCopysign, double, double>
                                         : nullptr;
    unsigned bytes = typeBytes(type);
    return d.inst.execute && d.wants(3) && d.write(0, bytes) &&
           d.read(1, bytes, type) && d.read(2, bytes, type);
  }
  if (name == "rcp" || name == "sqrt")
    return (type == Type::F32 || type == Type::F64) && decodeFloat(d, type);
  if (type == Type::F16 || type == Type::F16x2 || type == Type::BF16 ||
      type == Type::BF16x2)
    return decodeHalfFunction(d, type);
  if (!d.takes("approx"))
    return d.fail("the function has only an .approx form");
  bool ftz = d.takes("ftz");
  if (type == Type::F64 && name == "rsqrt")
    d.inst.execute = &unary<kRsqrt64, double, double>;
  else if (type == Type::F32)
    d.inst.execute = name == "ex2"     ? unarySingle<kEx2>(ftz, false)
                     : name == "lg2"   ? unarySingle<kLg2>(ftz, false)
                     : name == "sin"   ? unarySingle<kSin>(ftz, false)
                     : name == "cos"   ? unarySingle<kCos>(ftz, false)
                     : name == "tanh"  ? unarySingle<kTanh>(ftz, false)
                     : name == "rsqrt" ? unarySingle<kRsqrt>(ftz, false)
                                       : nullptr;
  unsigned bytes = typeBytes(type);
  return d.inst.execute && d.wants(2) && d.write(0, bytes) &&
         d.read(1, bytes, type);
}

} // namespace llmc::sim
