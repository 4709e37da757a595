// cvt (ISA section 9.7.9): from any type to any type, in three steps over the
// lanes: read as int64, double or float; round and clamp; write.
//
// Registers may be wider than the types: sources are cut, results extended by
// the sign of the destination's type.
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/ops/FloatLanes.h"
#include "runtime/sim/ops/Fp8.h"
#include "runtime/sim/ops/HalfLanes.h"

#include <cmath>
#include <cstring>

namespace llmc::sim {
namespace {

/// What `count` of a conversion holds, beside inst.rounding.
struct Shape {
  Type to, from;
  unsigned toWidth, fromWidth; ///< Bytes of the registers.
  uint32_t pack() const {
    return uint32_t(to) | uint32_t(from) << 8 | toWidth << 16 | fromWidth << 24;
  }
  static Shape unpack(uint32_t bits) {
    return {Type(bits & 255), Type(bits >> 8 & 255), bits >> 16 & 255,
            bits >> 24 & 255};
  }
};

enum : uint8_t {
  kFtz = 1,
  kSat = 2,
  kRelu = 4,
  kIntegral = 8, ///< .rni and the like: to an integral value.
  kAway = 16,    ///< .rna: ties away from zero.
};

/// The bits of each lane's source, cut to its type, sign or zero extended.
template <typename R>
void readIntegers(const R *lanes, Type type, int64_t (&out)[kLanes]) {
  unsigned shift = 64 - 8 * typeBytes(type);
  bool sign = isSigned(type);
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    uint64_t bits = uint64_t(lanes[lane]) << shift;
    out[lane] = sign ? int64_t(bits) >> shift : int64_t(bits >> shift);
  }
}

void readIntegers(Warp &warp, Slot slot, const Shape &shape,
                  int64_t (&out)[kLanes]) {
  if (shape.fromWidth == 2)
    readIntegers(warp.lanes<uint16_t>(slot), shape.from, out);
  else if (shape.fromWidth == 4)
    readIntegers(warp.lanes<uint32_t>(slot), shape.from, out);
  else
    readIntegers(warp.lanes<uint64_t>(slot), shape.from, out);
}

void writeIntegers(Warp &warp, Slot slot, unsigned width,
                   const int64_t (&in)[kLanes]) {
  if (width == 2) {
    uint16_t t[kLanes];
    for (unsigned lane = 0; lane < kLanes; ++lane)
      t[lane] = uint16_t(in[lane]);
    blend(warp.lanes<uint16_t>(slot), t, warp.active);
  } else if (width == 4) {
    uint32_t t[kLanes];
    for (unsigned lane = 0; lane < kLanes; ++lane)
      t[lane] = uint32_t(in[lane]);
    blend(warp.lanes<uint32_t>(slot), t, warp.active);
  } else {
    blend(warp.lanes<int64_t>(slot), in, warp.active);
  }
}

struct Range {
  int64_t least;
  uint64_t most;
};
Range rangeOf(Type type) {
  unsigned bits = 8 * typeBytes(type);
  if (isSigned(type))
    return {int64_t(~uint64_t(0) << (bits - 1)),
            (uint64_t(1) << (bits - 1)) - 1};
  return {0, bits == 64 ? UINT64_MAX : (uint64_t(1) << bits) - 1};
}

void integerToInteger(Warp &warp, const Inst &inst) {
  Shape shape = Shape::unpack(inst.count);
  int64_t values[kLanes];
  readIntegers(warp, inst.operand[1], shape, values);
  Range range = rangeOf(shape.to);
  bool fromSigned = isSigned(shape.from);
  unsigned shift = 64 - 8 * typeBytes(shape.to);
  for (int64_t &value : values) {
    if (inst.flags & kSat) {
      bool negative = fromSigned && value < 0;
      if (negative)
        value = value < range.least ? range.least : value;
      else if (uint64_t(value) > range.most)
        value = int64_t(range.most);
    }
    uint64_t bits = uint64_t(value) << shift;
    value =
        isSigned(shape.to) ? int64_t(bits) >> shift : int64_t(bits >> shift);
  }
  writeIntegers(warp, inst.operand[0], shape.toWidth, values);
}

void integerToFloat(Warp &warp, const Inst &inst) {
  Shape shape = Shape::unpack(inst.count);
  int64_t values[kLanes];
  readIntegers(warp, inst.operand[1], shape, values);
  bool wide = shape.from == Type::U64;
  if (shape.to == Type::F64) {
    double t[kLanes];
    for (unsigned lane = 0; lane < kLanes; ++lane)
      t[lane] = wide ? double(uint64_t(values[lane])) : double(values[lane]);
    return blend(warp.lanes<double>(inst.operand[0]), t, warp.active);
  }
  float t[kLanes];
  for (unsigned lane = 0; lane < kLanes; ++lane)
    t[lane] = wide ? float(uint64_t(values[lane])) : float(values[lane]);
  if (inst.flags & kSat)
    for (float &value : t)
      value = saturated(value);
  if (shape.to == Type::F32)
    return blend(warp.lanes<float>(inst.operand[0]), t, warp.active);
  uint16_t half[kLanes];
  if (shape.to == Type::F16)
    halfOfFloat(t, half, kLanes, inst.rounding == RoundZero);
  else
    brainOfFloat(t, half, kLanes, inst.rounding == RoundZero);
  blend(warp.lanes<uint16_t>(inst.operand[0]), half, warp.active);
}

void readFloats(Warp &warp, Slot slot, Type type, bool ftz,
                double (&out)[kLanes]) {
  float t[kLanes];
  switch (type) {
  case Type::F64:
    memcpy(out, warp.lanes<double>(slot), sizeof out);
    return;
  case Type::F16:
    floatOfHalf(warp.lanes<uint16_t>(slot), t, kLanes);
    break;
  case Type::BF16:
    floatOfBrain(warp.lanes<uint16_t>(slot), t, kLanes);
    break;
  default:
    memcpy(t, warp.lanes<float>(slot), sizeof t);
    if (ftz)
      for (float &value : t)
        value = flushDenormal(value);
  }
  for (unsigned lane = 0; lane < kLanes; ++lane)
    out[lane] = double(t[lane]);
}

double integral(double value, uint8_t rounding) {
  switch (rounding) {
  case RoundZero:
    return std::trunc(value);
  case RoundDown:
    return std::floor(value);
  case RoundUp:
    return std::ceil(value);
  default:
    return std::nearbyint(value);
  }
}

/// Clamps to the destination; NaN becomes 0.
void floatToInteger(Warp &warp, const Inst &inst) {
  Shape shape = Shape::unpack(inst.count);
  double values[kLanes];
  readFloats(warp, inst.operand[1], shape.from, inst.flags & kFtz, values);
  Range range = rangeOf(shape.to);
  // 2^63 and 2^64 as the first numbers that are too large.
  double end = std::ldexp(1.0, int(8 * typeBytes(shape.to)) -
                                   (isSigned(shape.to) ? 1 : 0));
  int64_t results[kLanes];
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    double value = integral(values[lane], inst.rounding);
    if (value != value)
      results[lane] = 0;
    else if (value >= end)
      results[lane] = int64_t(range.most);
    else if (value <= double(range.least))
      results[lane] = range.least;
    else
      results[lane] =
          isSigned(shape.to) ? int64_t(value) : int64_t(uint64_t(value));
  }
  writeIntegers(warp, inst.operand[0], shape.toWidth, results);
}

