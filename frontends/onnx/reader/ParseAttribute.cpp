#include "frontends/onnx/reader/ModelParser.h"

#include "frontends/onnx/reader/Messages.h"

#include <bit>
#include <cstring>

namespace llmc::onnx {

namespace {

/// Which field of AttributeProto holds which kind of value.
struct ValueField {
  uint32_t field;
  AttrType type;
};
constexpr ValueField valueFields[] = {
    {2, AttrType::Float},         {3, AttrType::Int},
    {4, AttrType::String},        {5, AttrType::Tensor},
    {6, AttrType::Graph},         {7, AttrType::Floats},
    {8, AttrType::Ints},          {9, AttrType::Strings},
    {10, AttrType::Tensors},      {11, AttrType::Graphs},
    {14, AttrType::TypeProto},    {15, AttrType::TypeProtos},
    {22, AttrType::SparseTensor}, {23, AttrType::SparseTensors},
};

} // namespace

Status ModelParser::parseAttribute(WireRange range, unsigned depth,
                                   Attribute &attribute) {
  WireMessage whole = message(range, "AttributeProto");
  LLMC_TRY(FieldCounts counts, countFields(whole));
  LLMC_CHECK(reserve(attribute.strings, counts[9], range.offset));
  LLMC_CHECK(reserve(attribute.tensors, counts[10], range.offset));
  LLMC_CHECK(reserve(attribute.graphs, counts[11], range.offset));

  WireCursor cursor(whole);
  // A message that comes twice would have to be merged; no writer does that.
  for (uint32_t single : {5, 6, 14, 22})
    if (counts[single] > 1)
      return cursor.error("field " + std::to_string(single) +
                          " occurs more than once");
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      break;
    switch (cursor.field()) {
    case 1:
      LLMC_CHECK(readString(cursor, attribute.name));
      break;
    case 2: {
      LLMC_TRY(uint32_t bits, cursor.readFixed32());
      attribute.f = std::bit_cast<float>(bits);
      break;
    }
    case 3: {
      LLMC_TRY(uint64_t value, cursor.readVarint());
      attribute.i = static_cast<int64_t>(value);
      break;
    }
    case 4:
      LLMC_CHECK(readString(cursor, attribute.s));
      break;
    case 5: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(charge(1, sizeof(TensorData), part.offset));
      attribute.t = std::make_unique<TensorData>();
      LLMC_CHECK(parseTensor(part, *attribute.t));
      break;
    }
    case 6: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(charge(1, sizeof(Graph), part.offset));
      attribute.g = std::make_unique<Graph>();
      LLMC_CHECK(parseGraph(part, depth + 1, *attribute.g));
      break;
    }
    case 9:
      LLMC_CHECK(appendString(cursor, attribute.strings));
      break;
    case 10: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(parseTensor(part, attribute.tensors.emplace_back()));
      break;
    }
    case 11: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(parseGraph(part, depth + 1, attribute.graphs.emplace_back()));
      break;
    }
    case 14: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(charge(1, sizeof(ValueType), part.offset));
      attribute.tp = std::make_unique<ValueType>();
      LLMC_CHECK(parseType(part, *attribute.tp));
      break;
    }
    case 20: {
      LLMC_TRY(uint64_t value, cursor.readVarint());
      attribute.type = static_cast<AttrType>(static_cast<int32_t>(value));
      break;
    }
    case 21:
      LLMC_CHECK(readString(cursor, attribute.refAttrName));
      break;
    case 22: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(charge(1, sizeof(TensorData), part.offset));
      attribute.t = std::make_unique<TensorData>();
      LLMC_CHECK(parseSparse(part, *attribute.t));
      break;
    }
    default:
      LLMC_CHECK(cursor.skip());
    }
  }
  LLMC_CHECK(parseAttributeLists(whole, counts, attribute));
  return settleType(range, counts, attribute);
}

Status ModelParser::parseAttributeLists(const WireMessage &message,
                                        const FieldCounts &counts,
                                        Attribute &attribute) {
  uint64_t offset = message.range.offset;
  if (counts[7] > 0) {
    uint64_t bytes = 0;
    LLMC_CHECK(forEachFixedRun(message, 7, 4,
                               [&](WireRange run) { bytes += run.length; }));
    LLMC_CHECK(resize(attribute.floats, bytes / 4, offset));
    auto *to = reinterpret_cast<char *>(attribute.floats.data());
    LLMC_CHECK(forEachFixedRun(message, 7, 4, [&](WireRange run) {
      if (run.length > 0)
        std::memcpy(to, view(run).data(), run.length);
      to += run.length;
    }));
  }
  if (counts[8] > 0) {
    LLMC_TRY(uint64_t count, countVarints(message, 8));
    LLMC_CHECK(reserve(attribute.ints, count, offset));
    LLMC_CHECK(forEachVarint(message, 8, [&](uint64_t value) {
      attribute.ints.push_back(static_cast<int64_t>(value));
    }));
  }
  return Status::ok();
}

Status ModelParser::settleType(WireRange range, const FieldCounts &counts,
                               Attribute &attribute) {
  auto bad = [&](std::string why) {
    return Error{Code::BadModel,
                 "attribute " + quoted(attribute.name) + " is not valid",
                 "byte " + std::to_string(range.offset), std::move(why), ""};
  };
  if (attribute.name.empty())
    return bad("it has no name");
  if (!attribute.refAttrName.empty())
    return Status::ok();

  unsigned kinds = 0;
  AttrType present = AttrType::Undefined;
  for (const ValueField &value : valueFields)
    if (counts[value.field] > 0) {
      ++kinds;
      present = value.type;
    }
  // Files of the first IR version do not say the type.
  if (attribute.type == AttrType::Undefined) {
    if (kinds != 1)
      return bad(kinds == 0 ? "it has neither a type nor a value"
                            : "it has several values and no type");
    attribute.type = present;
  }
  for (const ValueField &value : valueFields) {
    // Zeros of the scalar fields are written by some although not in use.
    if (value.field > 4 && counts[value.field] > 0 &&
        value.type != attribute.type)
      return bad("its type is " + attrTypeName(attribute.type) +
                 " but it holds a value of type " + attrTypeName(value.type));
    bool single = attribute.type == AttrType::Tensor ||
                  attribute.type == AttrType::Graph ||
                  attribute.type == AttrType::TypeProto ||
                  attribute.type == AttrType::SparseTensor;
    if (single && value.type == attribute.type && counts[value.field] == 0)
      return bad("its type is " + attrTypeName(attribute.type) +
                 " but it holds none");
  }
  if (attribute.type == AttrType::SparseTensors)
    return Error{Code::UnsupportedType,
                 "attribute " + quoted(attribute.name) + " is not supported",
                 "byte " + std::to_string(range.offset),
                 "it is a list of sparse tensors", ""};
  if (attribute.type == AttrType::SparseTensor)
    attribute.type = AttrType::Tensor;
  return Status::ok();
}

} // namespace llmc::onnx
