#include "frontends/onnx/builder/Types.h"

#include "dialects/onnx/SymbolicShape.h"
#include "frontends/onnx/builder/Extents.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace mlir;

namespace llmc::onnx {

Type elementType(ElemType type, MLIRContext *context) {
  auto integer = [&](unsigned width, bool isUnsigned = false) -> Type {
    return IntegerType::get(context, width,
                            isUnsigned ? IntegerType::Unsigned
                                       : IntegerType::Signless);
  };
  switch (type) {
  case ElemType::Float:
    return Float32Type::get(context);
  case ElemType::Double:
    return Float64Type::get(context);
  case ElemType::Float16:
    return Float16Type::get(context);
  case ElemType::Bfloat16:
    return BFloat16Type::get(context);
  case ElemType::Float8E4M3FN:
    return Float8E4M3FNType::get(context);
  case ElemType::Float8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case ElemType::Float8E5M2:
    return Float8E5M2Type::get(context);
  case ElemType::Float8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case ElemType::Float4E2M1:
    return Float4E2M1FNType::get(context);
  case ElemType::Float8E8M0:
    return Float8E8M0FNUType::get(context);
  case ElemType::Int8:
    return integer(8);
  case ElemType::Int16:
    return integer(16);
  case ElemType::Int32:
    return integer(32);
  case ElemType::Int64:
    return integer(64);
  case ElemType::Uint8:
    return integer(8, true);
  case ElemType::Uint16:
    return integer(16, true);
  case ElemType::Uint32:
    return integer(32, true);
  case ElemType::Uint64:
    return integer(64, true);
  case ElemType::Int4:
    return integer(4);
  case ElemType::Uint4:
    return integer(4, true);
  case ElemType::Int2:
    return integer(2);
  case ElemType::Uint2:
    return integer(2, true);
  case ElemType::Bool:
    return integer(1);
  default:
    return {};
  }
}

DenseElementsAttr denseElements(RankedTensorType type,
                                std::span<const std::byte> bytes) {
  unsigned width = type.getElementTypeBitWidth();
  int64_t count = type.getNumElements();
  if (width == 1) {
    SmallVector<bool> values(count);
    for (int64_t i = 0; i < count; ++i)
      values[i] = bytes[i] != std::byte(0);
    return DenseElementsAttr::get(type, values);
  }
  if (width >= 8 && count != 1) {
    // The packing of the attribute is that of the file; a raw buffer of one
    // element would be taken for a splat, which a single element is as well.
    return DenseElementsAttr::getFromRawBuffer(
        type,
        ArrayRef(reinterpret_cast<const char *>(bytes.data()), bytes.size()));
  }
  SmallVector<APInt> values;
  values.reserve(count);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t bits = 0;
    if (width >= 8)
      std::memcpy(&bits, bytes.data() + i * (width / 8), width / 8);
    else
      bits = (static_cast<uint64_t>(bytes[i * width / 8]) >> (i * width % 8)) &
             ((1u << width) - 1);
    values.emplace_back(width, bits, false, true);
  }
  if (isa<IntegerType>(type.getElementType()))
    return DenseElementsAttr::get(type, values);
  SmallVector<APFloat> floats;
  const auto &semantics =
      cast<FloatType>(type.getElementType()).getFloatSemantics();
  for (const APInt &value : values)
    floats.emplace_back(semantics, value);
  return DenseElementsAttr::get(type, floats);
}

