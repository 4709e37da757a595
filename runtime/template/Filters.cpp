/// Filters of single values; those of lists are in ListFilters.cpp.
#include "runtime/template/ListFilters.h"
#include "runtime/template/Natives.h"
#include "runtime/template/TextTools.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace llmc::chat {

namespace {

Value made(Renderer &renderer, Text text) {
  return renderer.made(Value::string(std::move(text)));
}

template <Text (*change)(const Text &)>
Value changed(Renderer &renderer, const Value &self, Arguments &) {
  return made(renderer, change(renderer.textOf(self)));
}

Value toTitle(Renderer &renderer, const Value &self, Arguments &) {
  return made(renderer, title(renderer.textOf(self), true));
}

Value trim(Renderer &renderer, const Value &self, Arguments &arguments) {
  Value characters = arguments.get(0);
  std::optional<std::string_view> set;
  if (characters.isString())
    set = characters.view();
  return made(renderer, strip(renderer.textOf(self), set, true, true));
}

Value toString(Renderer &renderer, const Value &self, Arguments &) {
  if (self.isMarkup())
    return self;
  return made(renderer, renderer.textOf(self));
}

/// What is written is not escaped, but what is added to it with `+`.
Value safe(Renderer &renderer, const Value &self, Arguments &) {
  return renderer.made(Value::markup(renderer.textOf(self)));
}

Value defaulted(Renderer &, const Value &self, Arguments &arguments) {
  bool replaces = self.isUndefined() ||
                  (isTrue(arguments.get(1)) && !isTrue(self));
  if (!replaces)
    return self;
  return arguments.has(0) ? arguments.get(0) : Value::string("");
}

Value replaceText(Renderer &renderer, const Value &self, Arguments &arguments) {
  Text text = renderer.textOf(self), from = renderer.textOf(arguments.get(0)),
       to = renderer.textOf(arguments.get(1));
  int64_t most = arguments.get(2).isWhole() ? arguments.get(2).integer() : -1;
  uint64_t grown = (text.size() / std::max<size_t>(from.size(), 1) + 1) *
                   (to.size() / 16);
  if (!renderer.charge(grown))
    return {};
  return made(renderer, replace(text, from.view(), to, most));
}

Value indent(Renderer &renderer, const Value &self, Arguments &arguments) {
  if (!self.isString())
    return renderer.fail("indent gets " + std::string(typeName(self)));
  Text width(std::string(4, ' '));
  if (Value given = arguments.get(0); given.isString())
    width = given.text();
  else if (given.isWhole() && renderer.charge(uint64_t(
               std::max<int64_t>(given.integer(), 0))))
    width = Text(std::string(
        size_t(std::max<int64_t>(given.integer(), 0)), ' '));
  bool first = isTrue(arguments.get(1)), blank = isTrue(arguments.get(2));
  Text text = self.text();
  text.append("\n");
  std::vector<Text> lines = splitLines(text, false);
  if (!renderer.charge((width.size() / 16 + 1) * lines.size()))
    return {};
  Text out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0)
      out.append("\n");
    if (i == 0 ? first : blank || !lines[i].empty())
      out.append(width);
    out.append(lines[i]);
  }
  return made(renderer, std::move(out));
}

Value toInteger(Renderer &, const Value &self, Arguments &arguments) {
  Value otherwise = arguments.has(0) ? arguments.get(0) : Value::integer(0);
  int64_t base = arguments.get(1).isWhole() ? arguments.get(1).integer() : 10;
  double number = 0;
  if (self.isWhole())
    return Value::integer(self.integer());
  if (self.isString()) {
    if (auto whole = parseWhole(self.view(), base))
      return Value::integer(*whole);
    auto fraction = parseFraction(self.view());
    if (!fraction)
      return otherwise;
    number = *fraction;
  } else if (self.isNumber()) {
    number = self.real();
  } else {
    return otherwise;
  }
  return std::fabs(number) < 0x1p62 ? Value::integer(int64_t(number))
                                    : otherwise;
}

