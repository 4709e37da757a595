#include "runtime/support/Error.h"

#include <charconv>

namespace llmc {

const std::vector<CodeInfo> &allCodes() {
  static const std::vector<CodeInfo> table = {
#define LLMC_ERROR(NUMBER, NAME, EXIT, TITLE, EXPLANATION)                     \
  {Code::NAME, EXIT, TITLE, EXPLANATION},
#include "runtime/support/ErrorCodes.def"
  };
  return table;
}

const CodeInfo &codeInfo(Code code) {
  for (const CodeInfo &info : allCodes())
    if (info.code == code)
      return info;
  return codeInfo(Code::Internal);
}

std::optional<Code> parseCode(std::string_view text) {
  for (std::string_view prefix : {"LLMC-", "llmc-", "E", "e"})
    if (text.substr(0, prefix.size()) == prefix)
      text.remove_prefix(prefix.size());
  unsigned number = 0;
  auto [end, status] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  for (const CodeInfo &info : allCodes())
    if (static_cast<unsigned>(info.code) == number)
      return info.code;
  return std::nullopt;
}

std::string codeName(Code code) {
  return "LLMC-E" + std::to_string(static_cast<unsigned>(code));
}

std::string Error::advice() const {
  if (!fix.empty() || code == Code::Interrupted)
    return fix;
  if (exit() == Exit::Internal)
    return "please report it with the command line";
  return "`llmc explain " + codeName(code) + "` tells more";
}

/// Names come from files: what moves the cursor or changes colours of a
/// terminal is spelled out. Lines stay lines.
static std::string printable(const std::string &text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string result;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte >= 0x20 || c == '\n') && byte != 0x7f)
      result += c;
    else
      result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  }
  return result;
}

std::string Error::render() const {
  std::string text = "error: " + printable(what) + " [" + codeName(code) + "]\n";
  auto line = [&](const char *label, const std::string &body) {
    if (body.empty())
      return;
    text += "  ";
    text += label;
    for (char c : printable(body)) {
      text += c;
      if (c == '\n')
        text += "       ";
    }
    text += '\n';
  };
  line("at:  ", where);
  line("why: ", why);
  line("try: ", advice());
  return text;
}

} // namespace llmc
