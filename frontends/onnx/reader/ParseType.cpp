#include "frontends/onnx/reader/ModelParser.h"

namespace llmc::onnx {

Status ModelParser::parseValueInfo(WireRange range, ValueInfo &info) {
  WireCursor cursor(message(range, "ValueInfoProto"));
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    if (cursor.field() == 1) {
      LLMC_CHECK(readString(cursor, info.name));
    } else if (cursor.field() == 2) {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(parseType(part, info.type));
    } else {
      LLMC_CHECK(cursor.skip());
    }
  }
}

Status ModelParser::parseType(WireRange range, ValueType &type) {
  WireCursor cursor(message(range, "TypeProto"));
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    using Kind = ValueType::Kind;
    Kind kind;
    switch (cursor.field()) {
    case 1:
      kind = Kind::Tensor;
      break;
    case 4:
      kind = Kind::Sequence;
      break;
    case 5:
      kind = Kind::Map;
      break;
    case 7:
      kind = Kind::Opaque;
      break;
    case 8:
      kind = Kind::SparseTensor;
      break;
    case 9:
      kind = Kind::Optional;
      break;
    default:
      LLMC_CHECK(cursor.skip());
      continue;
    }
    LLMC_TRY(WireRange part, cursor.readBytes());
    if (type.kind != Kind::None && type.kind != kind)
      return cursor.error("a value has two types");
    type.kind = kind;
    if (kind == Kind::Tensor || kind == Kind::SparseTensor)
      LLMC_CHECK(parseTensorType(part, type));
  }
}

Status ModelParser::parseTensorType(WireRange range, ValueType &type) {
  WireCursor cursor(message(range, "TypeProto.Tensor"));
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    if (cursor.field() == 1) {
      LLMC_TRY(uint64_t value, cursor.readVarint());
      type.elem = static_cast<ElemType>(static_cast<int32_t>(value));
    } else if (cursor.field() == 2) {
      LLMC_TRY(WireRange part, cursor.readBytes());
      if (type.shape)
        return cursor.error("a tensor type has two shapes");
      LLMC_CHECK(parseShape(part, type.shape.emplace()));
    } else {
      LLMC_CHECK(cursor.skip());
    }
  }
}

Status ModelParser::parseShape(WireRange range, std::vector<Dim> &shape) {
  WireMessage whole = message(range, "TensorShapeProto");
  LLMC_TRY(FieldCounts counts, countFields(whole));
  LLMC_CHECK(reserve(shape, counts[1], range.offset));
  WireCursor cursor(whole);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    if (cursor.field() == 1) {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(parseDim(part, shape.emplace_back()));
    } else {
      LLMC_CHECK(cursor.skip());
    }
  }
}

Status ModelParser::parseDim(WireRange range, Dim &dim) {
  WireCursor cursor(message(range, "TensorShapeProto.Dimension"));
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    // The two are a oneof: the later one counts.
    if (cursor.field() == 1) {
      LLMC_TRY(uint64_t value, cursor.readVarint());
      auto number = static_cast<int64_t>(value);
      dim.param.clear();
      dim.value.reset();
      if (number >= 0)
        dim.value = number;
    } else if (cursor.field() == 2) {
      LLMC_CHECK(readString(cursor, dim.param));
      dim.value.reset();
    } else {
      LLMC_CHECK(cursor.skip());
    }
  }
}

} // namespace llmc::onnx
