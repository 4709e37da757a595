/// An ONNX model as checked plain structs: what the reader hands to the
/// builder. Nothing here knows protobuf, MLIR or LLVM.
///
/// Tensors are not loaded: a TensorData says where its bytes lie in a mapped
/// file, and Model::bytes() gives them. Only what the file stores as varints
/// (int32_data, int64_data, ...) is decoded into memory.
#ifndef LLMC_FRONTENDS_ONNX_READER_ONNXMODEL_H
#define LLMC_FRONTENDS_ONNX_READER_ONNXMODEL_H

#include "runtime/support/Error.h"
#include "runtime/support/File.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::onnx {

/// Element types by their ONNX number (TensorProto.DataType). A number that
/// is not listed is kept as it stands in the file.
enum class ElemType : int32_t {
  Undefined = 0,
  Float = 1,
  Uint8 = 2,
  Int8 = 3,
  Uint16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  Uint32 = 12,
  Uint64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  Bfloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  Uint4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  Uint2 = 25,
  Int2 = 26,
};

/// `float`, `int64`, `float8e4m3fn`, ...; `type 99` for an unknown number.
std::string elemTypeName(ElemType type);
/// Bits of one element; 0 for strings, Undefined and unknown numbers.
unsigned elemBitWidth(ElemType type);

/// One dimension of a declared shape: a number, a symbol, or nothing.
/// Negative numbers, which some exporters write for "unknown", read as nothing.
struct Dim {
  std::optional<int64_t> value; ///< At least 0.
  std::string param; ///< The symbol's name; empty where there is none.
};

/// The declared type of a value.
struct ValueType {
  enum class Kind : uint8_t {
    None, ///< Not declared.
    Tensor,
    SparseTensor,
    Sequence,
    Map,
    Optional,
    Opaque,
  };
  Kind kind = Kind::None;
  ElemType elem = ElemType::Undefined;   ///< Tensor and SparseTensor only.
  std::optional<std::vector<Dim>> shape; ///< nullopt: the rank is unknown.
};

/// A run of bytes of one of the model's files.
struct ByteRange {
  uint32_t file = 0;   ///< Index in Model::files; 0 is the model file itself.
  uint64_t offset = 0; ///< In bytes.
  uint64_t length = 0; ///< In bytes; offset + length lies within the file.
};

/// A constant tensor. The reader has checked that the bytes are as many as
/// type and dims call for. Elements are little-endian, row-major; types below
/// 8 bits are packed from the low bits up with no padding but in the last byte.
struct TensorData {
  enum class Storage : uint8_t {
    InFile,  ///< `range`.
    Owned,   ///< `owned`: decoded by the reader.
    Strings, ///< `strings`: ElemType::String only.
  };
  std::string name;
  ElemType type = ElemType::Undefined;
  Storage storage = Storage::Owned;
  std::vector<int64_t> dims; ///< All at least 0; empty for a scalar.
  uint64_t count = 0;        ///< Product of dims; fits int64_t.
  ByteRange range;
  std::vector<std::byte> owned;
  std::vector<std::string_view> strings; ///< [count], alive with the Model.
  uint64_t fileOffset = 0; ///< Where the tensor stands in the model file.

  /// Bytes of the data, 0 for strings. What Model::bytes() returns has this
  /// size.
  uint64_t byteSize() const {
    return storage == Storage::InFile ? range.length : owned.size();
  }
};

/// Bytes that \p count elements of \p type take, the last byte padded. Error:
/// TooLarge where that exceeds int64_t. 0 for types of no known width.
Result<uint64_t> packedByteSize(ElemType type, uint64_t count);

struct Graph;

/// Kinds of attribute by their ONNX number (AttributeProto.AttributeType).
enum class AttrType : int32_t {
  Undefined = 0,
  Float = 1,
  Int = 2,
  String = 3,
  Tensor = 4,
  Graph = 5,
  Floats = 6,
  Ints = 7,
  Strings = 8,
  Tensors = 9,
  Graphs = 10,
  SparseTensor = 11,
  SparseTensors = 12,
  TypeProto = 13,
  TypeProtos = 14,
};

/// `int`, `floats`, `graph`, ...; `kind 99` for an unknown number.
std::string attrTypeName(AttrType type);

