/// Walks the fields of one protobuf message.
#ifndef LLMC_FRONTENDS_ONNX_READER_WIRECURSOR_H
#define LLMC_FRONTENDS_ONNX_READER_WIRECURSOR_H

#include "runtime/support/Error.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <google/protobuf/io/coded_stream.h>
#include <span>

namespace llmc::onnx {

/// How a field's value is written.
enum class WireType : uint8_t {
  Varint = 0,
  Fixed64 = 1,
  Bytes = 2, ///< Length, then as many bytes: strings, messages, packed lists.
  GroupBegin = 3,
  GroupEnd = 4,
  Fixed32 = 5,
};

/// A run of bytes of the model file, already checked to lie in it.
struct WireRange {
  uint64_t offset = 0;
  uint64_t length = 0;
};

/// One protobuf message: where it lies and what errors call it.
struct WireMessage {
  std::span<const std::byte> file;
  WireRange range;
  const char *name; ///< For example `NodeProto`.
};

/// Reads the fields of a message, one after another. After next() the value is
/// read by the function for its type or passed over by skip(). Every error is
/// NotOnnx and names the byte.
///
/// protobuf's CodedInputStream does the decoding; it counts in int, so a range
/// must be shorter than 2 GiB, as every protobuf message is.
class WireCursor {
public:
  explicit WireCursor(const WireMessage &message);

  /// Goes to the next field; false at the end of the message.
  Result<bool> next();

  uint32_t field() const { return fieldNumber; }
  WireType type() const { return wireType; }
  /// The byte of the file at which the current field begins.
  uint64_t fieldOffset() const { return fieldBegin; }

  Result<uint64_t> readVarint();
  Result<uint32_t> readFixed32();
  Result<uint64_t> readFixed64();
  /// The bytes of a string, a message or a packed list.
  Result<WireRange> readBytes();
  /// The bytes of a float or double and their place.
  Result<WireRange> readFixedRange(unsigned width);
  /// Passes over the value, whatever it is.
  Status skip();

  /// Values without a field before them, for packed lists.
  Result<uint64_t> readBareVarint();
  bool atEnd();

  /// An error at the current field.
  Error error(std::string why) const;

private:
  Status expect(WireType wanted);
  Error cutShort() const;
  uint64_t position() const;
  Result<WireRange> lengthAndBytes();

  google::protobuf::io::CodedInputStream stream;
  const char *message;
  uint64_t begin;
  uint64_t end;
  uint64_t fieldBegin;
  uint32_t fieldNumber = 0;
  WireType wireType = WireType::Varint;
};

/// How often each field of a message occurs, to allocate lists once and
/// exactly. Fields of number 32 and above are not counted.
using FieldCounts = std::array<uint64_t, 32>;

/// Counts the fields of a message without looking at their values.
Result<FieldCounts> countFields(const WireMessage &message);

/// The values of a repeated integer field, packed or not.
Result<uint64_t> countVarints(const WireMessage &message, uint32_t field);
/// Calls \p each with every one of them in order.
Status forEachVarint(const WireMessage &message, uint32_t field,
                     const std::function<void(uint64_t)> &each);

/// Where the values of a repeated float or double field lie: one run of bytes
/// per packed list, or per value where they are not packed. A run is a whole
/// number of values of \p width bytes.
Status forEachFixedRun(const WireMessage &message, uint32_t field,
                       unsigned width,
                       const std::function<void(WireRange)> &each);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_READER_WIRECURSOR_H
