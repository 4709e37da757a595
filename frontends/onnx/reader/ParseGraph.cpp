#include "frontends/onnx/reader/ModelParser.h"

#include "frontends/onnx/reader/Messages.h"

namespace llmc::onnx {

Status ModelParser::parseGraph(WireRange range, unsigned depth, Graph &graph) {
  if (depth > maxGraphDepth)
    return Error{
        Code::TooLarge, "graphs are nested too deeply",
        "byte " + std::to_string(range.offset),
        "the reader follows " + std::to_string(maxGraphDepth) + " levels", ""};
  WireMessage whole = message(range, "GraphProto");
  LLMC_TRY(FieldCounts counts, countFields(whole));
  LLMC_CHECK(reserve(graph.nodes, counts[1], range.offset));
  LLMC_CHECK(reserve(graph.initializers, counts[5] + counts[15], range.offset));
  LLMC_CHECK(reserve(graph.inputs, counts[11], range.offset));
  LLMC_CHECK(reserve(graph.outputs, counts[12], range.offset));
  LLMC_CHECK(reserve(graph.valueInfos, counts[13], range.offset));

  WireCursor cursor(whole);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    uint32_t field = cursor.field();
    if (field == 2) {
      LLMC_CHECK(readString(cursor, graph.name));
      continue;
    }
    if (field != 1 && field != 5 && field != 15 && (field < 11 || field > 13)) {
      LLMC_CHECK(cursor.skip());
      continue;
    }
    LLMC_TRY(WireRange part, cursor.readBytes());
    if (field == 1)
      LLMC_CHECK(parseNode(part, depth, graph.nodes.emplace_back()));
    else if (field == 5)
      LLMC_CHECK(parseTensor(part, graph.initializers.emplace_back()));
    else if (field == 11)
      LLMC_CHECK(parseValueInfo(part, graph.inputs.emplace_back()));
    else if (field == 12)
      LLMC_CHECK(parseValueInfo(part, graph.outputs.emplace_back()));
    else if (field == 13)
      LLMC_CHECK(parseValueInfo(part, graph.valueInfos.emplace_back()));
    else
      LLMC_CHECK(parseSparse(part, graph.initializers.emplace_back()));
  }
}

/// \p error of a tensor's external data, with the node that holds it.
static Error inNode(Error error, const Node &node) {
  std::string_view name = !node.name.empty()     ? node.name
                          : node.outputs.empty() ? node.opType
                                                 : node.outputs[0];
  if (error.code == Code::ExternalDataEscapes ||
      error.code == Code::ExternalDataMissing ||
      error.code == Code::ExternalDataShort)
    error.where += ", in node " + quoted(name);
  return error;
}

Status ModelParser::parseNode(WireRange range, unsigned depth, Node &node) {
  WireMessage whole = message(range, "NodeProto");
  LLMC_TRY(FieldCounts counts, countFields(whole));
  LLMC_CHECK(reserve(node.inputs, counts[1], range.offset));
  LLMC_CHECK(reserve(node.outputs, counts[2], range.offset));
  LLMC_CHECK(reserve(node.attributes, counts[5], range.offset));
  LLMC_CHECK(reserve(node.metadata, counts[9], range.offset));
  node.fileOffset = range.offset;

  WireCursor cursor(whole);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    switch (cursor.field()) {
    case 1:
      LLMC_CHECK(appendString(cursor, node.inputs));
      break;
    case 2:
      LLMC_CHECK(appendString(cursor, node.outputs));
      break;
    case 3:
      LLMC_CHECK(readString(cursor, node.name));
      break;
    case 4:
      LLMC_CHECK(readString(cursor, node.opType));
      break;
    case 5: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      Status parsed =
          parseAttribute(part, depth, node.attributes.emplace_back());
      if (!parsed)
        return inNode(parsed.takeError(), node);
      break;
    }
    case 7:
      LLMC_CHECK(readDomain(cursor, node.domain));
      break;
    case 8:
      LLMC_CHECK(readString(cursor, node.overload));
      break;
    case 9: {
      LLMC_TRY(WireRange part, cursor.readBytes());
      LLMC_CHECK(parsePair(part, node.metadata.emplace_back()));
      break;
    }
    default:
      LLMC_CHECK(cursor.skip());
    }
  }
}

} // namespace llmc::onnx
