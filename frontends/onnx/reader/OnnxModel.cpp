#include "frontends/onnx/reader/OnnxModel.h"

#include <array>

namespace llmc::onnx {

namespace {

struct ElemTypeRow {
  const char *name;
  unsigned bits;
};

/// By ElemType.
constexpr std::array<ElemTypeRow, 27> elemTypes = {{
    {"undefined", 0},      {"float", 32},     {"uint8", 8},
    {"int8", 8},           {"uint16", 16},    {"int16", 16},
    {"int32", 32},         {"int64", 64},     {"string", 0},
    {"bool", 8},           {"float16", 16},   {"double", 64},
    {"uint32", 32},        {"uint64", 64},    {"complex64", 64},
    {"complex128", 128},   {"bfloat16", 16},  {"float8e4m3fn", 8},
    {"float8e4m3fnuz", 8}, {"float8e5m2", 8}, {"float8e5m2fnuz", 8},
    {"uint4", 4},          {"int4", 4},       {"float4e2m1", 4},
    {"float8e8m0", 8},     {"uint2", 2},      {"int2", 2},
}};

/// By AttrType.
constexpr std::array<const char *, 15> attrTypes = {
    "undefined",      "float", "int",     "string",  "tensor", "graph",
    "floats",         "ints",  "strings", "tensors", "graphs", "sparse tensor",
    "sparse tensors", "type",  "types",
};

} // namespace

std::string elemTypeName(ElemType type) {
  auto index = static_cast<uint32_t>(type);
  if (index < elemTypes.size())
    return elemTypes[index].name;
  return "type " + std::to_string(static_cast<int32_t>(type));
}

unsigned elemBitWidth(ElemType type) {
  auto index = static_cast<uint32_t>(type);
  return index < elemTypes.size() ? elemTypes[index].bits : 0;
}

std::string attrTypeName(AttrType type) {
  auto index = static_cast<uint32_t>(type);
  if (index < attrTypes.size())
    return attrTypes[index];
  return "kind " + std::to_string(static_cast<int32_t>(type));
}

Result<uint64_t> packedByteSize(ElemType type, uint64_t count) {
  uint64_t bits;
  if (__builtin_mul_overflow(count, uint64_t(elemBitWidth(type)), &bits) ||
      bits > static_cast<uint64_t>(INT64_MAX) - 7)
    return Error{Code::TooLarge, "a tensor is too large", "",
                 std::to_string(count) + " elements of type " +
                     elemTypeName(type) + " exceed 63 bits of size",
                 ""};
  return (bits + 7) / 8;
}

Attribute::Attribute() = default;
Attribute::Attribute(Attribute &&) noexcept = default;
Attribute &Attribute::operator=(Attribute &&) noexcept = default;
Attribute::~Attribute() = default;

const Attribute *Node::attribute(std::string_view attributeName) const {
  for (const Attribute &attribute : attributes)
    if (attribute.name == attributeName)
      return &attribute;
  return nullptr;
}

static std::string_view findPair(const std::vector<StringPair> &pairs,
                                 std::string_view key) {
  for (const StringPair &pair : pairs)
    if (pair.key == key)
      return pair.value;
  return {};
}

std::string_view Node::metadataValue(std::string_view key) const {
  return findPair(metadata, key);
}

std::string_view Model::metadataValue(std::string_view key) const {
  return findPair(metadata, key);
}

std::span<const std::byte> Model::bytes(const TensorData &tensor) const {
  if (tensor.storage == TensorData::Storage::InFile)
    return files[tensor.range.file].bytes.subspan(tensor.range.offset,
                                                  tensor.range.length);
  return tensor.owned;
}

std::optional<int64_t> Model::opsetVersion(std::string_view opsetDomain) const {
  for (const OpsetImport &import : opsetImports)
    if (import.domain == opsetDomain)
      return import.version;
  return std::nullopt;
}

} // namespace llmc::onnx
