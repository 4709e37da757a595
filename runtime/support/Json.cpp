#include "runtime/support/Json.h"

#include <charconv>
#include <cmath>

namespace llmc {

namespace {

/// Length of the UTF-8 sequence at the front of \p text; 0 if there is none.
size_t sequenceLength(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(0);
  if (first < 0x80)
    return 1;
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length)
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  // Longer than need be, surrogates, beyond U+10FFFF.
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
      (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f))
    return 0;
  return length;
}

} // namespace

void JsonWriter::separate() {
  if (needComma)
    out += ',';
  needComma = true;
}

JsonWriter &JsonWriter::beginObject() {
  separate();
  out += '{';
  open += '{';
  needComma = false;
  return *this;
}

JsonWriter &JsonWriter::beginArray() {
  separate();
  out += '[';
  open += '[';
  needComma = false;
  return *this;
}

JsonWriter &JsonWriter::end() {
  out += open.back() == '{' ? '}' : ']';
  open.pop_back();
  needComma = true;
  return *this;
}

JsonWriter &JsonWriter::key(std::string_view name) {
  value(name);
  out += ':';
  needComma = false;
  return *this;
}

JsonWriter &JsonWriter::value(std::string_view text) {
  separate();
  out += '"';
  while (!text.empty()) {
    unsigned char first = static_cast<unsigned char>(text[0]);
    size_t length = sequenceLength(text);
    if (first == '"' || first == '\\') {
      out += '\\';
      out += text[0];
    } else if (first == '\n') {
      out += "\\n";
    } else if (first == '\t') {
      out += "\\t";
    } else if (first < 0x20 || first == 0x7f) {
      constexpr char digits[] = "0123456789abcdef";
      out += "\\u00";
      out += digits[first >> 4];
      out += digits[first & 15];
    } else if (length == 0) {
      out += "\xef\xbf\xbd";
      length = 1;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out += '"';
  return *this;
}

JsonWriter &JsonWriter::value(int64_t number) {
  separate();
  out += std::to_string(number);
  return *this;
}

JsonWriter &JsonWriter::value(uint64_t number) {
  separate();
  out += std::to_string(number);
  return *this;
}

JsonWriter &JsonWriter::value(double number) {
  if (!std::isfinite(number))
    return null();
  separate();
  char text[32];
  auto [end, status] = std::to_chars(text, text + sizeof text, number);
  out.append(text, end);
  return *this;
}

JsonWriter &JsonWriter::value(bool truth) {
  separate();
  out += truth ? "true" : "false";
  return *this;
}

JsonWriter &JsonWriter::null() {
  separate();
  out += "null";
  return *this;
}

} // namespace llmc
