// f16, f16x2, bf16 and bf16x2 arithmetic (ISA section 9.7.4).
#include "runtime/sim/ops/Float.h"

#include "runtime/sim/ops/FloatLanes.h"
#include "runtime/sim/ops/HalfLanes.h"

#include <cmath>

namespace llmc::sim {
namespace {

/// The next float towards the exact value where \p value is not it and even:
/// rounding that again to fewer bits gives what one rounding would.
inline __attribute__((always_inline)) float odd(double value) {
  float f = float(value);
  uint32_t bits = std::bit_cast<uint32_t>(f);
  bool exact = double(f) == value || !(value - value == 0) || (bits & 1);
  bool grow = (value > double(f)) == (f > 0 || (f == 0 && value > 0));
  return exact ? f : std::bit_cast<float>(grow ? bits + 1 : bits - 1);
}

/// a * b + c; the product is exact in f64, the sum is rounded to odd.
constexpr auto kFma = [](float a, float b, float c) {
  double product = double(a) * double(b), addend = c;
  double sum = product + addend;
  double back = sum - product;
  double error = (product - (sum - back)) + (addend - back);
  uint64_t bits = std::bit_cast<uint64_t>(sum);
  if (error == error && error != 0 && !(bits & 1) && sum - sum == 0)
    sum = std::bit_cast<double>((error > 0) == (sum > 0) ? bits + 1 : bits - 1);
  return odd(sum);
};
constexpr auto kAdd = [](float a, float b) { return a + b; };
constexpr auto kSub = [](float a, float b) { return a - b; };
constexpr auto kMul = [](float a, float b) { return a * b; };
template <bool Nan>
constexpr auto kMin = [](float a, float b) {
  if (a != a || b != b)
    return Nan ? a + b : a != a ? b : a;
  return a < b || (a == b && std::signbit(a)) ? a : b;
};
template <bool Nan>
constexpr auto kMax = [](float a, float b) {
  if (a != a || b != b)
    return Nan ? a + b : a != a ? b : a;
  return a > b || (a == b && !std::signbit(a)) ? a : b;
};
constexpr auto kEx2 = [](float a) { return float(exp2(double(a))); };
constexpr auto kTanh = [](float a) { return float(tanh(double(a))); };

template <bool Brain> void widen(const uint16_t *from, float *to, unsigned n) {
  Brain ? floatOfBrain(from, to, n) : floatOfHalf(from, to, n);
}

/// f16 denormals, for .ftz.
void flush(uint16_t *values, unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    values[i] = (values[i] & 0x7C00) == 0 ? values[i] & 0x8000 : values[i];
}

enum HalfFlags : uint8_t { kFtz = 1, kSat = 2, kRelu = 4 };

/// All forms: \p N numbers (32 or 64), \p Sources operands.
template <auto Op, bool Brain, unsigned N, unsigned Sources>
LLMC_SIM_LANES void half(Warp &warp, const Inst &inst) {
  alignas(64) float in[Sources][N];
  alignas(64) uint16_t out[N];
  for (unsigned s = 0; s < Sources; ++s) {
    const uint16_t *lanes = warp.lanes<uint16_t>(inst.operand[s + 1]);
    if (inst.flags & kFtz) {
      for (unsigned i = 0; i < N; ++i)
        out[i] = lanes[i];
      flush(out, N);
      lanes = out;
    }
    widen<Brain>(lanes, in[s], N);
  }
  for (unsigned i = 0; i < N; ++i) {
    if constexpr (Sources == 1)
      in[0][i] = Op(in[0][i]);
    else if constexpr (Sources == 2)
      in[0][i] = Op(in[0][i], in[1][i]);
    else
      in[0][i] = Op(in[0][i], in[1][i], in[2][i]);
  }
  if (inst.flags & kSat)
    for (float &value : in[0])
      value = saturated(value);
  if (inst.flags & kRelu) // NaN stays.
    for (float &value : in[0])
      value = value < 0 || value == 0 ? 0.0f : value;
  Brain ? brainOfFloat(in[0], out, N) : halfOfFloat(in[0], out, N);
  if (inst.flags & kFtz)
    flush(out, N);
  if constexpr (N == kLanes)
    blend(warp.lanes<uint16_t>(inst.operand[0]), out, warp.active);
  else
    blend(warp.lanes<uint32_t>(inst.operand[0]),
          reinterpret_cast<const uint32_t *>(out), warp.active);
}

template <auto Op, unsigned Sources> Execute halfOf(Type type) {
  switch (type) {
  case Type::F16:
    return &half<Op, false, kLanes, Sources>;
  case Type::F16x2:
    return &half<Op, false, kPackedLanes, Sources>;
  case Type::BF16:
    return &half<Op, true, kLanes, Sources>;
  case Type::BF16x2:
    return &half<Op, true, kPackedLanes, Sources>;
  default:
    return nullptr;
  }
}

// Signs are bits: no rounding, and NaN keeps its payload but for its sign.
template <bool Abs, typename T>
constexpr auto kSign = [](T a) {
  constexpr T signs = T(0x80008000);
  return Abs ? T(a & ~signs) : T(a ^ signs);
};

bool finish(Decoder &d, Type type, size_t sources) {
  unsigned bytes = typeBytes(type);
  if (!d.inst.execute)
    return d.fail("the type ." + std::string(typeName(type)) +
                  " is not one of this instruction");
  if (!d.wants(sources + 1) || !d.write(0, bytes))
    return false;
  for (size_t i = 1; i <= sources; ++i)
    if (!d.read(i, bytes, type))
      return false;
  return true;
}

} // namespace

bool decodeHalf(Decoder &d, Type type) {
  std::string_view name = d.name();
  d.ignores({"rn"});
  bool nan = d.takes("NaN");
  d.inst.flags =
      uint8_t((d.takes("ftz") ? kFtz : 0) | (d.takes("sat") ? kSat : 0) |
              (d.takes("relu") ? kRelu : 0));
  Execute &execute = d.inst.execute;
  bool packed = typeBytes(type) == 4;
  size_t sources = 2;
  if (name == "add") {
    execute = halfOf<kAdd, 2>(type);
  } else if (name == "sub") {
    execute = halfOf<kSub, 2>(type);
  } else if (name == "mul") {
    execute = halfOf<kMul, 2>(type);
  } else if (name == "fma") {
    sources = 3;
    execute = halfOf<kFma, 3>(type);
  } else if (name == "min") {
    execute = nan ? halfOf<kMin<true>, 2>(type) : halfOf<kMin<false>, 2>(type);
  } else if (name == "max") {
    execute = nan ? halfOf<kMax<true>, 2>(type) : halfOf<kMax<false>, 2>(type);
  } else if (name == "abs") {
    sources = 1;
    execute = packed ? &unary<kSign<true, uint32_t>, uint32_t, uint32_t>
                     : &unary<kSign<true, uint16_t>, uint16_t, uint16_t>;
  } else if (name == "neg") {
    sources = 1;
    execute = packed ? &unary<kSign<false, uint32_t>, uint32_t, uint32_t>
                     : &unary<kSign<false, uint16_t>, uint16_t, uint16_t>;
  }
  return finish(d, type, sources);
}

bool decodeHalfFunction(Decoder &d, Type type) {
  if (!d.takes("approx"))
    return d.fail("the function has only an .approx form");
  d.inst.flags = d.takes("ftz") && (type == Type::F16 || type == Type::F16x2)
                     ? uint8_t(kFtz)
                     : uint8_t(0);
  if (d.name() == "ex2")
    d.inst.execute = halfOf<kEx2, 1>(type);
  else if (d.name() == "tanh")
    d.inst.execute = halfOf<kTanh, 1>(type);
  return finish(d, type, 1);
}

} // namespace llmc::sim