Value toFraction(Renderer &, const Value &self, Arguments &arguments) {
  Value otherwise = arguments.has(0) ? arguments.get(0) : Value::real(0);
  if (self.isNumber())
    return Value::real(self.real());
  auto number = self.isString() ? parseFraction(self.view()) : std::nullopt;
  return number ? Value::real(*number) : otherwise;
}

Value absolute(Renderer &renderer, const Value &self, Arguments &) {
  if (self.isWhole() && self.integer() > INT64_MIN)
    return Value::integer(std::abs(self.integer()));
  if (self.isNumber())
    return Value::real(std::fabs(self.real()));
  return renderer.fail("abs gets " + std::string(typeName(self)));
}

Value rounded(Renderer &renderer, const Value &self, Arguments &arguments) {
  int64_t places = arguments.get(0).isWhole() ? arguments.get(0).integer() : 0;
  std::string_view method = arguments.get(1).isString()
                                ? arguments.get(1).view()
                                : std::string_view("common");
  if (!self.isNumber() || std::llabs(places) > 15)
    return renderer.fail("round gets " + std::string(typeName(self)));
  if (method == "common" && self.isWhole() && places >= 0)
    return Value::integer(self.integer());
  double scale = std::pow(10.0, double(places));
  double scaled = self.real() * scale;
  if (method == "ceil")
    return Value::real(std::ceil(scaled) / scale);
  if (method == "floor")
    return Value::real(std::floor(scaled) / scale);
  if (method != "common")
    return renderer.fail("round has no method " + std::string(method));
  return Value::real(std::nearbyint(scaled) / scale);
}

Value dumpJson(Renderer &renderer, const Value &self, Arguments &arguments) {
  JsonStyle style;
  style.ensureAscii = isTrue(arguments.get(0));
  if (Value width = arguments.get(1); width.isWhole())
    style.indent = std::string(
        size_t(std::clamp<int64_t>(width.integer(), 0, 100)), ' ');
  else if (width.isString())
    style.indent = std::string(width.view());
  Value separators = arguments.get(2);
  if (separators.isSequence() && separators.items().items.size() == 2) {
    const auto &items = separators.items().items;
    style.itemSeparator = std::string(renderer.textOf(items[0]).view());
    style.keySeparator = std::string(renderer.textOf(items[1]).view());
  }
  style.sortKeys = isTrue(arguments.get(3));
  uint64_t steps = self.extent().weight;
  if (!renderer.charge(style.indent ? steps * 8 : steps))
    return {};
  std::optional<Text> text = toJson(self, style);
  if (!text)
    return renderer.fail("tojson gets what JSON does not have: " +
                         std::string(typeName(self)));
  return made(renderer, std::move(*text));
}

Value format(Renderer &renderer, const Value &self, Arguments &arguments) {
  if (!arguments.named.empty())
    return renderer.fail(Code::UnsupportedTemplate,
                         "format with names is not supported");
  return renderer.format(
      renderer.textOf(self),
      Value::sequence(arguments.positional, ValueKind::Tuple));
}

constexpr Native single[] = {
    {"trim", "| chars", trim},
    {"upper", "", changed<upper>},
    {"lower", "", changed<lower>},
    {"capitalize", "", changed<capitalize>},
    {"title", "", toTitle},
    {"string", "", toString},
    {"safe", "", safe},
    {"default", "| default_value boolean", defaulted},
    {"d", "| default_value boolean", defaulted},
    {"replace", "old new | count", replaceText},
    {"indent", "| width first blank", indent},
    {"int", "| default base", toInteger},
    {"float", "| default", toFraction},
    {"abs", "", absolute},
    {"round", "| precision method", rounded},
    {"tojson", "| ensure_ascii indent separators sort_keys", dumpJson},
    {"format", "*", format},
};

} // namespace

std::span<const Native> filters() {
  static const std::vector<Native> all = [] {
    std::vector<Native> table(std::begin(single), std::end(single));
    std::span<const Native> lists = listFilters();
    table.insert(table.end(), lists.begin(), lists.end());
    return table;
  }();
  return all;
}

} // namespace llmc::chat
