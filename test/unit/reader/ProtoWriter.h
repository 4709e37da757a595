/// Writes protobuf by hand, so that tests decide every byte that the reader
/// sees, and names the parts of ONNX that they use.
#ifndef LLMC_TEST_UNIT_READER_PROTOWRITER_H
#define LLMC_TEST_UNIT_READER_PROTOWRITER_H

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::test {

/// One message under construction.
class Proto {
public:
  Proto &varint(uint32_t field, uint64_t value) {
    tag(field, 0);
    bare(value);
    return *this;
  }
  Proto &fixed32(uint32_t field, float value) {
    tag(field, 5);
    data.append(reinterpret_cast<const char *>(&value), sizeof value);
    return *this;
  }
  Proto &fixed64(uint32_t field, double value) {
    tag(field, 1);
    data.append(reinterpret_cast<const char *>(&value), sizeof value);
    return *this;
  }
  Proto &bytes(uint32_t field, std::string_view value) {
    tag(field, 2);
    bare(value.size());
    data.append(value);
    return *this;
  }
  Proto &message(uint32_t field, const Proto &value) {
    return bytes(field, value.data);
  }
  Proto &packed(uint32_t field, std::initializer_list<int64_t> values) {
    Proto list;
    for (int64_t value : values)
      list.bare(static_cast<uint64_t>(value));
    return bytes(field, list.data);
  }
  template <typename T>
  Proto &packedFixed(uint32_t field, std::initializer_list<T> values) {
    return bytes(field, {reinterpret_cast<const char *>(values.begin()),
                         values.size() * sizeof(T)});
  }
  /// A field number and a wire type, with nothing after them.
  Proto &tag(uint32_t field, unsigned wireType) {
    bare(uint64_t(field) << 3 | wireType);
    return *this;
  }
  /// A varint without a field.
  Proto &bare(uint64_t value) {
    for (; value >= 128; value >>= 7)
      data += static_cast<char>(value | 128);
    data += static_cast<char>(value);
    return *this;
  }
  Proto &raw(std::string_view value) {
    data.append(value);
    return *this;
  }

  std::string data;
};

inline std::span<const std::byte> asBytes(std::string_view text) {
  return {reinterpret_cast<const std::byte *>(text.data()), text.size()};
}

inline Proto dim(int64_t value) {
  return Proto().varint(1, static_cast<uint64_t>(value));
}
inline Proto dim(const char *symbol) { return Proto().bytes(2, symbol); }

/// A ValueInfoProto of a tensor.
inline Proto value(std::string_view name, int elemType,
                   const std::vector<Proto> &dims) {
  Proto shape;
  for (const Proto &d : dims)
    shape.message(1, d);
  Proto type =
      Proto().message(1, Proto().varint(1, elemType).message(2, shape));
  return Proto().bytes(1, name).message(2, type);
}

/// A TensorProto without values.
inline Proto tensor(std::string_view name, int elemType,
                    std::initializer_list<int64_t> dims) {
  Proto result;
  for (int64_t d : dims)
    result.varint(1, static_cast<uint64_t>(d));
  return result.varint(2, elemType).bytes(8, name);
}

/// A TensorProto of external data.
inline Proto externalTensor(std::string_view name, int elemType,
                            std::initializer_list<int64_t> dims,
                            std::string_view location,
                            std::string_view offset = "",
                            std::string_view length = "") {
  Proto result = tensor(name, elemType, dims);
  auto entry = [&](std::string_view key, std::string_view text) {
    result.message(13, Proto().bytes(1, key).bytes(2, text));
  };
  entry("location", location);
  if (!offset.empty())
    entry("offset", offset);
  if (!length.empty())
    entry("length", length);
  return result.varint(14, 1);
}

/// A NodeProto.
inline Proto node(std::string_view op,
                  std::initializer_list<std::string_view> inputs,
                  std::initializer_list<std::string_view> outputs) {
  Proto result;
  for (std::string_view input : inputs)
    result.bytes(1, input);
  for (std::string_view output : outputs)
    result.bytes(2, output);
  return result.bytes(4, op);
}

/// An AttributeProto of the given type, without its value.
inline Proto attribute(std::string_view name, int type) {
  return Proto().bytes(1, name).varint(20, type);
}

/// A ModelProto around a GraphProto: IR version 8, opset 18.
inline Proto model(const Proto &graph) {
  return Proto()
      .varint(1, 8)
      .message(8, Proto().varint(2, 18))
      .message(7, graph);
}

/// x [1, N] float → Relu → y.
inline Proto reluGraph() {
  return Proto()
      .bytes(2, "relu")
      .message(11, value("x", 1, {dim(1), dim("N")}))
      .message(12, value("y", 1, {dim(1), dim("N")}))
      .message(1, node("Relu", {"x"}, {"y"}));
}

} // namespace llmc::test

#endif // LLMC_TEST_UNIT_READER_PROTOWRITER_H
