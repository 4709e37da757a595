/// Values as text: str(), repr() and json.dumps() of Python.
#include "runtime/template/TextTools.h"
#include "runtime/template/Value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utf8proc.h>

namespace llmc::chat {

std::string realText(double number) {
  if (std::isnan(number))
    return "nan";
  if (std::isinf(number))
    return number < 0 ? "-inf" : "inf";
  // The shortest digits that read back, as Python has them: with an exponent
  // below 1e-4 and from 1e16 on.
  char text[64];
  double size = std::fabs(number);
  bool scientific = size != 0 && (size < 1e-4 || size >= 1e16);
  auto [end, status] =
      std::to_chars(text, text + sizeof text, number,
                    scientific ? std::chars_format::scientific
                               : std::chars_format::fixed);
  std::string out(text, end);
  if (!scientific && out.find('.') == std::string::npos)
    out += ".0";
  return out;
}

namespace {

std::string hex(char32_t number, size_t digits) {
  constexpr char letters[] = "0123456789abcdef";
  std::string out(digits, '0');
  for (size_t i = digits; i-- > 0; number >>= 4)
    out[i] = letters[number & 15];
  return out;
}

/// str.isprintable of one character.
bool isPrintable(char32_t c) {
  if (c == ' ')
    return true;
  switch (utf8proc_category(utf8proc_int32_t(c))) {
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CS:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_CN:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
  case UTF8PROC_CATEGORY_ZS:
    return false;
  default:
    return true;
  }
}

Text quoted(const Text &text) {
  bool single = text.view().find('\'') == std::string_view::npos ||
                text.view().find('"') != std::string_view::npos;
  char quote = single ? '\'' : '"';
  Text out(std::string(1, quote));
  out.append(mapCharacters(text, [&](char32_t c) -> std::string {
    if (c == U'\\' || c == char32_t(quote))
      return std::string("\\") + char(c);
    if (c == '\n')
      return "\\n";
    if (c == '\r')
      return "\\r";
    if (c == '\t')
      return "\\t";
    if (isPrintable(c))
      return "";
    return c < 0x100     ? "\\x" + hex(c, 2)
           : c < 0x10000 ? "\\u" + hex(c, 4)
                         : "\\U" + hex(c, 8);
  }));
  out.append(std::string_view(&quote, 1));
  return out;
}

/// Adds the parts with separators; false where one has no text.
bool appendItems(Text &out, const Sequence &sequence) {
  bool first = true;
  for (const Value &item : sequence.items) {
    if (!first)
      out.append(", ");
    first = false;
    std::optional<Text> text = toRepr(item);
    if (!text)
      return false;
    out.append(*text);
  }
  return true;
}

Text jsonString(const Text &text, bool ensureAscii) {
  Text out("\"");
  out.append(mapCharacters(text, [&](char32_t c) -> std::string {
    switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    }
    if (c < 0x20 || (ensureAscii && c > 0x7e && c < 0x10000))
      return "\\u" + hex(c, 4);
    if (!ensureAscii || c < 0x7f)
      return "";
    c -= 0x10000;
    return "\\u" + hex(0xd800 + (c >> 10), 4) + "\\u" +
           hex(0xdc00 + (c & 0x3ff), 4);
  }));
  out.append("\"");
  return out;
}

/// Writes one JSON text; `failed` where a value has none.
class JsonPrinter {
public:
  explicit JsonPrinter(const JsonStyle &style)
      : style(style),
        between(style.itemSeparator.value_or(style.indent ? "," : ", ")),
        colon(style.keySeparator.value_or(": ")) {}

  Text out;
  bool failed = false;

  void value(const Value &value, size_t level) {
    switch (value.kind()) {
    case ValueKind::None:
      return out.append("null");
    case ValueKind::Bool:
      return out.append(value.integer() ? "true" : "false");
    case ValueKind::Integer:
      return out.append(std::to_string(value.integer()));
    case ValueKind::Float: {
      std::string text = realText(value.real());
      return out.append(text == "nan"    ? "NaN"
                        : text == "inf"  ? "Infinity"
                        : text == "-inf" ? "-Infinity"
                                         : text);
    }
    case ValueKind::String:
      return out.append(jsonString(value.text(), style.ensureAscii));
    case ValueKind::List:
    case ValueKind::Tuple:
      return list(value.items(), level);
    case ValueKind::Dict:
      return dict(value.members(), level);
    default:
      failed = true;
    }
  }

private:
  void lineBreak(size_t level) {
    if (!style.indent)
      return;
    std::string text = "\n";
    for (size_t i = 0; i < level; ++i)
      text += *style.indent;
    out.append(text);
  }

  void list(const Sequence &list, size_t level) {
    if (list.items.empty())
      return out.append("[]");
    out.append("[");
    for (size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0)
        out.append(between);
      lineBreak(level + 1);
      value(list.items[i], level + 1);
    }
    lineBreak(level);
    out.append("]");
  }

  void dict(const Dict &dict, size_t level) {
    if (dict.members.empty())
      return out.append("{}");
    std::vector<const std::pair<Value, Value> *> members;
    for (const auto &member : dict.members)
      members.push_back(&member);
    if (style.sortKeys)
      std::stable_sort(members.begin(), members.end(),
                       [&](const auto *a, const auto *b) {
                         return order(a->first, b->first).value_or(0) < 0;
                       });
    out.append("{");
    bool first = true;
    for (const auto *member : members) {
      if (!first)
        out.append(between);
      first = false;
      lineBreak(level + 1);
      key(member->first);
      out.append(colon);
      value(member->second, level + 1);
    }
    lineBreak(level);
    out.append("}");
  }

  void key(const Value &name) {
    if (name.isString())
      return value(name, 0);
    if (!name.isNumber() && !name.isNone()) {
      failed = true;
      return;
    }
    out.append("\"");
    value(name, 0);
    out.append("\"");
  }

  const JsonStyle &style;
  std::string between, colon;
};

} // namespace

std::optional<Text> toRepr(const Value &value) {
  switch (value.kind()) {
  case ValueKind::String:
    return quoted(value.text());
  case ValueKind::None:
    return Text("None");
  case ValueKind::Bool:
    return Text(value.integer() ? "True" : "False");
  case ValueKind::Integer:
    return Text(std::to_string(value.integer()));
  case ValueKind::Float:
    return Text(realText(value.real()));
  case ValueKind::Undefined:
    return Text("Undefined");
  case ValueKind::List:
  case ValueKind::Tuple: {
    bool list = value.kind() == ValueKind::List;
    Text out(list ? "[" : "(");
    if (!appendItems(out, value.items()))
      return std::nullopt;
    if (!list && value.items().items.size() == 1)
      out.append(",");
    out.append(list ? "]" : ")");
    return out;
  }
  case ValueKind::Dict: {
    Text out("{");
    bool first = true;
    for (const auto &[key, item] : value.members().members) {
      std::optional<Text> left = toRepr(key), right = toRepr(item);
      if (!left || !right)
        return std::nullopt;
      out.append(first ? "" : ", ");
      first = false;
      out.append(*left);
      out.append(": ");
      out.append(*right);
    }
    out.append("}");
    return out;
  }
  default:
    return std::nullopt;
  }
}

std::optional<Text> toText(const Value &value) {
  if (value.isString())
    return value.text();
  if (value.isUndefined())
    return Text();
  return toRepr(value);
}

std::optional<Text> toJson(const Value &value, const JsonStyle &style) {
  JsonPrinter printer(style);
  printer.value(value, 0);
  if (printer.failed)
    return std::nullopt;
  return std::move(printer.out);
}

} // namespace llmc::chat
