/// Elements of tensors: layout, rounding, conversion.
#include "compiler/reference/Tensor.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace llmc::reference {

namespace {

/// An IEEE-like format of 16 bits: these mantissa bits, the rest exponent.
template <int Mantissa> struct Half {
  static constexpr int exponentBits = 15 - Mantissa;
  static constexpr int bias = (1 << (exponentBits - 1)) - 1;
  static constexpr uint16_t infinity = ((1 << exponentBits) - 1) << Mantissa;

  static double decode(uint16_t bits) {
    int exponent = (bits & 0x7fff) >> Mantissa;
    int mantissa = bits & ((1 << Mantissa) - 1);
    double magnitude;
    if ((bits & 0x7fff) >= infinity)
      magnitude = mantissa ? NAN : INFINITY;
    else if (exponent == 0)
      magnitude = std::ldexp(mantissa, 1 - bias - Mantissa);
    else
      magnitude = std::ldexp(mantissa + (1 << Mantissa), exponent - bias - Mantissa);
    return bits & 0x8000 ? -magnitude : magnitude;
  }

  /// In one rounding from double, half to even.
  static uint16_t encode(double value) {
    uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    if (std::isnan(value))
      return sign | infinity | (1 << (Mantissa - 1));
    if (std::isinf(value))
      return sign | infinity;
    if (value == 0)
      return sign;
    int exponent;
    std::frexp(value, &exponent);
    // Numbers below the normal range share the exponent of the smallest one.
    int field = std::max(exponent - 1 + bias, 1) - 1;
    if (field > (1 << exponentBits))
      return sign | infinity;
    double steps = std::nearbyint(
        std::ldexp(std::fabs(value), bias - 1 + Mantissa - field));
    int64_t bits = (int64_t(field) << Mantissa) + int64_t(steps);
    return sign | uint16_t(std::min<int64_t>(bits, infinity));
  }
};

using Bits10 = Half<10>; // f16
using Bits7 = Half<7>;   // bf16

const llvm::fltSemantics &byteSemantics(Element element) {
  switch (element) {
  case Element::F8E5M2:
    return llvm::APFloat::Float8E5M2();
  case Element::F8E4M3FNUZ:
    return llvm::APFloat::Float8E4M3FNUZ();
  case Element::F8E5M2FNUZ:
    return llvm::APFloat::Float8E5M2FNUZ();
  default:
    return llvm::APFloat::Float8E4M3FN();
  }
}

double decodeByte(Element element, uint8_t bits) {
  llvm::APFloat value(byteSemantics(element), llvm::APInt(8, bits));
  return value.convertToDouble();
}

/// Saturates, as ONNX casts to 8-bit floats do by default.
uint8_t encodeByte(Element element, double value) {
  const llvm::fltSemantics &semantics = byteSemantics(element);
  llvm::APFloat number(value);
  bool lost;
  llvm::APFloat largest = llvm::APFloat::getLargest(semantics, value < 0);
  llvm::APFloat bound = largest;
  bound.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &lost);
  if (!std::isnan(value) && std::fabs(value) > std::fabs(bound.convertToDouble()))
    number = largest;
  else
    number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &lost);
  return uint8_t(number.bitcastToAPInt().getZExtValue());
}

/// \p value for a second rounding to a narrower float: rounded to odd, so that
/// rounding twice equals rounding once.
double toOdd(int64_t value, bool isUnsigned) {
  bool negative = !isUnsigned && value < 0;
  uint64_t magnitude = negative ? 0 - uint64_t(value) : uint64_t(value);
  if (magnitude >> 53) {
    int drop = 64 - 53 - llvm::countl_zero(magnitude);
    uint64_t kept = magnitude >> drop;
    if (kept << drop != magnitude)
      kept |= 1;
    magnitude = kept << drop;
  }
  return negative ? -double(magnitude) : double(magnitude);
}

double fromInt(Element source, Element target, int64_t value) {
  bool isUnsigned = source == Element::U64;
  if (target == Element::F64)
    return isUnsigned ? double(uint64_t(value)) : double(value);
  return toOdd(value, isUnsigned);
}