/// f64 to f32 in the mode of the scope around it.
__attribute__((noinline)) void cut(const double *from, float *to) {
  for (unsigned lane = 0; lane < kLanes; ++lane)
    to[lane] = float(from[lane]);
}

/// f64 to f32 by odd, before it is rounded to 16 bits.
float oddFloat(double value) {
  float f = float(value);
  uint32_t bits = std::bit_cast<uint32_t>(f);
  if (double(f) == value || !std::isfinite(value) || !std::isfinite(f) ||
      (bits & 1))
    return f;
  return std::nextafter(f, value > double(f) ? INFINITY : -INFINITY);
}

void floatToFloat(Warp &warp, const Inst &inst) {
  Shape shape = Shape::unpack(inst.count);
  double values[kLanes];
  readFloats(warp, inst.operand[1], shape.from, inst.flags & kFtz, values);
  if (inst.flags & kIntegral)
    for (double &value : values)
      value = integral(value, inst.rounding);
  if (inst.flags & kSat)
    for (double &value : values)
      value = value > 0 ? (value < 1 ? value : 1) : 0;
  if (inst.flags & kRelu)
    for (double &value : values)
      value = value <= 0 ? 0 : value;
  if (shape.to == Type::F64)
    return blend(warp.lanes<double>(inst.operand[0]), values, warp.active);
  float t[kLanes];
  if (shape.to == Type::F32) {
    {
      RoundingScope scope(inst.flags & kIntegral ? uint8_t(RoundNearest)
                                                 : inst.rounding);
      cut(values, t);
    }
    for (float &value : t) {
      value = canonical(value);
      if (inst.flags & kFtz)
        value = flushDenormal(value);
    }
    return blend(warp.lanes<float>(inst.operand[0]), t, warp.active);
  }
  for (unsigned lane = 0; lane < kLanes; ++lane)
    t[lane] = oddFloat(values[lane]);
  uint16_t half[kLanes];
  bool toZero = inst.rounding == RoundZero && !(inst.flags & kIntegral);
  if (shape.to == Type::F16)
    halfOfFloat(t, half, kLanes, toZero);
  else
    brainOfFloat(t, half, kLanes, toZero);
  blend(warp.lanes<uint16_t>(inst.operand[0]), half, warp.active);
}

