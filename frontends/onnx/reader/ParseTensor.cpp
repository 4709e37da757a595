#include "frontends/onnx/reader/ModelParser.h"

#include "frontends/onnx/reader/Messages.h"

#include <cstring>

namespace llmc::onnx {

namespace {

/// Fields of TensorProto that hold values.
constexpr uint32_t floatData = 4;
constexpr uint32_t int32Data = 5;
constexpr uint32_t stringData = 6;
constexpr uint32_t int64Data = 7;
constexpr uint32_t rawData = 9;
constexpr uint32_t doubleData = 10;
constexpr uint32_t uint64Data = 11;

/// The field other than rawData in which values of this type stand; 0 for
/// unknown types.
uint32_t dataFieldOf(ElemType type) {
  switch (type) {
  case ElemType::Float:
  case ElemType::Complex64:
    return floatData;
  case ElemType::Double:
  case ElemType::Complex128:
    return doubleData;
  case ElemType::Int64:
    return int64Data;
  case ElemType::Uint32:
  case ElemType::Uint64:
    return uint64Data;
  case ElemType::String:
    return stringData;
  default:
    return elemBitWidth(type) > 0 ? int32Data : 0;
  }
}

Error badTensor(const TensorData &tensor, std::string why) {
  return Error{Code::BadModel,
               "tensor " + quoted(tensor.name) + " is not valid",
               "byte " + std::to_string(tensor.fileOffset), std::move(why), ""};
}

/// Checks the dims and sets tensor.count.
Status countElements(TensorData &tensor) {
  uint64_t product = 1;
  bool overflow = false, empty = false;
  for (int64_t dim : tensor.dims) {
    if (dim < 0)
      return badTensor(tensor,
                       "dimension " + std::to_string(dim) + " is negative");
    empty |= dim == 0;
    overflow |=
        __builtin_mul_overflow(product, static_cast<uint64_t>(dim), &product) ||
        product > static_cast<uint64_t>(INT64_MAX);
  }
  if (empty)
    product = 0;
  else if (overflow)
    return badTensor(tensor, "its dims multiply to more than 63 bits hold");
  tensor.count = product;
  return Status::ok();
}

} // namespace

Status ModelParser::parseTensor(WireRange range, TensorData &tensor) {
  WireMessage whole = message(range, "TensorProto");
  LLMC_TRY(FieldCounts counts, countFields(whole));
  tensor.fileOffset = range.offset;
  WireRange raw;
  ExternalReference reference;
  bool isExternal = false;

  WireCursor cursor(whole);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      break;
    switch (cursor.field()) {
    case 2: {
      LLMC_TRY(uint64_t value, cursor.readVarint());
      tensor.type = static_cast<ElemType>(static_cast<int32_t>(value));
      break;
    }
    case 8:
      LLMC_CHECK(readString(cursor, tensor.name));
      break;
    case rawData: {
      LLMC_TRY(raw, cursor.readBytes());
      break;
    }
    case 13: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(parseReference(part, reference));
      break;
    }
    case 14: {
      LLMC_TRY(uint64_t value, cursor.readVarint());
      if (value > 1)
        return cursor.error("data_location is " + std::to_string(value));
      isExternal = value == 1;
      break;
    }
    default:
      LLMC_CHECK(cursor.skip());
    }
  }

  LLMC_TRY(uint64_t rank, countVarints(whole, 1));
  LLMC_CHECK(reserve(tensor.dims, rank, range.offset));
  LLMC_CHECK(forEachVarint(whole, 1, [&](uint64_t value) {
    tensor.dims.push_back(static_cast<int64_t>(value));
  }));
  LLMC_CHECK(countElements(tensor));
  if (tensor.type == ElemType::Undefined)
    return badTensor(tensor, "it has no element type");
  if (counts[3] > 0)
    return badTensor(tensor, "it is one segment of a larger tensor");

  // Exactly one place may hold the values.
  uint32_t own = dataFieldOf(tensor.type);
  for (uint32_t field :
       {floatData, int32Data, stringData, int64Data, doubleData, uint64Data}) {
    if (counts[field] == 0)
      continue;
    if (field != own)
      return badTensor(tensor, "values of type " + elemTypeName(tensor.type) +
                                   " do not stand in field " +
                                   std::to_string(field) + " of TensorProto");
    if (raw.length > 0 || isExternal)
      return badTensor(tensor, "its values stand in two places");
  }
  if (isExternal && raw.length > 0)
    return badTensor(tensor, "its values stand in two places");

  if (isExternal)
    return parseExternal(reference, tensor);
  if (tensor.type == ElemType::String) {
    if (raw.length > 0)
      return badTensor(tensor, "strings cannot stand in raw_data");
    return parseStrings(whole, counts[stringData], tensor);
  }
  if (raw.length > 0 || counts[own] == 0) {
    tensor.storage = TensorData::Storage::InFile;
    tensor.range = {0, raw.offset, raw.length};
    return checkLength(tensor);
  }
  if (own == floatData || own == doubleData)
    return parseFloats(whole, own, tensor);
  return parseIntegers(whole, own, tensor);
}