/// Toward zero; out of range is the nearest 64-bit integer, NaN is 0.
int64_t truncate(Element target, double value) {
  if (target == Element::Bool)
    return value != 0; // NaN is true
  if (std::isnan(value))
    return 0;
  if (target == Element::U64 && value >= 0x1p63)
    return int64_t(value >= 0x1p64 ? UINT64_MAX : uint64_t(value));
  if (value >= 0x1p63)
    return INT64_MAX;
  return value < -0x1p63 ? INT64_MIN : int64_t(value);
}

/// Calls \p body with a null pointer of the C type that stores an integer.
template <typename Body> void withInt(Element element, Body body) {
  switch (element) {
  case Element::Bool:
  case Element::U2:
  case Element::U4:
  case Element::U8:
    return body((uint8_t *)nullptr);
  case Element::I2:
  case Element::I4:
  case Element::I8:
    return body((int8_t *)nullptr);
  case Element::I16:
    return body((int16_t *)nullptr);
  case Element::U16:
    return body((uint16_t *)nullptr);
  case Element::I32:
    return body((int32_t *)nullptr);
  case Element::U32:
    return body((uint32_t *)nullptr);
  default:
    return body((int64_t *)nullptr);
  }
}

template <typename Stored, typename Decode>
void readAs(const std::byte *data, int64_t offset, int64_t stride, int64_t n,
            double *buffer, Decode decode) {
  auto *source = reinterpret_cast<const Stored *>(data) + offset;
  for (int64_t i = 0; i < n; ++i)
    buffer[i] = decode(source[i * stride]);
}

template <typename Stored, typename Encode>
void writeAs(std::byte *data, int64_t offset, int64_t stride, int64_t n,
             const double *buffer, Encode encode) {
  auto *target = reinterpret_cast<Stored *>(data) + offset;
  for (int64_t i = 0; i < n; ++i)
    target[i * stride] = encode(buffer[i]);
}

} // namespace

int64_t wrapTo(Element element, int64_t value) {
  switch (element) {
  case Element::Bool:
    return value != 0;
  case Element::I2:
    return llvm::SignExtend64<2>(value);
  case Element::U2:
    return value & 3;
  case Element::I4:
    return llvm::SignExtend64<4>(value);
  case Element::U4:
    return value & 15;
  default: {
    int64_t wrapped = value;
    withInt(element, [&](auto *stored) {
      wrapped = int64_t(static_cast<std::decay_t<decltype(*stored)>>(value));
    });
    return wrapped;
  }
  }
}

double roundTo(Element element, double value) {
  switch (element) {
  case Element::F64:
    return value;
  case Element::F32:
    return float(value);
  case Element::F16:
    return Bits10::decode(Bits10::encode(value));
  case Element::BF16:
    return Bits7::decode(Bits7::encode(value));
  case Element::F8E4M3FN:
  case Element::F8E5M2:
  case Element::F8E4M3FNUZ:
  case Element::F8E5M2FNUZ:
    return decodeByte(element, encodeByte(element, value));
  default:
    return double(wrapTo(element, truncate(element, value)));
  }
}

double boundTo(Element element, double value) {
  if (element == Element::F16 && std::abs(value) > largestHalf)
    return std::copysign(largestHalf, value);
  return roundTo(element, value);
}

