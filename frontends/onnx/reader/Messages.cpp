#include "frontends/onnx/reader/Messages.h"

namespace llmc::onnx {

std::string quoted(std::string_view text) {
  constexpr size_t longest = 200, kept = 90;
  auto escape = [](std::string_view part) {
    std::string result;
    for (char c : part) {
      auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        result += '\\';
        result += c;
      } else if (byte < 32 || byte == 127) {
        constexpr char digits[] = "0123456789abcdef";
        result += "\\x";
        result += digits[byte >> 4];
        result += digits[byte & 15];
      } else {
        result += c;
      }
    }
    return result;
  };
  if (text.size() <= longest)
    return '"' + escape(text) + '"';
  return '"' + escape(text.substr(0, kept)) + "..." +
         escape(text.substr(text.size() - kept)) + '"';
}

std::string describe(const Node &node) {
  std::string text = "node ";
  if (!node.name.empty())
    text += quoted(node.name) + ' ';
  // Quotes would only add noise here.
  auto plain = [](std::string_view part) {
    std::string inQuotes = quoted(part);
    return inQuotes.substr(1, inQuotes.size() - 2);
  };
  text += '(';
  if (!node.domain.empty())
    text += plain(node.domain) + "::";
  text += node.opType.empty() ? "no operator" : plain(node.opType);
  return text + ") at byte " + std::to_string(node.fileOffset);
}

} // namespace llmc::onnx
