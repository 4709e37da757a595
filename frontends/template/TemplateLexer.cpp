#include "frontends/template/TemplateLexer.h"

#include "runtime/template/TextTools.h"

#include <algorithm>
#include <charconv>

namespace llmc::chat {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Line breaks of any system as "\n", without the one at the end.
std::string withPlainBreaks(std::string_view source) {
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n')
      continue;
    out += source[i] == '\r' ? '\n' : source[i];
  }
  if (out.ends_with('\n'))
    out.pop_back();
  return out;
}

class Lexer {
public:
  Lexer(std::string text, const std::string &name)
      : text(std::move(text)), name(name) {}

  Result<std::vector<Token>> run() {
    while (!failed && at < text.size())
      data();
    if (failed)
      return std::move(error);
    push(Token::Kind::End);
    return std::move(tokens);
  }

private:
  std::string text;
  const std::string &name;
  size_t at = 0;
  uint32_t line = 1;
  bool lineStarts = true; // The last tag took the line break with it.
  bool failed = false;
  Error error;
  std::vector<Token> tokens;

  void fail(Code code, std::string what, std::string why) {
    if (failed)
      return;
    failed = true;
    error = {code, std::move(what), name + ", line " + std::to_string(line),
             std::move(why), ""};
    at = text.size();
  }
  void fail(std::string why) {
    fail(Code::BadTemplate, "the chat template cannot be read", std::move(why));
  }

  Token &push(Token::Kind kind, std::string what = {}) {
    return tokens.emplace_back(Token{kind, line, std::move(what)});
  }
  void moveTo(size_t end) {
    line += uint32_t(std::count(text.begin() + ptrdiff_t(at),
                                text.begin() + ptrdiff_t(end), '\n'));
    at = end;
  }
  bool stands(std::string_view what, size_t where) const {
    return std::string_view(text).substr(where, what.size()) == what;
  }
  size_t skipSpace(size_t where) const {
    std::string_view rest = std::string_view(text).substr(where);
    Text stripped = strip(Text(std::string(rest)), std::nullopt, true, false);
    return text.size() - stripped.size();
  }

  /// What stays of the text [at, tag) before a tag with this \p sign.
  std::string_view before(size_t tag, char sign, bool isOutput) {
    std::string_view part = std::string_view(text).substr(at, tag - at);
    if (sign == '-')
      return part.substr(
          0, strip(Text(std::string(part)), std::nullopt, false, true).size());
    if (sign == '+' || isOutput)
      return part;
    size_t lineBegin = part.rfind('\n') + 1;
    if ((lineBegin > 0 || lineStarts) &&
        strip(Text(std::string(part.substr(lineBegin))), std::nullopt, true,
              true)
            .empty())
      return part.substr(0, lineBegin);
    return part;
  }

  /// Where the tag that ends at \p end lets the text go on. \p trims: takes the
  /// line break behind it.
  void endTag(size_t end, char sign, bool trims) {
    if (sign == '-')
      end = skipSpace(end);
    else if (trims && sign != '+' && stands("\n", end))
      ++end;
    moveTo(end);
    lineStarts = text[end - 1] == '\n';
  }

  void data() {
    size_t tag = text.find('{', at);
    while (tag != text.npos && !stands("{{", tag) && !stands("{%", tag) &&
           !stands("{#", tag))
      tag = text.find('{', tag + 1);
    if (tag == text.npos) {
      push(Token::Kind::Data, text.substr(at));
      moveTo(text.size());
      return;
    }
    char kind = text[tag + 1];
    size_t inside = tag + 2;
    char sign = 0;
    if (stands("-", inside) || stands("+", inside))
      sign = text[inside++];
    std::string_view part = before(tag, sign, kind == '{');
    if (!part.empty())
      push(Token::Kind::Data, std::string(part));
    moveTo(inside);
    if (kind == '#')
      return comment();
    if (kind == '%' && raw())
      return;
    push(kind == '{' ? Token::Kind::OutputBegin : Token::Kind::BlockBegin);
    expression(kind == '{');
  }