/// An attribute of a node, or a function's default for one. `type` is Undefined
/// at most where refAttrName is set: files that leave it out have it derived
/// from the value. A sparse tensor arrives dense, with type Tensor.
struct Attribute {
  Attribute();
  Attribute(Attribute &&) noexcept;
  Attribute &operator=(Attribute &&) noexcept;
  ~Attribute();

  std::string name;
  AttrType type = AttrType::Undefined;
  float f = 0;
  int64_t i = 0;
  std::string s;                 ///< Any bytes, not only text.
  std::unique_ptr<TensorData> t; ///< Set if Tensor and no refAttrName.
  std::unique_ptr<Graph> g;      ///< Set if Graph and no refAttrName.
  std::unique_ptr<ValueType> tp; ///< Set if TypeProto and no refAttrName.
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::vector<TensorData> tensors;
  std::vector<Graph> graphs;
  /// In a function body: take the value of the call's attribute of this name.
  std::string refAttrName;
};

/// A key and a value of metadata.
struct StringPair {
  std::string key;
  std::string value;
};

/// One node of a graph or of a function.
struct Node {
  std::string name; ///< Often empty; not unique.
  std::string opType;
  std::string domain;              ///< `ai.onnx` is read as the empty string.
  std::string overload;            ///< Of a model-local function; mostly empty.
  std::vector<std::string> inputs; ///< Empty name: an input left out.
  std::vector<std::string> outputs; ///< Empty name: a result not wanted.
  std::vector<Attribute> attributes;
  /// For example `namespace` or `pkg.torch.onnx.name_scopes`: the source layer.
  std::vector<StringPair> metadata;
  uint64_t fileOffset = 0; ///< Where the node stands in the model file.

  /// The attribute of this name, or nullptr.
  const Attribute *attribute(std::string_view attributeName) const;
  /// The metadata value of this key, or an empty view.
  std::string_view metadataValue(std::string_view key) const;
};

/// A named value with its declared type.
struct ValueInfo {
  std::string name;
  ValueType type;
};

/// A graph: the model's own, or a body of If, Loop or Scan. Every value that a
/// node reads is made in this graph or an enclosing one; no name is made twice
/// (but an initializer may carry the name of an input: it is its default).
/// Nodes stand in the file's order, see topologicalOrder().
struct Graph {
  std::string name;
  std::vector<Node> nodes;
  std::vector<TensorData> initializers; ///< Sparse ones too, made dense.
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  std::vector<ValueInfo> valueInfos;
};

/// The version of an operator set that is imported.
struct OpsetImport {
  std::string domain; ///< `ai.onnx` is read as the empty string.
  int64_t version = 0;
};

/// A model-local function. Its body reads its inputs and what it makes.
/// Functions call each other in no circle.
struct Function {
  std::string domain;
  std::string name;
  std::string overload;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<std::string> attributes;      ///< Those without a default.
  std::vector<Attribute> attributeDefaults; ///< Those with one.
  std::vector<Node> nodes;
  std::vector<OpsetImport> opsetImports;
  std::vector<ValueInfo> valueInfos;
};

/// One file that the model's tensors lie in.
struct ModelFile {
  std::string path;
  MappedFile map; ///< Empty for a model read from memory.
  std::span<const std::byte> bytes;
};

/// A whole model. Moving it keeps every view into it valid.
struct Model {
  int64_t irVersion = 0;
  std::string producerName;
  std::string producerVersion;
  std::string domain;
  int64_t modelVersion = 0;
  /// ONNX's own domain is here if any node is of it; another may be missing.
  std::vector<OpsetImport> opsetImports;
  std::vector<StringPair> metadata;
  Graph graph;
  std::vector<Function> functions;
  std::vector<ModelFile> files; ///< [0] is the model file.

  /// The bytes of \p tensor, wherever they lie; not aligned to the element.
  /// Empty for strings.
  std::span<const std::byte> bytes(const TensorData &tensor) const;
  /// The imported version of \p opsetDomain ("" for ONNX's own).
  std::optional<int64_t> opsetVersion(std::string_view opsetDomain) const;
  /// The metadata value of this key, or an empty view.
  std::string_view metadataValue(std::string_view key) const;
};

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_READER_ONNXMODEL_H