/// 10 bits of mantissa in the place of 23.
void toTf32(Warp &warp, const Inst &inst) {
  uint32_t t[kLanes];
  const uint32_t *from = warp.lanes<uint32_t>(inst.operand[1]);
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    uint32_t bits = from[lane];
    bool special = (bits & 0x7F800000) == 0x7F800000;
    uint32_t up = inst.rounding == RoundZero ? 0
                  : inst.flags & kAway       ? 0x1000
                                             : 0xFFF + (bits >> 13 & 1);
    if (!special)
      bits = (bits + up) & ~uint32_t(0x1FFF);
    if (inst.flags & kRelu && bits >> 31)
      bits = 0;
    t[lane] = bits;
  }
  blend(warp.lanes<uint32_t>(inst.operand[0]), t, warp.active);
}

/// Two f32 to one packed register: the first source is the upper half.
template <typename Narrow>
void packPair(Warp &warp, const Inst &inst, Narrow narrow) {
  const float *upper = warp.lanes<float>(inst.operand[1]);
  const float *lower = warp.lanes<float>(inst.operand[2]);
  bool relu = inst.flags & kRelu;
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    auto value = [&](float a) { return relu && a <= 0 ? 0.0f : a; };
    narrow(lane, value(upper[lane]), value(lower[lane]));
  }
}

void toHalfPair(Warp &warp, const Inst &inst) {
  float both[2][kLanes];
  uint16_t half[2][kLanes];
  for (unsigned i = 0; i < 2; ++i) {
    memcpy(both[i], warp.lanes<float>(inst.operand[2 - i]), sizeof both[i]);
    if (inst.flags & kRelu)
      for (float &value : both[i])
        value = value <= 0 ? 0 : value;
    bool toZero = inst.rounding == RoundZero;
    if (inst.count)
      brainOfFloat(both[i], half[i], kLanes, toZero);
    else
      halfOfFloat(both[i], half[i], kLanes, toZero);
  }
  uint32_t t[kLanes];
  for (unsigned lane = 0; lane < kLanes; ++lane)
    t[lane] = uint32_t(half[1][lane]) << 16 | half[0][lane];
  blend(warp.lanes<uint32_t>(inst.operand[0]), t, warp.active);
}

template <uint8_t (*Narrow)(float)> void toFp8(Warp &warp, const Inst &inst) {
  uint16_t *to = warp.lanes<uint16_t>(inst.operand[0]);
  packPair(warp, inst, [&](unsigned lane, float upper, float lower) {
    to[lane] = uint16_t(Narrow(upper) << 8 | Narrow(lower));
  });
}

template <uint8_t (*Narrow)(float)>
void halfToFp8(Warp &warp, const Inst &inst) {
  uint16_t *to = warp.lanes<uint16_t>(inst.operand[0]);
  const uint32_t *from = warp.lanes<uint32_t>(inst.operand[1]);
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    float upper = floatOfHalf(uint16_t(from[lane] >> 16));
    float lower = floatOfHalf(uint16_t(from[lane]));
    if (inst.flags & kRelu) {
      upper = upper <= 0 ? 0 : upper;
      lower = lower <= 0 ? 0 : lower;
    }
    to[lane] = uint16_t(Narrow(upper) << 8 | Narrow(lower));
  }
}

template <float (*Widen)(uint8_t)>
void fp8ToHalf(Warp &warp, const Inst &inst) {
  uint32_t *to = warp.lanes<uint32_t>(inst.operand[0]);
  const uint16_t *from = warp.lanes<uint16_t>(inst.operand[1]);
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    to[lane] = uint32_t(halfOfFloat(Widen(uint8_t(from[lane] >> 8)))) << 16 |
               halfOfFloat(Widen(uint8_t(from[lane])));
  }
}

