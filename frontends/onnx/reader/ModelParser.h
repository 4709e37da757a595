/// The reader's first half: protobuf messages to structs. What can be seen
/// within one message is checked here; what needs the whole model is checked
/// in CheckModel.
#ifndef LLMC_FRONTENDS_ONNX_READER_MODELPARSER_H
#define LLMC_FRONTENDS_ONNX_READER_MODELPARSER_H

#include "frontends/onnx/reader/ExternalData.h"
#include "frontends/onnx/reader/HeapBudget.h"
#include "frontends/onnx/reader/OnnxModel.h"
#include "frontends/onnx/reader/WireCursor.h"

namespace llmc::onnx {

/// Graphs within attributes within graphs: deeper ones are refused.
constexpr unsigned maxGraphDepth = 100;

/// Fills a Model from the bytes of its files[0]. One function per message; all
/// take the message's bytes, and lists are counted before they are allocated.
class ModelParser {
public:
  /// All references must outlive the parser.
  ModelParser(Model &model, HeapBudget &budget, const std::string &folder)
      : model(model), file(model.files[0].bytes), budget(budget),
        external(folder, model, budget) {}

  Status parseModel();

private:
  // ParseModel.cpp
  Status parseFunction(WireRange range, Function &function);
  Status parseOpset(WireRange range, OpsetImport &import);
  Status parsePair(WireRange range, StringPair &pair);

  // ParseType.cpp
  Status parseValueInfo(WireRange range, ValueInfo &info);
  Status parseType(WireRange range, ValueType &type);
  Status parseTensorType(WireRange range, ValueType &type);
  Status parseShape(WireRange range, std::vector<Dim> &shape);
  Status parseDim(WireRange range, Dim &dim);

  // ParseGraph.cpp, ParseAttribute.cpp
  Status parseGraph(WireRange range, unsigned depth, Graph &graph);
  Status parseNode(WireRange range, unsigned depth, Node &node);
  Status parseAttribute(WireRange range, unsigned depth, Attribute &attribute);
  Status parseAttributeLists(const WireMessage &message,
                             const FieldCounts &counts, Attribute &attribute);
  Status settleType(WireRange range, const FieldCounts &counts,
                    Attribute &attribute);

  // ParseTensor.cpp
  Status parseTensor(WireRange range, TensorData &tensor);
  Status parseStrings(const WireMessage &message, uint64_t count,
                      TensorData &tensor);
  Status parseIntegers(const WireMessage &message, uint32_t field,
                       TensorData &tensor);
  Status parseFloats(const WireMessage &message, uint32_t field,
                     TensorData &tensor);
  Status parseReference(WireRange range, ExternalReference &reference);
  Status parseExternal(const ExternalReference &reference, TensorData &tensor);
  Status checkLength(const TensorData &tensor);

  // ParseSparse.cpp
  Status parseSparse(WireRange range, TensorData &dense);
  Status scatter(const TensorData &values, const TensorData &indices,
                 TensorData &dense);

  /// Takes heap for \p count elements; TooLarge where the budget is spent.
  Status charge(uint64_t count, uint64_t size, uint64_t offset);
  template <typename T>
  Status resize(std::vector<T> &list, uint64_t count, uint64_t offset) {
    LLMC_CHECK(charge(count, sizeof(T), offset));
    list.resize(count);
    return Status::ok();
  }
  template <typename T>
  Status reserve(std::vector<T> &list, uint64_t count, uint64_t offset) {
    LLMC_CHECK(charge(count, sizeof(T), offset));
    list.reserve(count);
    return Status::ok();
  }
  /// The current field's bytes as a string, charged.
  Status readString(WireCursor &cursor, std::string &text);
  /// The same; `ai.onnx` becomes the empty string.
  Status readDomain(WireCursor &cursor, std::string &domain);
  /// Appends; the list was reserved.
  Status appendString(WireCursor &cursor, std::vector<std::string> &list);
  std::string_view view(WireRange range) const;
  WireMessage message(WireRange range, const char *name) const {
    return {file, range, name};
  }

  Model &model;
  std::span<const std::byte> file;
  HeapBudget &budget;
  ExternalData external;
};

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_READER_MODELPARSER_H