Status ModelParser::parseReference(WireRange range,
                                   ExternalReference &reference) {
  WireCursor cursor(message(range, "StringStringEntryProto"));
  std::string_view key, value;
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      break;
    if (cursor.field() != 1 && cursor.field() != 2) {
      LLMC_CHECK(cursor.skip());
      continue;
    }
    LLMC_TRY(WireRange part, cursor.readBytes());
    (cursor.field() == 1 ? key : value) = view(part);
  }
  // A checksum may be given too; model.bin has hashes of its own.
  if (key == "location")
    reference.location = value;
  else if (key == "offset")
    reference.offset = value;
  else if (key == "length")
    reference.length = value;
  return Status::ok();
}

Status ModelParser::parseExternal(const ExternalReference &reference,
                                  TensorData &tensor) {
  if (elemBitWidth(tensor.type) == 0)
    return badTensor(tensor, "external data of type " +
                                 elemTypeName(tensor.type) +
                                 " has no known length");
  LLMC_TRY(uint64_t expected, packedByteSize(tensor.type, tensor.count));
  tensor.storage = TensorData::Storage::InFile;
  LLMC_TRY(tensor.range, external.resolve(reference, tensor, expected));
  return Status::ok();
}

Status ModelParser::checkLength(const TensorData &tensor) {
  // Of a type that is not known the length is not known either.
  if (elemBitWidth(tensor.type) == 0)
    return Status::ok();
  LLMC_TRY(uint64_t expected, packedByteSize(tensor.type, tensor.count));
  if (tensor.byteSize() == expected)
    return Status::ok();
  if (tensor.byteSize() == 0)
    return badTensor(tensor, "it has no data, its type and dims call for " +
                                 std::to_string(expected) + " bytes");
  return badTensor(tensor, "it has " + std::to_string(tensor.byteSize()) +
                               " bytes of data, its type and dims call for " +
                               std::to_string(expected));
}

Status ModelParser::parseStrings(const WireMessage &message, uint64_t count,
                                 TensorData &tensor) {
  tensor.storage = TensorData::Storage::Strings;
  if (count != tensor.count)
    return badTensor(tensor, "it has " + std::to_string(count) +
                                 " strings, its dims call for " +
                                 std::to_string(tensor.count));
  LLMC_CHECK(reserve(tensor.strings, count, tensor.fileOffset));
  WireCursor cursor(message);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    if (cursor.field() != stringData) {
      LLMC_CHECK(cursor.skip());
      continue;
    }
    LLMC_TRY(WireRange part, cursor.readBytes());
    tensor.strings.push_back(view(part));
  }
}

Status ModelParser::parseIntegers(const WireMessage &message, uint32_t field,
                                  TensorData &tensor) {
  unsigned bits = elemBitWidth(tensor.type);
  if (bits == 0)
    return badTensor(tensor, "its type is not known");
  // Types below a byte stand packed, one byte per varint.
  unsigned width = bits < 8 ? 1 : bits / 8;
  LLMC_TRY(uint64_t count, countVarints(message, field));
  LLMC_TRY(uint64_t expected, packedByteSize(tensor.type, tensor.count));
  if (count != expected / width)
    return badTensor(tensor, "it has " + std::to_string(count) +
                                 " values, its type and dims call for " +
                                 std::to_string(expected / width));
  tensor.storage = TensorData::Storage::Owned;
  LLMC_CHECK(resize(tensor.owned, expected, tensor.fileOffset));
  std::byte *to = tensor.owned.data();
  bool fits = true;
  LLMC_CHECK(forEachVarint(message, field, [&](uint64_t value) {
    // Both readings of the same bits are in use: 255 and -1 for a byte.
    auto number = static_cast<int64_t>(value);
    if (width < 8)
      fits &= number < (int64_t(1) << (8 * width)) &&
              number >= -(int64_t(1) << (8 * width - 1));
    if (tensor.type == ElemType::Bool)
      value = value != 0;
    std::memcpy(to, &value, width);
    to += width;
  }));
  if (!fits)
    return badTensor(tensor, "a value does not fit its type " +
                                 elemTypeName(tensor.type));
  return Status::ok();
}

Status ModelParser::parseFloats(const WireMessage &message, uint32_t field,
                                TensorData &tensor) {
  unsigned width = field == floatData ? 4 : 8;
  uint64_t runs = 0;
  uint64_t bytes = 0;
  WireRange last;
  LLMC_CHECK(forEachFixedRun(message, field, width, [&](WireRange run) {
    ++runs;
    bytes += run.length;
    last = run;
  }));
  // One packed list is already what the tensor's bytes are.
  tensor.storage = TensorData::Storage::InFile;
  tensor.range = {0, last.offset, bytes};
  LLMC_CHECK(checkLength(tensor));
  if (runs == 1)
    return Status::ok();
  tensor.storage = TensorData::Storage::Owned;
  tensor.range = {};
  LLMC_CHECK(resize(tensor.owned, bytes, tensor.fileOffset));
  std::byte *to = tensor.owned.data();
  return forEachFixedRun(message, field, width, [&](WireRange run) {
    if (run.length > 0)
      std::memcpy(to, view(run).data(), run.length);
    to += run.length;
  });
}

} // namespace llmc::onnx