DenseElementsAttr denseIntegers(RankedTensorType type,
                                ArrayRef<int64_t> values) {
  if (auto floating = dyn_cast<FloatType>(type.getElementType())) {
    SmallVector<APFloat> floats;
    for (int64_t value : values) {
      APFloat converted(floating.getFloatSemantics());
      if (converted.convertFromAPInt(APInt(64, value, true), true,
                                     APFloat::rmNearestTiesToEven) !=
          APFloat::opOK)
        return {};
      floats.push_back(converted);
    }
    return DenseElementsAttr::get(type, floats);
  }
  auto integer = dyn_cast<IntegerType>(type.getElementType());
  if (!integer)
    return {};
  unsigned width = integer.getWidth();
  if (width == 1) {
    SmallVector<bool> flags;
    for (int64_t value : values) {
      if (value != 0 && value != 1)
        return {};
      flags.push_back(value == 1);
    }
    return DenseElementsAttr::get(type, flags);
  }
  SmallVector<APInt> integers;
  for (int64_t value : values) {
    bool fits = integer.isUnsigned()
                    ? value >= 0 && (width == 64 || value >> width == 0)
                    : APInt(64, value, true).isSignedIntN(width);
    if (!fits)
      return {};
    integers.emplace_back(width, value, true, true);
  }
  return DenseElementsAttr::get(type, integers);
}

DenseElementsAttr denseSplat(RankedTensorType type, double value) {
  if (auto floating = dyn_cast<FloatType>(type.getElementType())) {
    APFloat converted(value);
    bool lossy = false;
    converted.convert(floating.getFloatSemantics(),
                      APFloat::rmNearestTiesToEven, &lossy);
    return DenseElementsAttr::get(type, ArrayRef(converted));
  }
  if (!(value >= -9e18 && value <= 9e18))
    return {};
  return denseIntegers(
      RankedTensorType::get(type.getShape(), type.getElementType()),
      SmallVector<int64_t>(type.getNumElements(), static_cast<int64_t>(value)));
}

std::optional<SmallVector<int64_t>> integersOf(DenseElementsAttr attribute,
                                               int64_t limit) {
  if (attribute.getNumElements() > limit)
    return std::nullopt;
  SmallVector<int64_t> values;
  if (auto integer = dyn_cast<IntegerType>(attribute.getElementType())) {
    bool isUnsigned = integer.isUnsigned() || integer.getWidth() == 1;
    for (const APInt &value : attribute.getValues<APInt>()) {
      if (isUnsigned && value.getActiveBits() > 63)
        return std::nullopt;
      values.push_back(isUnsigned ? static_cast<int64_t>(value.getZExtValue())
                                  : value.getSExtValue());
    }
    return values;
  }
  if (!isa<FloatType>(attribute.getElementType()))
    return std::nullopt;
  for (const APFloat &value : attribute.getValues<APFloat>()) {
    llvm::APSInt integer(64, false);
    bool exact = false;
    if (value.convertToInteger(integer, APFloat::rmTowardZero, &exact) !=
            APFloat::opOK ||
        !exact || (value.isZero() && value.isNegative()))
      return std::nullopt;
    values.push_back(integer.getSExtValue());
  }
  return values;
}

std::string describeExtent(AffineExpr extent, ArrayRef<std::string> symbols) {
  if (!extent)
    return "?";
  std::string text;
  llvm::raw_string_ostream out(text);
  extent.print(out);
  // Put the names in place of s0, s1, …
  std::string named;
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    if (text[i] == 's' && (i == 0 || !llvm::isAlnum(text[i - 1]))) {
      while (end < text.size() && llvm::isDigit(text[end]))
        ++end;
      size_t position = 0;
      if (end > i + 1 &&
          !StringRef(text).slice(i + 1, end).getAsInteger(10, position) &&
          position < symbols.size()) {
        named += symbols[position];
        i = end;
        continue;
      }
    }
    named += text.substr(i, end - i);
    i = end;
  }
  return named;
}

std::string describeType(Type type, ArrayRef<std::string> symbols) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  std::string text;
  llvm::raw_string_ostream out(text);
  if (!ranked) {
    out << type;
    return text;
  }
  out << ranked.getElementType() << '[';
  for (auto [i, extent] : llvm::enumerate(symbolicDims(ranked)))
    out << (i ? ", " : "") << describeExtent(extent, symbols);
  out << ']';
  return text;
}

} // namespace llmc::onnx
