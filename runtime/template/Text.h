/// A string that knows which of its bytes are the template's own.
#ifndef LLMC_RUNTIME_TEMPLATE_TEXT_H
#define LLMC_RUNTIME_TEMPLATE_TEXT_H

#include <cstddef>
#include <string>
#include <string_view>

namespace llmc::chat {

/// Bytes of UTF-8, each marked as written by the template or as data (what
/// users and models wrote): only the template's bytes may become control
/// tokens, so every operation carries the marks along.
class Text {
public:
  Text() = default;
  explicit Text(std::string bytes, bool isData = false)
      : bytes(std::move(bytes)) {
    if (isData)
      marks.assign(this->bytes.size(), 1);
  }

  std::string_view view() const { return bytes; }
  size_t size() const { return bytes.size(); }
  bool empty() const { return bytes.empty(); }
  bool isData(size_t at) const { return at < marks.size() && marks[at]; }
  bool hasData() const { return marks.find('\1') != std::string::npos; }

  void append(const Text &other) {
    if (!other.marks.empty()) {
      marks.resize(bytes.size());
      marks += other.marks;
    }
    bytes += other.bytes;
    if (!marks.empty())
      marks.resize(bytes.size());
  }
  void append(std::string_view own) { append(Text(std::string(own))); }

  /// Bytes [begin, end).
  Text slice(size_t begin, size_t end) const {
    Text part;
    part.bytes = bytes.substr(begin, end - begin);
    if (begin < marks.size())
      part.marks = marks.substr(begin, end - begin);
    return part;
  }

private:
  std::string bytes;
  std::string marks; // [bytes] 1: data. Empty or short: the rest is not.
};

} // namespace llmc::chat

#endif // LLMC_RUNTIME_TEMPLATE_TEXT_H
