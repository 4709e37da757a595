/// Arithmetic with Python's rules for its types.
#include "runtime/template/Renderer.h"
#include "runtime/template/TextTools.h"

#include <algorithm>
#include <cmath>

namespace llmc::chat {

namespace {

Value whole(Renderer &renderer, NodeKind op, int64_t a, int64_t b) {
  auto big = [&] {
    return renderer.fail(Code::TemplateLimit, "a number is beyond 64 bits");
  };
  if ((op == NodeKind::FloorDivide || op == NodeKind::Modulo ||
       op == NodeKind::Divide) &&
      b == 0)
    return renderer.fail("a number is divided by 0");
  int64_t out = 0;
  switch (op) {
  case NodeKind::Add:
    return __builtin_add_overflow(a, b, &out) ? big() : Value::integer(out);
  case NodeKind::Subtract:
    return __builtin_sub_overflow(a, b, &out) ? big() : Value::integer(out);
  case NodeKind::Multiply:
    return __builtin_mul_overflow(a, b, &out) ? big() : Value::integer(out);
  case NodeKind::Divide:
    return Value::real(double(a) / double(b));
  case NodeKind::FloorDivide:
    if (b == -1)
      return __builtin_sub_overflow(int64_t(0), a, &out) ? big()
                                                         : Value::integer(out);
    return Value::integer(a / b - (a % b != 0 && (a < 0) != (b < 0)));
  case NodeKind::Modulo: {
    int64_t rest = b == -1 ? 0 : a % b;
    return Value::integer(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
  }
  default:
    break;
  }
  if (b < 0)
    return Value::real(std::pow(double(a), double(b)));
  out = 1;
  for (; b > 0; b >>= 1) {
    if ((b & 1) && __builtin_mul_overflow(out, a, &out))
      return big();
    if (b > 1 && __builtin_mul_overflow(a, a, &a))
      return big();
  }
  return Value::integer(out);
}

Value fraction(Renderer &renderer, NodeKind op, double a, double b) {
  if ((op == NodeKind::FloorDivide || op == NodeKind::Modulo ||
       op == NodeKind::Divide) &&
      b == 0)
    return renderer.fail("a number is divided by 0");
  switch (op) {
  case NodeKind::Add:
    return Value::real(a + b);
  case NodeKind::Subtract:
    return Value::real(a - b);
  case NodeKind::Multiply:
    return Value::real(a * b);
  case NodeKind::Divide:
    return Value::real(a / b);
  case NodeKind::FloorDivide:
    return Value::real(std::floor(a / b));
  case NodeKind::Modulo: {
    double rest = std::fmod(a, b);
    return Value::real(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
  }
  default:
    return Value::real(std::pow(a, b));
  }
}

/// A string or list, several times.
Value repeat(Renderer &renderer, const Value &value, int64_t count) {
  count = std::max<int64_t>(count, 0);
  uint64_t size = value.isString() ? value.text().size() / 16 + 1
                                   : value.items().items.size() + 1;
  uint64_t steps = 0;
  if (__builtin_mul_overflow(size, uint64_t(count), &steps))
    steps = UINT64_MAX;
  if (!renderer.charge(steps))
    return {};
  Text text;
  std::vector<Value> items;
  for (int64_t i = 0; i < count; ++i)
    if (value.isString())
      text.append(value.text());
    else
      items.insert(items.end(), value.items().items.begin(),
                   value.items().items.end());
  return renderer.made(value.isString()
                           ? Value::string(std::move(text))
                           : Value::sequence(std::move(items), value.kind()));
}

/// A sum with a string that is marked as safe: the other one is escaped.
Value addMarkup(Renderer &renderer, NodeKind op, const Value &left,
                const Value &right) {
  if (op != NodeKind::Add || !left.isString() || !right.isString())
    return renderer.fail(Code::UnsupportedTemplate,
                         "an operation with a value marked by the filter safe "
                         "is not supported");
  auto escaped = [](const Value &value) {
    if (value.isMarkup())
      return value.text();
    return mapCharacters(value.text(), [](char32_t c) -> std::string {
      return c == '&'    ? "&amp;"
             : c == '<'  ? "&lt;"
             : c == '>'  ? "&gt;"
             : c == '"'  ? "&#34;"
             : c == '\'' ? "&#39;"
                         : "";
    });
  };
  Text text = escaped(left);
  text.append(escaped(right));
  return renderer.made(Value::markup(std::move(text)));
}

} // namespace

Value arithmeticOf(Renderer &renderer, NodeKind op, const Value &left,
                   const Value &right) {
  auto isList = [](const Value &value) {
    return value.kind() == ValueKind::List || value.kind() == ValueKind::Tuple;
  };
  if (left.isWhole() && right.isWhole())
    return whole(renderer, op, left.integer(), right.integer());
  if (left.isNumber() && right.isNumber())
    return fraction(renderer, op, left.real(), right.real());
  if (left.isMarkup() || right.isMarkup())
    return addMarkup(renderer, op, left, right);
  if (op == NodeKind::Add && left.isString() && right.isString()) {
    Text text = left.text();
    text.append(right.text());
    return renderer.made(Value::string(std::move(text)));
  }
  if (op == NodeKind::Add && isList(left) && left.kind() == right.kind()) {
    std::vector<Value> items = left.items().items;
    items.insert(items.end(), right.items().items.begin(),
                 right.items().items.end());
    return renderer.made(Value::sequence(std::move(items), left.kind()));
  }
  if (op == NodeKind::Multiply && right.isWhole() &&
      (left.isString() || isList(left)))
    return repeat(renderer, left, right.integer());
  if (op == NodeKind::Multiply && left.isWhole() &&
      (right.isString() || isList(right)))
    return repeat(renderer, right, left.integer());
  if (op == NodeKind::Modulo && left.isString())
    return renderer.format(left.text(), right);
  constexpr std::string_view signs[] = {"+", "-", "*", "/", "//", "%", "**"};
  return renderer.fail(
      "`" + std::string(signs[size_t(op) - size_t(NodeKind::Add)]) +
      "` stands between " + std::string(typeName(left)) + " and " +
      std::string(typeName(right)));
}

Value Renderer::format(const Text &text, const Value &value) {
  std::vector<Value> values;
  if (value.kind() == ValueKind::Tuple)
    values = value.items().items;
  else
    values.push_back(value);
  Text out;
  size_t used = 0, begin = 0;
  std::string_view view = text.view();
  for (size_t at = 0; (at = view.find('%', at)) != view.npos;) {
    out.append(text.slice(begin, at));
    char letter = at + 1 < view.size() ? view[at + 1] : 0;
    if (letter == '%') {
      out.append("%");
    } else if (letter != 's' && letter != 'd') {
      return fail(Code::UnsupportedTemplate,
                  "the format %" + std::string(letter ? 1 : 0, letter) +
                      " is not supported");
    } else if (used >= values.size()) {
      return fail("a format has too few values");
    } else if (letter == 'd' && !values[used].isNumber()) {
      return fail("%d stands for " + std::string(typeName(values[used])));
    } else {
      out.append(letter == 's' ? textOf(values[used])
                 : values[used].isWhole()
                     ? Text(std::to_string(values[used].integer()))
                     : Text(std::to_string(int64_t(values[used].real()))));
      ++used;
    }
    at += 2;
    begin = at;
  }
  if (used < values.size() && value.kind() == ValueKind::Tuple)
    return fail("a format has too many values");
  if (used == 0 && value.kind() != ValueKind::Tuple && !value.isDict() &&
      !value.isSequence())
    return fail("a format has too many values");
  out.append(text.slice(begin, view.size()));
  return made(Value::string(std::move(out)));
}

} // namespace llmc::chat
