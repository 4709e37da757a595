#include "runtime/support/TensorProto.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace llmc {

namespace {

/// Field numbers of TensorProto.
enum Field : uint64_t {
  Dims = 1,
  DataType = 2,
  Segment = 3,
  FloatData = 4,
  Int32Data = 5,
  StringData = 6,
  Int64Data = 7,
  Name = 8,
  RawData = 9,
  DoubleData = 10,
  Uint64Data = 11,
  ExternalData = 13,
  DataLocation = 14,
};

/// TensorProto.DataType, and the field that holds such elements one by one.
struct TypeRow {
  uint64_t number;
  ElementType type;
  Field field;
};
constexpr TypeRow typeRows[] = {
    {1, ElementType::F32, FloatData},   {2, ElementType::U8, Int32Data},
    {3, ElementType::I8, Int32Data},    {4, ElementType::U16, Int32Data},
    {5, ElementType::I16, Int32Data},   {6, ElementType::I32, Int32Data},
    {7, ElementType::I64, Int64Data},   {9, ElementType::Bool, Int32Data},
    {10, ElementType::F16, Int32Data},  {11, ElementType::F64, DoubleData},
    {12, ElementType::U32, Uint64Data}, {13, ElementType::U64, Uint64Data},
    {16, ElementType::BF16, Int32Data},
};

constexpr size_t maxRank = 32;

/// Protobuf's kinds of fields; groups (3 and 4) occur in no TensorProto.
enum Wire : uint64_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

/// Takes protobuf's primitives off the front of some bytes; nothing where the
/// bytes end too early or a number has more than 64 bits.
class WireReader {
public:
  explicit WireReader(std::span<const std::byte> bytes) : rest(bytes) {}
  bool atEnd() const { return rest.empty(); }

  std::optional<uint64_t> varint() {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
      auto byte = static_cast<uint64_t>(rest[0]);
      rest = rest.subspan(1);
      if (shift == 63 && byte > 1)
        return std::nullopt;
      number |= (byte & 127) << shift;
      if (byte < 128)
        return number;
    }
    return std::nullopt;
  }
  std::optional<std::span<const std::byte>> take(uint64_t count) {
    if (count > rest.size())
      return std::nullopt;
    auto front = rest.first(count);
    rest = rest.subspan(count);
    return front;
  }
  /// What follows a tag of kind \p wire, without the length of Bytes.
  std::optional<std::span<const std::byte>> payload(uint64_t wire) {
    if (wire == Fixed64 || wire == Fixed32)
      return take(wire == Fixed64 ? 8 : 4);
    if (wire == Bytes) {
      std::optional<uint64_t> length = varint();
      return length ? take(*length) : std::nullopt;
    }
    auto before = rest;
    if (wire != Varint || !varint())
      return std::nullopt;
    return before.first(before.size() - rest.size());
  }

private:
  std::span<const std::byte> rest;
};

/// A field of the message as it stands there.
struct Part {
  uint64_t field = 0, wire = 0;
  std::span<const std::byte> payload;
};

/// Collects the parts, then puts them together: the element type may stand
/// behind the elements.
class Parser {
public:
  explicit Parser(std::string where) : where(std::move(where)) {}
  Result<NamedTensor> parse(std::span<const std::byte> bytes);

private:
  Error bad(std::string why,
            std::string fix = "save it with onnx.numpy_helper, or as .npy") const {
    return {Code::BadTensor, "the tensor cannot be read", where, std::move(why),
            std::move(fix)};
  }
  Status readParts(std::span<const std::byte> bytes);
  Status takePart(const Part &part);
  Status takeDims(const Part &part);
  Status appendElements(const Part &part);
  Status appendNumber(uint64_t number);
  Status checkBools() const;

  std::string where;
  NamedTensor result;
  const TypeRow *row = nullptr;
  std::optional<std::span<const std::byte>> raw;
  std::vector<Part> typed;
  uint64_t wantedBytes = 0;
};

Status Parser::takeDims(const Part &part) {
  std::vector<int64_t> &shape = result.tensor.shape;
  if (part.wire != Varint && part.wire != Bytes)
    return bad("its shape cannot be read");
  for (WireReader reader(part.payload); !reader.atEnd();) {
    std::optional<uint64_t> extent = reader.varint();
    if (!extent || *extent > INT64_MAX || shape.size() == maxRank)
      return bad("its shape cannot be read");
    shape.push_back(static_cast<int64_t>(*extent));
  }
  return Status::ok();
}

Status Parser::takePart(const Part &part) {
  switch (part.field) {
  case Dims:
    return takeDims(part);
  case DataType: {
    std::optional<uint64_t> number = WireReader(part.payload).varint();
    if (part.wire != Varint || !number)
      return bad("its element type cannot be read");
    auto *at = std::find_if(std::begin(typeRows), std::end(typeRows),
                            [&](const TypeRow &r) { return r.number == *number; });
    if (at == std::end(typeRows))
      return bad("its element type " + std::to_string(*number) +
                     " is not supported",
                 "convert it to a type that the graph's inputs have");
    row = at;
    return Status::ok();
  }
  case Name:
    if (part.wire != Bytes)
      return bad("its name is no text");
    result.name.assign(reinterpret_cast<const char *>(part.payload.data()),
                       part.payload.size());
    return Status::ok();
  case RawData:
    if (part.wire != Bytes)
      return bad("its data cannot be read");
    raw = part.payload;
    return Status::ok();
  case FloatData:
  case Int32Data:
  case Int64Data:
  case DoubleData:
  case Uint64Data:
    typed.push_back(part);
    return Status::ok();
  case Segment:
  case StringData:
    return bad(part.field == Segment ? "it is a segment of a larger tensor"
                                     : "its elements are strings");
  case ExternalData:
    return bad("its data lies in another file");
  case DataLocation:
    if (WireReader(part.payload).varint() == 1)
      return bad("its data lies in another file");
    return Status::ok();
  default: // Comments and what later versions add.
    return Status::ok();
  }
}