template <Execute Run> Execute scoped(const Inst &inst) {
  return inst.rounding == RoundNearest ? Run : &rounded<Run>;
}

/// cvt with packed types; false where it is none.
bool decodePacked(Decoder &d, Type to, Type from, bool &good) {
  Execute &execute = d.inst.execute;
  bool pair = from == Type::F32;
  good = true;
  if (to == Type::BF16x2 || to == Type::F16x2) {
    if (pair) {
      execute = toHalfPair;
      d.inst.count = to == Type::BF16x2;
      good = d.wants(3) && d.write(0, 4) && d.read(1, 4, from) &&
             d.read(2, 4, from);
      return true;
    }
    execute = from == Type::E4M3x2   ? fp8ToHalf<floatOfE4m3>
              : from == Type::E5M2x2 ? fp8ToHalf<floatOfE5m2>
                                     : nullptr;
    good = execute && to == Type::F16x2 && d.wants(2) && d.write(0, 4) &&
           d.read(1, 2);
    return true;
  }
  if (to != Type::E4M3x2 && to != Type::E5M2x2)
    return false;
  bool e4m3 = to == Type::E4M3x2;
  execute = pair ? (e4m3 ? toFp8<e4m3OfFloat> : toFp8<e5m2OfFloat>)
                 : (e4m3 ? halfToFp8<e4m3OfFloat> : halfToFp8<e5m2OfFloat>);
  good = (pair || from == Type::F16x2) && d.wants(pair ? 3 : 2) &&
         d.write(0, 2) && d.read(1, 4) && (!pair || d.read(2, 4));
  return true;
}

} // namespace

bool decodeCvt(Decoder &d) {
  Inst &inst = d.inst;
  int integralMode = d.takesOneOf({"rni", "rzi", "rmi", "rpi"});
  inst.flags = uint8_t(
      (d.takes("ftz") ? kFtz : 0) | (d.takes("sat") ? kSat : 0) |
      (d.takes("relu") ? kRelu : 0) | (integralMode >= 0 ? kIntegral : 0) |
      (d.takes("rna") ? kAway : 0));
  bool satfinite = d.takes("satfinite");
  inst.rounding =
      integralMode >= 0 ? uint8_t(integralMode) : uint8_t(d.takeRounding());
  Type to = d.takeType(), from = d.takeType();
  bool good;
  if (decodePacked(d, to, from, good)) {
    bool narrow = to == Type::E4M3x2 || to == Type::E5M2x2;
    if (satfinite && !narrow)
      return d.fail("only conversions to 8 bits are done with .satfinite");
    return good || d.fail("this conversion is not known");
  }
  if (satfinite)
    return d.fail("only conversions to 8 bits are done with .satfinite");
  if (to == Type::TF32) {
    inst.execute = toTf32;
    return from == Type::F32 && d.wants(2) && d.write(0, 4) && d.read(1, 4);
  }
  auto isPlain = [](Type type) {
    return type == Type::F16 || type == Type::BF16 || type == Type::F32 ||
           type == Type::F64;
  };
  auto isInteger = [](Type type) {
    return (type >= Type::U8 && type <= Type::U64) ||
           (type >= Type::S8 && type <= Type::S64);
  };
  if ((!isPlain(to) && !isInteger(to)) || (!isPlain(from) && !isInteger(from)))
    return d.fail("this conversion is not known");
  if (!d.wants(2) || !d.write(d.operand(0), typeBytes(to), true))
    return false;
  const Operand &source = d.operand(1);
  Shape shape{to, from, d.registerBytes(d.operand(0)),
              std::max(typeBytes(from), 2u)};
  if (d.isRegister(source))
    shape.fromWidth = d.registerBytes(source);
  if (!d.read(source, d.isRegister(source) ? typeBytes(from) : shape.fromWidth,
              from, true))
    return false;
  if ((isPlain(to) && shape.toWidth != typeBytes(to)) ||
      (isPlain(from) && shape.fromWidth != typeBytes(from)) ||
      shape.toWidth > 8 || shape.fromWidth > 8)
    return d.fail("a register does not fit its type");
  inst.count = shape.pack();
  if (isPlain(to))
    inst.execute = isPlain(from) ? floatToFloat : scoped<integerToFloat>(inst);
  else
    inst.execute = isPlain(from) ? floatToInteger : integerToInteger;
  return true;
}

} // namespace llmc::sim
