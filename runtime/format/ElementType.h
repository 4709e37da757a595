/// Element types of buffers, weights and arguments in a model.bin.
#ifndef LLMC_RUNTIME_FORMAT_ELEMENTTYPE_H
#define LLMC_RUNTIME_FORMAT_ELEMENTTYPE_H

#include <cstdint>
#include <string_view>

namespace llmc {

/// The numbers stand in files: never change one, add at the end.
enum class ElementType : uint8_t {
  Bool = 0, ///< One byte, 0 or 1.
  I8 = 1,
  U8 = 2,
  I16 = 3,
  U16 = 4,
  I32 = 5,
  U32 = 6,
  I64 = 7,
  U64 = 8,
  F16 = 9,
  BF16 = 10,
  F32 = 11,
  F64 = 12,
};
inline constexpr unsigned elementTypeCount = 13;

/// Bytes of one element; 0 for a number that is no ElementType.
constexpr int64_t elementBytes(ElementType type) {
  switch (type) {
  case ElementType::Bool:
  case ElementType::I8:
  case ElementType::U8:
    return 1;
  case ElementType::I16:
  case ElementType::U16:
  case ElementType::F16:
  case ElementType::BF16:
    return 2;
  case ElementType::I32:
  case ElementType::U32:
  case ElementType::F32:
    return 4;
  case ElementType::I64:
  case ElementType::U64:
  case ElementType::F64:
    return 8;
  }
  return 0;
}

/// `f32`, `bf16`, `i64`, `bool` …
constexpr std::string_view elementTypeName(ElementType type) {
  constexpr std::string_view names[elementTypeCount] = {
      "bool", "i8",  "u8",  "i16",  "u16", "i32", "u32",
      "i64",  "u64", "f16", "bf16", "f32", "f64"};
  auto number = static_cast<unsigned>(type);
  return number < elementTypeCount ? names[number] : std::string_view("?");
}

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_ELEMENTTYPE_H
