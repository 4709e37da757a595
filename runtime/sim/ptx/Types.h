/// The fundamental types of PTX (ISA section 5.2), as suffixes spell them.
#ifndef LLMC_RUNTIME_SIM_PTX_TYPES_H
#define LLMC_RUNTIME_SIM_PTX_TYPES_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace llmc::sim {

enum class Type : uint8_t {
  None,
  Pred,
  B8,
  B16,
  B32,
  B64,
  B128,
  U4,
  U8,
  U16,
  U32,
  U64,
  S4,
  S8,
  S16,
  S32,
  S64,
  F16,
  F16x2,
  BF16,
  BF16x2,
  TF32,
  F32,
  F64,
  E4M3,
  E5M2,
  E4M3x2,
  E5M2x2,
};

/// `f32` for Type::F32: the suffix without its dot.
std::optional<Type> parseType(std::string_view suffix);
/// The suffix of \p type, without a dot.
std::string_view typeName(Type type);
/// Bytes of one value in a register or in memory; 0 for None, Pred and types
/// of less than a byte.
unsigned typeBytes(Type type);

inline bool isSigned(Type type) {
  return type == Type::S8 || type == Type::S16 || type == Type::S32 ||
         type == Type::S64;
}
inline bool isFloat(Type type) {
  return type >= Type::F16 && type <= Type::E5M2x2;
}

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_PTX_TYPES_H