void Tensor::read(int64_t offset, int64_t stride, int64_t n,
                  double *buffer) const {
  const std::byte *data = bytes();
  switch (kind) {
  case Element::F64:
    return readAs<double>(data, offset, stride, n, buffer,
                          [](double value) { return value; });
  case Element::F32:
    return readAs<float>(data, offset, stride, n, buffer,
                         [](float value) { return double(value); });
  case Element::F16:
    return readAs<uint16_t>(data, offset, stride, n, buffer, Bits10::decode);
  case Element::BF16:
    return readAs<uint16_t>(data, offset, stride, n, buffer, [](uint16_t bits) {
      return double(llvm::bit_cast<float>(uint32_t(bits) << 16));
    });
  case Element::F8E4M3FN:
  case Element::F8E5M2:
  case Element::F8E4M3FNUZ:
  case Element::F8E5M2FNUZ:
    return readAs<uint8_t>(data, offset, stride, n, buffer, [&](uint8_t bits) {
      return decodeByte(kind, bits);
    });
  case Element::U64:
    return readAs<uint64_t>(data, offset, stride, n, buffer,
                            [](uint64_t value) { return double(value); });
  default:
    withInt(kind, [&](auto *stored) {
      readAs<std::decay_t<decltype(*stored)>>(
          data, offset, stride, n, buffer,
          [](auto value) { return double(value); });
    });
  }
}

void Tensor::write(int64_t offset, int64_t stride, int64_t n,
                   const double *buffer) {
  std::byte *data = mutableBytes();
  switch (kind) {
  case Element::F64:
    return writeAs<double>(data, offset, stride, n, buffer,
                           [](double value) { return value; });
  case Element::F32:
    return writeAs<float>(data, offset, stride, n, buffer,
                          [](double value) { return float(value); });
  case Element::F16:
    return writeAs<uint16_t>(data, offset, stride, n, buffer, Bits10::encode);
  case Element::BF16:
    return writeAs<uint16_t>(data, offset, stride, n, buffer, Bits7::encode);
  case Element::F8E4M3FN:
  case Element::F8E5M2:
  case Element::F8E4M3FNUZ:
  case Element::F8E5M2FNUZ:
    return writeAs<uint8_t>(data, offset, stride, n, buffer, [&](double value) {
      return encodeByte(kind, value);
    });
  default:
    withInt(kind, [&](auto *stored) {
      using Stored = std::decay_t<decltype(*stored)>;
      writeAs<Stored>(data, offset, stride, n, buffer, [&](double value) {
        return Stored(wrapTo(kind, truncate(kind, value)));
      });
    });
  }
}

void Tensor::read(int64_t offset, int64_t stride, int64_t n,
                  int64_t *buffer) const {
  if (isFloat()) {
    for (int64_t i = 0; i < n; ++i) {
      double value;
      read(offset + i * stride, 1, 1, &value);
      buffer[i] = truncate(Element::I64, value);
    }
    return;
  }
  withInt(kind, [&](auto *stored) {
    auto *source = as<std::decay_t<decltype(*stored)>>() + offset;
    for (int64_t i = 0; i < n; ++i)
      buffer[i] = int64_t(source[i * stride]);
  });
}

void Tensor::write(int64_t offset, int64_t stride, int64_t n,
                   const int64_t *buffer) {
  if (isFloat()) {
    for (int64_t i = 0; i < n; ++i) {
      double value = fromInt(Element::I64, kind, buffer[i]);
      write(offset + i * stride, 1, 1, &value);
    }
    return;
  }
  withInt(kind, [&](auto *stored) {
    using Stored = std::decay_t<decltype(*stored)>;
    auto *target = mutableAs<Stored>() + offset;
    for (int64_t i = 0; i < n; ++i)
      target[i * stride] = Stored(wrapTo(kind, buffer[i]));
  });
}

Tensor Tensor::converted(Type elementType) const {
  Tensor result = zeros(elementType, extents);
  constexpr int64_t chunk = 1024;
  double floats[chunk];
  int64_t ints[chunk];
  for (int64_t start = 0; start < count; start += chunk) {
    int64_t n = std::min(chunk, count - start);
    if (isFloat()) {
      read(start, 1, n, floats);
      result.write(start, 1, n, floats);
    } else {
      read(start, 1, n, ints);
      if (!result.isFloat()) {
        result.write(start, 1, n, ints);
        continue;
      }
      for (int64_t i = 0; i < n; ++i)
        floats[i] = fromInt(kind, result.kind, ints[i]);
      result.write(start, 1, n, floats);
    }
  }
  return result;
}

} // namespace llmc::reference