  void comment() {
    size_t end = text.find("#}", at);
    if (end == text.npos)
      return fail("a comment does not end");
    char sign = end > at && (text[end - 1] == '-' || text[end - 1] == '+')
                    ? text[end - 1]
                    : 0;
    endTag(end + 2, sign, true);
  }

  /// `{% raw %}` … `{% endraw %}`: text with tags in it.
  bool raw() {
    auto word = [&](size_t from, std::string_view what) {
      size_t end = skipSpace(from);
      return stands(what, end) ? skipSpace(end + what.size()) : text.npos;
    };
    size_t end = word(at, "raw");
    if (end == text.npos || !(stands("%}", end) || stands("-%}", end)))
      return false;
    bool strips = text[end] == '-';
    moveTo(strips ? skipSpace(end + 3) : end + 2);
    lineStarts = text[at - 1] == '\n';
    for (size_t tag = at; (tag = text.find("{%", tag)) != text.npos; ++tag) {
      size_t inside = tag + 2;
      char sign = 0;
      if (stands("-", inside) || stands("+", inside))
        sign = text[inside++];
      size_t close = word(inside, "endraw");
      if (close == text.npos)
        continue;
      char endSign = stands("-", close) || stands("+", close) ? text[close] : 0;
      if (!stands("%}", close + (endSign != 0)))
        continue;
      push(Token::Kind::Data, std::string(before(tag, sign, false)));
      endTag(close + (endSign != 0) + 2, endSign, true);
      return true;
    }
    fail("a raw block does not end");
    return true;
  }

  /// Tokens up to the end of the tag.
  void expression(bool isOutput) {
    std::string_view close = isOutput ? "}}" : "%}";
    std::string open; // Brackets; within them the end's braces are none.
    while (!failed) {
      moveTo(skipSpace(at));
      if (at >= text.size())
        return fail("a tag does not end");
      if (open.empty()) {
        char sign = text[at] == '-' || (text[at] == '+' && !isOutput) ? text[at]
                                                                      : 0;
        size_t end = at + (sign != 0);
        if (stands(close, end)) {
          push(isOutput ? Token::Kind::OutputEnd : Token::Kind::BlockEnd);
          return endTag(end + 2, sign, !isOutput);
        }
      }
      token(open);
    }
  }

  void token(std::string &open) {
    char c = text[at];
    size_t end = at;
    if (isNameStart(c)) {
      while (end < text.size() && (isNameStart(text[end]) || isDigit(text[end])))
        ++end;
      push(Token::Kind::Name, text.substr(at, end - at));
      return moveTo(end);
    }
    if (isDigit(c))
      return number();
    if (c == '\'' || c == '"')
      return quoted(c);
    constexpr std::string_view operators[] = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
        "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    for (std::string_view op : operators)
      if (stands(op, at)) {
        if (op == "(" || op == "[" || op == "{") {
          open += op[0];
        } else if (op == ")" || op == "]" || op == "}") {
          char opening = op == ")" ? '(' : op == "]" ? '[' : '{';
          if (!open.ends_with(opening))
            return fail("`" + std::string(op) + "` closes nothing");
          open.pop_back();
        }
        push(Token::Kind::Operator, std::string(op));
        return moveTo(at + op.size());
      }
    if (uint8_t(c) >= 0x80)
      return fail(Code::UnsupportedTemplate,
                  "the chat template is not supported",
                  "a name has letters beyond ASCII");
    fail("`" + std::string(1, c) + "` means nothing here");
  }

