#include "runtime/verbs/report/Html.h"

#include "runtime/verbs/Console.h"

#include <cmath>
#include <cstdio>

namespace llmc::page {

namespace {

/// Bytes of the character at \p at; 0 where there is no valid one.
size_t characterBytes(std::string_view text, size_t at, char32_t &code) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  unsigned char first = byte(0);
  size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
  if (length == 0 || at + length > text.size())
    return 0;
  code = length == 1 ? first : first & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6 != 2)
      return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    return 0;
  return length;
}

/// Characters that show nothing, or show something else than they say.
bool isTreacherous(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e || code == 0x200f ||
         code == 0x061c || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xfeff || (code & 0xfffe) == 0xfffe;
}

} // namespace

std::string escape(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    char32_t code = 0;
    size_t length = characterBytes(text, at, code);
    if (length == 1 && (code == '\n' || code == '\t' || code == '\r'))
      out += ' ';
    else if (length == 0 || isTreacherous(code))
      out += "\xef\xbf\xbd";
    else if (code == '<')
      out += "&lt;";
    else if (code == '>')
      out += "&gt;";
    else if (code == '&')
      out += "&amp;";
    else if (code == '"')
      out += "&quot;";
    else if (code == '\'')
      out += "&#39;";
    else
      out += text.substr(at, length);
    at += length ? length : 1;
  }
  return out;
}

Html &Html::addTrusted(std::string_view markup) {
  out += markup;
  return *this;
}

Html &Html::addText(std::string_view text) {
  out += escape(text);
  return *this;
}

std::string shorten(std::string_view text, size_t most) {
  if (text.size() <= most)
    return std::string(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80)
    --most;
  return std::string(text.substr(0, most)) + "…";
}

std::string count(uint64_t number) {
  std::string digits = std::to_string(number), out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0)
      out += "\u202f";
    out += digits[i];
  }
  return out;
}

std::string scaled(double number, std::string_view unit) {
  constexpr std::string_view prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  size_t prefix = 0;
  for (; number >= 999.5 && prefix + 1 < std::size(prefixes); ++prefix)
    number /= 1000;
  bool whole = prefix == 0 && number == std::floor(number);
  int decimals = whole || number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
  std::string suffix = std::string(prefixes[prefix]) + std::string(unit);
  return formatReal(number, decimals) + (suffix.empty() ? "" : "\u00a0" + suffix);
}

std::string duration(double nanoseconds) {
  constexpr std::string_view units[] = {"ns", "µs", "ms", "s"};
  size_t unit = 0;
  for (; nanoseconds >= 999.5 && unit + 1 < std::size(units); ++unit)
    nanoseconds /= 1000;
  int decimals = unit == 0 || nanoseconds >= 99.95 ? 0 : nanoseconds >= 9.995 ? 1 : 2;
  return formatReal(nanoseconds, decimals) + "\u00a0" + std::string(units[unit]);
}

std::string percent(double share) {
  double number = 100 * share;
  if (number > 0 && number < 0.01)
    return "<\u20090.01\u00a0%";
  if (number < 100 && number >= 99.95)
    return ">\u200999.9\u00a0%";
  return formatReal(number, number < 0.995 && number > 0 ? 2 : 1) + "\u00a0%";
}

std::string place(double number) {
  std::string text = formatReal(number, 1);
  if (text.ends_with(".0"))
    text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

} // namespace llmc::page
