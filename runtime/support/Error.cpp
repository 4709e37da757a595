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

std::string Error::render() const {
  std::string text = "error: " + what + " [" + codeName(code) + "]\n";
  auto line = [&](const char *label, const std::string &body) {
    if (body.empty())
      return;
    text += "  ";
    text += label;
    for (char c : body) {
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