Status Parser::readParts(std::span<const std::byte> bytes) {
  WireReader reader(bytes);
  while (!reader.atEnd()) {
    std::optional<uint64_t> tag = reader.varint();
    if (!tag || *tag >> 3 == 0)
      return bad("it is no TensorProto, or it is cut short");
    Part part = {*tag >> 3, *tag & 7, {}};
    std::optional<std::span<const std::byte>> payload =
        reader.payload(part.wire);
    if (!payload)
      return bad("it is no TensorProto, or it is cut short");
    part.payload = *payload;
    LLMC_CHECK(takePart(part));
  }
  return Status::ok();
}

/// Appends the low bytes of \p number, which the element type must hold.
Status Parser::appendNumber(uint64_t number) {
  ElementType type = result.tensor.type;
  auto size = static_cast<size_t>(elementBytes(type));
  bool isSigned = type == ElementType::I8 || type == ElementType::I16 ||
                  type == ElementType::I32;
  unsigned bits = static_cast<unsigned>(8 * size);
  auto asSigned = static_cast<int64_t>(number);
  bool fits = bits == 64 ||
              (isSigned ? asSigned >= -(int64_t(1) << (bits - 1)) &&
                              asSigned < int64_t(1) << (bits - 1)
                        : number >> bits == 0);
  if (!fits)
    return bad("an element does not fit " + std::string(elementTypeName(type)));
  auto *low = reinterpret_cast<const std::byte *>(&number);
  result.tensor.data.insert(result.tensor.data.end(), low, low + size);
  return Status::ok();
}

Status Parser::appendElements(const Part &part) {
  auto excess = [&] { return bad("it has more elements than its shape says"); };
  std::vector<std::byte> &data = result.tensor.data;
  if (part.field == FloatData || part.field == DoubleData) {
    size_t size = part.field == FloatData ? 4 : 8;
    if ((part.wire != Bytes && part.wire != (size == 4 ? Fixed32 : Fixed64)) ||
        part.payload.size() % size != 0)
      return bad("its elements cannot be read");
    if (part.payload.size() > wantedBytes - data.size())
      return excess();
    data.insert(data.end(), part.payload.begin(), part.payload.end());
    return Status::ok();
  }
  if (part.wire != Bytes && part.wire != Varint)
    return bad("its elements cannot be read");
  for (WireReader reader(part.payload); !reader.atEnd();) {
    std::optional<uint64_t> number = reader.varint();
    if (!number)
      return bad("its elements cannot be read");
    if (data.size() == wantedBytes)
      return excess();
    LLMC_CHECK(appendNumber(*number));
  }
  return Status::ok();
}

Status Parser::checkBools() const {
  for (std::byte b : result.tensor.data)
    if (row->type == ElementType::Bool && b > std::byte(1))
      return bad("a truth value is neither 0 nor 1");
  return Status::ok();
}

Result<NamedTensor> Parser::parse(std::span<const std::byte> bytes) {
  LLMC_CHECK(readParts(bytes));
  if (!row)
    return bad("it is no TensorProto: it has no element type");
  Tensor &tensor = result.tensor;
  tensor.type = row->type;
  wantedBytes = static_cast<uint64_t>(elementBytes(tensor.type));
  bool isEmpty = std::ranges::find(tensor.shape, 0) != tensor.shape.end();
  for (int64_t extent : tensor.shape)
    if (!isEmpty && __builtin_mul_overflow(
                        wantedBytes, static_cast<uint64_t>(extent), &wantedBytes))
      return bad("its shape is impossible");
  if (isEmpty)
    wantedBytes = 0;
  if (raw && !typed.empty())
    return bad("its elements stand there twice");
  if (raw) {
    if (raw->size() == wantedBytes)
      tensor.data.assign(raw->begin(), raw->end());
  } else {
    for (const Part &part : typed) {
      if (part.field != row->field)
        return bad("its elements are of another type than it says");
      LLMC_CHECK(appendElements(part));
    }
  }
  if (tensor.data.size() != wantedBytes)
    return bad("its shape asks for " + std::to_string(wantedBytes) +
               " bytes and it has " +
               std::to_string(raw ? raw->size() : tensor.data.size()));
  LLMC_CHECK(checkBools());
  return std::move(result);
}

void putVarint(std::vector<std::byte> &out, uint64_t number) {
  for (; number >= 128; number >>= 7)
    out.push_back(std::byte(number & 127) | std::byte(128));
  out.push_back(std::byte(number));
}

void putBytes(std::vector<std::byte> &out, Field field,
              std::span<const std::byte> bytes) {
  putVarint(out, field << 3 | Bytes);
  putVarint(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

} // namespace

Result<NamedTensor> parseTensorProto(std::span<const std::byte> bytes,
                                     const std::string &where) {
  return Parser(where).parse(bytes);
}

std::vector<std::byte> formatTensorProto(const Tensor &tensor,
                                         std::string_view name) {
  std::vector<std::byte> out;
  out.reserve(tensor.data.size() + name.size() + 64 + 11 * tensor.shape.size());
  for (int64_t extent : tensor.shape) {
    putVarint(out, Dims << 3 | Varint);
    putVarint(out, static_cast<uint64_t>(extent));
  }
  for (const TypeRow &row : typeRows)
    if (row.type == tensor.type) {
      putVarint(out, DataType << 3 | Varint);
      putVarint(out, row.number);
    }
  putBytes(out, Name, std::as_bytes(std::span(name)));
  putBytes(out, RawData, tensor.data);
  return out;
}

} // namespace llmc
