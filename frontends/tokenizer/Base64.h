/// Base64 (RFC 4648, section 4), from untrusted text.
#ifndef LLMC_FRONTENDS_TOKENIZER_BASE64_H
#define LLMC_FRONTENDS_TOKENIZER_BASE64_H

#include <optional>
#include <string>
#include <string_view>

namespace llmc::tokenizer {

/// The bytes of \p text; nothing where a character is not of the alphabet, the
/// padding is wrong, or bits are left over.
inline std::optional<std::string> decodeBase64(std::string_view text) {
  auto digit = [](char c) {
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
  };
  if (text.size() % 4 != 0)
    return std::nullopt;
  for (int pad = 0; pad < 2 && text.ends_with('='); ++pad)
    text.remove_suffix(1);
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  unsigned bits = 0, held = 0;
  for (char c : text) {
    int d = digit(c);
    if (d < 0)
      return std::nullopt;
    held = held << 6 | unsigned(d);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += char(held >> bits);
      held &= (1u << bits) - 1;
    }
  }
  if (held != 0)
    return std::nullopt;
  return out;
}

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_BASE64_H