  void number() {
    // Behind a dot there are only integers: names.0.text.
    bool member = !tokens.empty() && tokens.back().isOperator(".");
    size_t end = at;
    int base = 10;
    std::string digits;
    auto take = [&](auto fits) {
      while (end < text.size() &&
             (fits(text[end]) || (text[end] == '_' && end > at))) {
        if (text[end] != '_')
          digits += text[end];
        ++end;
      }
    };
    if (c0() == '0' && end + 1 < text.size()) {
      char kind = char(text[end + 1] | 0x20);
      base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
    }
    if (base != 10) {
      end += 2;
      take([](char c) { return isDigit(c) || (c >= 'a' && c <= 'f') ||
                               (c >= 'A' && c <= 'F'); });
    } else {
      take(isDigit);
    }
    bool real = false;
    if (base == 10 && !member) {
      if (end + 1 < text.size() && text[end] == '.' && isDigit(text[end + 1])) {
        real = true;
        digits += text[end++];
        take(isDigit);
      }
      if (end < text.size() && (text[end] | 0x20) == 'e') {
        size_t first = end + 1;
        if (first < text.size() && (text[first] == '+' || text[first] == '-'))
          ++first;
        if (first < text.size() && isDigit(text[first])) {
          real = true;
          digits += 'e';
          if (text[end + 1] == '-')
            digits += '-';
          end = first;
          take(isDigit);
        }
      }
    }
    Token &token = push(real ? Token::Kind::Float : Token::Kind::Integer,
                        text.substr(at, end - at));
    const char *last = digits.data() + digits.size();
    std::errc status{};
    const char *read = nullptr;
    if (real) {
      auto result = std::from_chars(digits.data(), last, token.real);
      status = result.ec, read = result.ptr;
    } else {
      auto result = std::from_chars(digits.data(), last, token.integer, base);
      status = result.ec, read = result.ptr;
    }
    if (status != std::errc() || read != last)
      return fail("`" + text.substr(at, end - at) + "` is no number of 64 bits");
    moveTo(end);
  }
  char c0() const { return text[at]; }

  void quoted(char quote) {
    std::string value;
    size_t i = at + 1;
    for (; i < text.size() && text[i] != quote; ++i) {
      if (text[i] != '\\') {
        value += text[i];
        continue;
      }
      if (++i >= text.size())
        break;
      escape(i, value);
    }
    if (i >= text.size())
      return fail("a string does not end");
    push(Token::Kind::String, std::move(value));
    moveTo(i + 1);
  }

  /// The escape whose letter is at \p i; leaves \p i at its last character.
  void escape(size_t &i, std::string &value) {
    constexpr std::string_view from = "ntrabfv\\'\"";
    constexpr std::string_view to = "\n\t\r\a\b\f\v\\'\"";
    char c = text[i];
    if (size_t place = from.find(c); place != from.npos) {
      value += to[place];
      return;
    }
    if (c == '\n')
      return;
    size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    int base = 16;
    size_t begin = i + 1;
    if (c >= '0' && c <= '7') {
      base = 8;
      begin = i;
      while (digits < 3 && i + digits < text.size() &&
             text[i + digits] >= '0' && text[i + digits] <= '7')
        ++digits;
    }
    if (c == 'N')
      return fail(Code::UnsupportedTemplate,
                  "the chat template is not supported",
                  "a string has an escape \\N{...}");
    if (digits == 0) {
      value += '\\';
      value += c;
      return;
    }
    uint32_t code = 0;
    const char *first = text.data() + begin;
    const char *last =
        text.data() + std::min(begin + digits, text.size());
    auto [end, status] = std::from_chars(first, last, code, base);
    if (status != std::errc() || end != first + digits || code > 0x10ffff ||
        (code >= 0xd800 && code < 0xe000))
      return fail("a string has an escape that is no character");
    tokenizer::appendUtf8(value, code);
    i = begin + digits - 1;
  }
};

} // namespace

Result<std::vector<Token>> lexTemplate(std::string_view source,
                                       const std::string &name) {
  auto bad = [&](std::string why) {
    return Error{Code::BadTemplate, "the chat template cannot be read", name,
                 std::move(why), ""};
  };
  if (source.size() > maxTemplateBytes)
    return bad("it is longer than 1 MiB");
  if (!tokenizer::isValidUtf8(source))
    return bad("it is not UTF-8");
  return Lexer(withPlainBreaks(source), name).run();
}

} // namespace llmc::chat
