#include "frontends/onnx/reader/ModelParser.h"

#include "frontends/onnx/reader/Messages.h"

namespace llmc::onnx {

Status ModelParser::charge(uint64_t count, uint64_t size, uint64_t offset) {
  if (budget.charge(count, size))
    return Status::ok();
  return Error{Code::TooLarge, "the model asks for too much memory",
               "byte " + std::to_string(offset),
               std::to_string(count) + " items of " + std::to_string(size) +
                   " bytes exceed what is left of twice the file's length "
                   "plus 64 MiB",
               ""};
}

std::string_view ModelParser::view(WireRange range) const {
  return {reinterpret_cast<const char *>(file.data()) + range.offset,
          static_cast<size_t>(range.length)};
}

Status ModelParser::readString(WireCursor &cursor, std::string &text) {
  LLMC_TRY(WireRange range, cursor.readBytes());
  // Shorter strings live within std::string.
  if (range.length > 15)
    LLMC_CHECK(charge(range.length + 1, 1, range.offset));
  text = std::string(view(range));
  return Status::ok();
}

Status ModelParser::readDomain(WireCursor &cursor, std::string &domain) {
  LLMC_CHECK(readString(cursor, domain));
  if (domain == "ai.onnx")
    domain.clear();
  return Status::ok();
}

Status ModelParser::appendString(WireCursor &cursor,
                                 std::vector<std::string> &list) {
  list.emplace_back();
  return readString(cursor, list.back());
}

Status ModelParser::parseModel() {
  WireMessage whole = message({0, file.size()}, "ModelProto");
  LLMC_TRY(FieldCounts counts, countFields(whole));
  LLMC_CHECK(reserve(model.opsetImports, counts[8], 0));
  LLMC_CHECK(reserve(model.metadata, counts[14], 0));
  LLMC_CHECK(reserve(model.functions, counts[25], 0));
  if (counts[7] > 1)
    return Error{Code::BadModel, "the model has more than one graph", "",
                 "field 7 of ModelProto occurs " + std::to_string(counts[7]) +
                     " times",
                 ""};

  WireCursor cursor(whole);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      break;
    switch (cursor.field()) {
    case 1: {
      LLMC_TRY(uint64_t value, cursor.readVarint());
      model.irVersion = static_cast<int64_t>(value);
      break;
    }
    case 2:
      LLMC_CHECK(readString(cursor, model.producerName));
      break;
    case 3:
      LLMC_CHECK(readString(cursor, model.producerVersion));
      break;
    case 4:
      LLMC_CHECK(readString(cursor, model.domain));
      break;
    case 5: {
      LLMC_TRY(uint64_t value, cursor.readVarint());
      model.modelVersion = static_cast<int64_t>(value);
      break;
    }
    case 7: {
      LLMC_TRY(WireRange range, cursor.readBytes());
      LLMC_CHECK(parseGraph(range, 1, model.graph));
      break;
    }
    case 8: {
      LLMC_TRY(WireRange range, cursor.readBytes());
      LLMC_CHECK(parseOpset(range, model.opsetImports.emplace_back()));
      break;
    }
    case 14: {
      LLMC_TRY(WireRange range, cursor.readBytes());
      LLMC_CHECK(parsePair(range, model.metadata.emplace_back()));
      break;
    }
    case 25: {
      LLMC_TRY(WireRange range, cursor.readBytes());
      LLMC_CHECK(parseFunction(range, model.functions.emplace_back()));
      break;
    }
    default:
      LLMC_CHECK(cursor.skip());
    }
  }
  if (model.irVersion < 1)
    return Error{Code::NotOnnx, "the file is not a valid ONNX model", "",
                 "it does not say which version of the IR it follows", ""};
  if (counts[7] == 0)
    return Error{Code::NotOnnx, "the file is not a valid ONNX model", "",
                 "it holds no graph", ""};
  return Status::ok();
}

Status ModelParser::parseFunction(WireRange range, Function &function) {
  WireMessage whole = message(range, "FunctionProto");
  LLMC_TRY(FieldCounts counts, countFields(whole));
  LLMC_CHECK(reserve(function.inputs, counts[4], range.offset));
  LLMC_CHECK(reserve(function.outputs, counts[5], range.offset));
  LLMC_CHECK(reserve(function.attributes, counts[6], range.offset));
  LLMC_CHECK(reserve(function.nodes, counts[7], range.offset));
  LLMC_CHECK(reserve(function.opsetImports, counts[9], range.offset));
  LLMC_CHECK(reserve(function.attributeDefaults, counts[11], range.offset));
  LLMC_CHECK(reserve(function.valueInfos, counts[12], range.offset));

  WireCursor cursor(whole);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    switch (cursor.field()) {
    case 1:
      LLMC_CHECK(readString(cursor, function.name));
      break;
    case 4:
      LLMC_CHECK(appendString(cursor, function.inputs));
      break;
    case 5:
      LLMC_CHECK(appendString(cursor, function.outputs));
      break;
    case 6:
      LLMC_CHECK(appendString(cursor, function.attributes));
      break;
    case 7: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(parseNode(part, 1, function.nodes.emplace_back()));
      break;
    }
    case 9: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(parseOpset(part, function.opsetImports.emplace_back()));
      break;
    }
    case 10:
      LLMC_CHECK(readDomain(cursor, function.domain));
      break;
    case 11: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(
          parseAttribute(part, 1, function.attributeDefaults.emplace_back()));
      break;
    }
    case 12: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(parseValueInfo(part, function.valueInfos.emplace_back()));
      break;
    }
    case 13:
      LLMC_CHECK(readString(cursor, function.overload));
      break;
    default:
      LLMC_CHECK(cursor.skip());
    }
  }
}

Status ModelParser::parseOpset(WireRange range, OpsetImport &import) {
  WireCursor cursor(message(range, "OperatorSetIdProto"));
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    if (cursor.field() == 1) {
      LLMC_CHECK(readDomain(cursor, import.domain));
    } else if (cursor.field() == 2) {
      LLMC_TRY(uint64_t value, cursor.readVarint());
      import.version = static_cast<int64_t>(value);
    } else {
      LLMC_CHECK(cursor.skip());
    }
  }
}

Status ModelParser::parsePair(WireRange range, StringPair &pair) {
  WireCursor cursor(message(range, "StringStringEntryProto"));
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    if (cursor.field() == 1)
      LLMC_CHECK(readString(cursor, pair.key));
    else if (cursor.field() == 2)
      LLMC_CHECK(readString(cursor, pair.value));
    else
      LLMC_CHECK(cursor.skip());
  }
}

} // namespace llmc::onnx
