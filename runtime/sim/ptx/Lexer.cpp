#include "runtime/sim/ptx/Lexer.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace llmc::sim {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$';
}
bool beginsWord(char c) { return isLetter(c) || c == '%' || c == '.'; }

/// The value of a digit in bases up to 16, or 16.
unsigned digitValue(char c) {
  if (isDigit(c))
    return unsigned(c - '0');
  if (c >= 'a' && c <= 'f')
    return unsigned(c - 'a') + 10;
  if (c >= 'A' && c <= 'F')
    return unsigned(c - 'A') + 10;
  return 16;
}

} // namespace

bool Lexer::skipBlanks() {
  while (at < text.size()) {
    char c = text[at];
    if (c == '\n') {
      ++line;
      ++at;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at;
    } else if (text.substr(at, 2) == "//") {
      at = std::min(text.find('\n', at), text.size());
    } else if (text.substr(at, 2) == "/*") {
      size_t end = text.find("*/", at + 2);
      if (end == std::string_view::npos)
        return false;
      for (; at < end + 2; ++at)
        line += text[at] == '\n';
    } else {
      return true;
    }
  }
  return true;
}

/// Integers (decimal, 0x, 0b, octal, an optional U), 0f and 0d bit patterns,
/// and decimal fractions, which PTX reads as f64.
Token Lexer::number() {
  Token token{TokenKind::Bad, text.substr(at, 1), 0, line};
  size_t begin = at;
  auto take = [&](unsigned base) {
    size_t first = at;
    bool fits = true;
    for (; at < text.size() && digitValue(text[at]) < base; ++at) {
      uint64_t times = token.bits * base;
      fits &= token.bits == 0 || times / token.bits == base;
      token.bits = times + digitValue(text[at]);
    }
    return fits && at > first;
  };
  char second = begin + 1 < text.size() ? text[begin + 1] : '\0';
  bool good = true;
  if (text[begin] == '0' && strchr("fFdDxXbB", second) && second != '\0') {
    at = begin + 2;
    bool single = second == 'f' || second == 'F';
    bool fraction = single || second == 'd' || second == 'D';
    good = take(second == 'b' || second == 'B' ? 2 : 16);
    if (fraction)
      good &= at - begin == (single ? 10u : 18u);
    token.kind = !fraction ? TokenKind::Integer
                 : single  ? TokenKind::Float32
                           : TokenKind::Float64;
  } else {
    while (at < text.size() && isDigit(text[at]))
      ++at;
    bool fraction =
        at + 1 < text.size() && text[at] == '.' && isDigit(text[at + 1]);
    if (fraction) {
      for (++at; at < text.size() && isDigit(text[at]);)
        ++at;
      if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-'))
          ++at;
        while (at < text.size() && isDigit(text[at]))
          ++at;
      }
      std::string digits(text.substr(begin, at - begin));
      double value = std::strtod(digits.c_str(), nullptr);
      memcpy(&token.bits, &value, sizeof value);
      token.kind = TokenKind::Float64;
    } else {
      bool octal = text[begin] == '0' && at - begin > 1;
      at = begin;
      good = take(octal ? 8 : 10);
      token.kind = TokenKind::Integer;
    }
  }
  if (token.kind == TokenKind::Integer && at < text.size() && text[at] == 'U')
    ++at;
  // A letter right behind a number belongs to no token of PTX.
  good &= at >= text.size() || !(isLetter(text[at]) || isDigit(text[at]));
  token.text = text.substr(begin, at - begin);
  if (!good)
    token.kind = TokenKind::Bad;
  return token;
}

Token Lexer::next() {
  if (!skipBlanks())
    return {TokenKind::Bad, text.substr(at, 2), 0, line};
  if (at >= text.size())
    return {TokenKind::End, {}, 0, line};
  char c = text[at];
  if (isDigit(c))
    return number();
  size_t begin = at;
  if (beginsWord(c)) {
    ++at;
    while (at < text.size()) {
      char d = text[at];
      if (isLetter(d) || isDigit(d) || d == '.' || d == '%')
        ++at;
      else if (d == ':' && at + 2 < text.size() && text[at + 1] == ':' &&
               (isLetter(text[at + 2]) || isDigit(text[at + 2])))
        at += 2;
      else
        break;
    }
    return {TokenKind::Word, text.substr(begin, at - begin), 0, line};
  }
  if (c == '"') {
    size_t end = text.find_first_of("\"\n", at + 1);
    if (end == std::string_view::npos || text[end] == '\n')
      return {TokenKind::Bad, text.substr(at, 1), 0, line};
    at = end + 1;
    return {TokenKind::Text, text.substr(begin + 1, end - begin - 1), 0, line};
  }
  ++at;
  bool known = strchr("{}[]()<>;,:=+-@!|*/~&", c) && c != '\0';
  return {known ? TokenKind::Mark : TokenKind::Bad, text.substr(begin, 1), 0,
          line};
}

} // namespace llmc::sim
