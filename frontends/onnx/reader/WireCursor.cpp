#include "frontends/onnx/reader/WireCursor.h"

#include <array>

namespace llmc::onnx {

namespace {

/// Groups are long out of use in protobuf, but an unknown field may be one.
constexpr unsigned maxGroupDepth = 32;

} // namespace

WireCursor::WireCursor(const WireMessage &message)
    : stream(reinterpret_cast<const uint8_t *>(message.file.data()) +
                 message.range.offset,
             static_cast<int>(message.range.length)),
      message(message.name), begin(message.range.offset),
      end(message.range.offset + message.range.length),
      fieldBegin(message.range.offset) {}

uint64_t WireCursor::position() const {
  return begin + static_cast<uint64_t>(stream.CurrentPosition());
}

Error WireCursor::error(std::string why) const {
  return Error{Code::NotOnnx, "the file is not a valid ONNX model",
               "byte " + std::to_string(fieldBegin) + ", in " + message,
               std::move(why), ""};
}

Error WireCursor::cutShort() const {
  return error("field " + std::to_string(fieldNumber) +
               " reaches beyond the end of its message at byte " +
               std::to_string(end) + " or is malformed");
}

Result<bool> WireCursor::next() {
  fieldBegin = position();
  if (fieldBegin == end)
    return false;
  uint32_t tag = stream.ReadTag();
  fieldNumber = tag >> 3;
  unsigned type = tag & 7;
  if (fieldNumber == 0)
    return error("no field begins here");
  if (type > 5)
    return error("field " + std::to_string(fieldNumber) +
                 " has the wire type " + std::to_string(type) +
                 ", which protobuf does not have");
  wireType = static_cast<WireType>(type);
  return true;
}

Status WireCursor::expect(WireType wanted) {
  if (wireType == wanted)
    return Status::ok();
  return error("field " + std::to_string(fieldNumber) + " has the wire type " +
               std::to_string(static_cast<unsigned>(wireType)) +
               " where ONNX has " +
               std::to_string(static_cast<unsigned>(wanted)));
}

Result<uint64_t> WireCursor::readBareVarint() {
  uint64_t value;
  if (!stream.ReadVarint64(&value))
    return cutShort();
  return value;
}

bool WireCursor::atEnd() { return position() == end; }

Result<uint64_t> WireCursor::readVarint() {
  LLMC_CHECK(expect(WireType::Varint));
  return readBareVarint();
}

Result<uint32_t> WireCursor::readFixed32() {
  LLMC_CHECK(expect(WireType::Fixed32));
  uint32_t value;
  if (!stream.ReadLittleEndian32(&value))
    return cutShort();
  return value;
}

Result<uint64_t> WireCursor::readFixed64() {
  LLMC_CHECK(expect(WireType::Fixed64));
  uint64_t value;
  if (!stream.ReadLittleEndian64(&value))
    return cutShort();
  return value;
}

Result<WireRange> WireCursor::readFixedRange(unsigned width) {
  LLMC_CHECK(expect(width == 4 ? WireType::Fixed32 : WireType::Fixed64));
  uint64_t at = position();
  if (width > end - at || !stream.Skip(static_cast<int>(width)))
    return cutShort();
  return WireRange{at, width};
}

Result<WireRange> WireCursor::lengthAndBytes() {
  uint64_t length;
  if (!stream.ReadVarint64(&length))
    return cutShort();
  uint64_t at = position();
  if (length > end - at)
    return error("field " + std::to_string(fieldNumber) + " claims " +
                 std::to_string(length) + " bytes where " +
                 std::to_string(end - at) + " remain");
  // Within the range, hence below 2 GiB.
  if (!stream.Skip(static_cast<int>(length)))
    return cutShort();
  return WireRange{at, length};
}

Result<WireRange> WireCursor::readBytes() {
  LLMC_CHECK(expect(WireType::Bytes));
  return lengthAndBytes();
}

Status WireCursor::skip() {
  // The groups that are open, by field number.
  std::array<uint32_t, maxGroupDepth> open;
  unsigned depth = 0;
  uint32_t number = fieldNumber;
  WireType type = wireType;
  while (true) {
    uint64_t value64;
    uint32_t value32;
    bool good = true;
    switch (type) {
    case WireType::Varint:
      good = stream.ReadVarint64(&value64);
      break;
    case WireType::Fixed64:
      good = stream.ReadLittleEndian64(&value64);
      break;
    case WireType::Fixed32:
      good = stream.ReadLittleEndian32(&value32);
      break;
    case WireType::Bytes:
      if (auto range = lengthAndBytes(); !range)
        return range.takeError();
      break;
    case WireType::GroupBegin:
      if (depth == maxGroupDepth)
        return error("groups are nested too deeply");
      open[depth++] = number;
      break;
    case WireType::GroupEnd:
      if (depth == 0 || open[--depth] != number)
        return error("a group ends that was not begun");
      break;
    }
    if (!good)
      return cutShort();
    if (depth == 0)
      return Status::ok();
    uint32_t tag = stream.ReadTag();
    number = tag >> 3;
    if (number == 0 || (tag & 7) > 5)
      return cutShort();
    type = static_cast<WireType>(tag & 7);
  }
}

Result<FieldCounts> countFields(const WireMessage &message) {
  FieldCounts counts = {};
  WireCursor cursor(message);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return counts;
    if (cursor.field() < counts.size())
      ++counts[cursor.field()];
    LLMC_CHECK(cursor.skip());
  }
}

Result<uint64_t> countVarints(const WireMessage &message, uint32_t field) {
  uint64_t count = 0;
  WireCursor cursor(message);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return count;
    if (cursor.field() != field || cursor.type() != WireType::Bytes) {
      count += cursor.field() == field;
      LLMC_CHECK(cursor.skip());
      continue;
    }
    LLMC_TRY(WireRange list, cursor.readBytes());
    // The last byte of a varint is the one without the high bit.
    for (std::byte b : message.file.subspan(list.offset, list.length))
      count += static_cast<uint8_t>(b) < 128;
  }
}

Status forEachVarint(const WireMessage &message, uint32_t field,
                     const std::function<void(uint64_t)> &each) {
  WireCursor cursor(message);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    if (cursor.field() != field) {
      LLMC_CHECK(cursor.skip());
    } else if (cursor.type() == WireType::Bytes) {
      LLMC_TRY(WireRange range, cursor.readBytes());
      WireCursor list({message.file, range, message.name});
      while (!list.atEnd()) {
        LLMC_TRY(uint64_t value, list.readBareVarint());
        each(value);
      }
    } else {
      LLMC_TRY(uint64_t value, cursor.readVarint());
      each(value);
    }
  }
}

Status forEachFixedRun(const WireMessage &message, uint32_t field,
                       unsigned width,
                       const std::function<void(WireRange)> &each) {
  WireCursor cursor(message);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      return Status::ok();
    if (cursor.field() != field) {
      LLMC_CHECK(cursor.skip());
    } else if (cursor.type() == WireType::Bytes) {
      LLMC_TRY(WireRange range, cursor.readBytes());
      if (range.length % width != 0)
        return cursor.error("a packed list of " + std::to_string(width) +
                            "-byte values has " + std::to_string(range.length) +
                            " bytes");
      each(range);
    } else {
      LLMC_TRY(WireRange range, cursor.readFixedRange(width));
      each(range);
    }
  }
}

} // namespace llmc::onnx
