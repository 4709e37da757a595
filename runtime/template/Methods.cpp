/// The methods of strings, dicts and lists that do not change them.
#include "runtime/template/Natives.h"
#include "runtime/template/TextTools.h"

#include <algorithm>
#include <utf8proc.h>

namespace llmc::chat {

namespace {

using tokenizer::decodeOne;

Value made(Renderer &renderer, Text text) {
  return renderer.made(Value::string(std::move(text)));
}

Value made(Renderer &renderer, std::vector<Text> parts) {
  std::vector<Value> items;
  for (Text &part : parts)
    items.push_back(made(renderer, std::move(part)));
  return renderer.made(Value::sequence(std::move(items)));
}

/// The argument as a string; fails where it is none.
std::optional<std::string_view> stringAt(Renderer &renderer,
                                         const Arguments &arguments,
                                         size_t place) {
  if (!arguments.has(place) || arguments.bound[place]->isNone())
    return std::nullopt;
  if (!arguments.bound[place]->isString()) {
    renderer.fail("a method of strings gets " +
                  std::string(typeName(*arguments.bound[place])));
    return std::nullopt;
  }
  return arguments.bound[place]->view();
}

int64_t integerAt(Renderer &renderer, const Arguments &arguments, size_t place,
                  int64_t otherwise) {
  if (!arguments.has(place))
    return otherwise;
  if (!arguments.bound[place]->isWhole()) {
    renderer.fail("a method gets " +
                  std::string(typeName(*arguments.bound[place])) +
                  " in place of an integer");
    return otherwise;
  }
  return arguments.bound[place]->integer();
}

template <Text (*change)(const Text &)>
Value changed(Renderer &renderer, const Value &self, Arguments &) {
  return made(renderer, change(self.text()));
}

Value toTitle(Renderer &renderer, const Value &self, Arguments &) {
  return made(renderer, title(self.text(), false));
}

template <bool left, bool right>
Value stripped(Renderer &renderer, const Value &self, Arguments &arguments) {
  auto characters = stringAt(renderer, arguments, 0);
  return made(renderer, strip(self.text(), characters, left, right));
}

template <bool fromRight>
Value splitAt(Renderer &renderer, const Value &self, Arguments &arguments) {
  auto separator = stringAt(renderer, arguments, 0);
  int64_t most = integerAt(renderer, arguments, 1, -1);
  if (separator && separator->empty())
    return renderer.fail("split gets an empty separator");
  return made(renderer, split(self.text(), separator, most, fromRight));
}

Value splitIntoLines(Renderer &renderer, const Value &self,
                     Arguments &arguments) {
  return made(renderer, splitLines(self.text(), isTrue(arguments.get(0))));
}

template <bool last>
Value partition(Renderer &renderer, const Value &self, Arguments &arguments) {
  auto separator = stringAt(renderer, arguments, 0);
  if (!separator || separator->empty())
    return renderer.fail("partition gets no separator");
  const Text &text = self.text();
  size_t at = last ? text.view().rfind(*separator) : text.view().find(*separator);
  size_t end = text.size();
  std::vector<Value> parts;
  if (at == std::string_view::npos)
    parts = last ? std::vector<Value>{Value::string(""), Value::string(""), self}
                 : std::vector<Value>{self, Value::string(""), Value::string("")};
  else
    parts = {made(renderer, text.slice(0, at)),
             made(renderer, text.slice(at, at + separator->size())),
             made(renderer, text.slice(at + separator->size(), end))};
  return renderer.made(Value::sequence(std::move(parts), ValueKind::Tuple));
}

/// startswith and endswith take a string or a tuple of them.
template <bool atEnd>
Value touches(Renderer &renderer, const Value &self, Arguments &arguments) {
  Value given = arguments.get(0);
  std::vector<Value> choices = {given};
  if (given.kind() == ValueKind::Tuple)
    choices = given.items().items;
  bool found = false;
  for (const Value &choice : choices) {
    if (!choice.isString())
      return renderer.fail("startswith or endswith gets " +
                           std::string(typeName(choice)));
    found |= atEnd ? self.view().ends_with(choice.view())
                   : self.view().starts_with(choice.view());
  }
  return Value::boolean(found);
}

Value replaced(Renderer &renderer, const Value &self, Arguments &arguments) {
  auto from = stringAt(renderer, arguments, 0);
  if (!from || !arguments.get(1).isString())
    return renderer.fail("replace takes strings");
  int64_t most = integerAt(renderer, arguments, 2, -1);
  uint64_t grown = (self.text().size() / std::max<size_t>(from->size(), 1) + 1) *
                   (arguments.get(1).text().size() / 16);
  if (!renderer.charge(grown))
    return {};
  return made(renderer,
              replace(self.text(), *from, arguments.get(1).text(), most));
}

Value joined(Renderer &renderer, const Value &self, Arguments &arguments) {
  std::vector<Value> items;
  if (!renderer.iterate(arguments.get(0), items))
    return {};
  Text out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].isString())
      return renderer.fail("join gets " + std::string(typeName(items[i])));
    if (!renderer.charge((self.text().size() + items[i].text().size()) / 16))
      return {};
    if (i > 0)
      out.append(self.text());
    out.append(items[i].text());
  }
  return made(renderer, std::move(out));
}

/// find and rfind count characters.
template <bool last, bool must>
Value found(Renderer &renderer, const Value &self, Arguments &arguments) {
  auto part = stringAt(renderer, arguments, 0);
  if (!part)
    return renderer.fail("find gets no string");
  size_t at = last ? self.view().rfind(*part) : self.view().find(*part);
  if (at == std::string_view::npos)
    return must ? renderer.fail("index finds no such part")
                : Value::integer(-1);
  return Value::integer(int64_t(countCharacters(self.view().substr(0, at))));
}

Value counted(Renderer &renderer, const Value &self, Arguments &arguments) {
  auto part = stringAt(renderer, arguments, 0);
  if (!part)
    return renderer.fail("count gets no string");
  if (part->empty())
    return Value::integer(int64_t(countCharacters(self.view())) + 1);
  int64_t count = 0;
  for (size_t at = 0; (at = self.view().find(*part, at)) != self.view().npos;
       at += part->size())
    ++count;
  return Value::integer(count);
}

template <bool suffix>
Value removed(Renderer &renderer, const Value &self, Arguments &arguments) {
  auto part = stringAt(renderer, arguments, 0);
  if (!part)
    return renderer.fail("removeprefix or removesuffix gets no string");
  size_t size = self.text().size();
  if (suffix && self.view().ends_with(*part))
    return made(renderer, self.text().slice(0, size - part->size()));
  if (!suffix && self.view().starts_with(*part))
    return made(renderer, self.text().slice(part->size(), size));
  return self;
}

using CharacterTest = bool (*)(char32_t);
template <CharacterTest test>
Value all(Renderer &, const Value &self, Arguments &) {
  std::string_view text = self.view();
  bool truth = !text.empty();
  while (!text.empty()) {
    auto head = decodeOne(text);
    truth &= test(head.codePoint);
    text.remove_prefix(head.length);
  }
  return Value::boolean(truth);
}

bool isAlpha(char32_t c) {
  auto category = utf8proc_category(utf8proc_int32_t(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}
bool isDecimal(char32_t c) {
  return utf8proc_category(utf8proc_int32_t(c)) == UTF8PROC_CATEGORY_ND;
}
bool isAlnum(char32_t c) { return isAlpha(c) || tokenizer::isNumeric(c); }

template <bool wantsUpper>
Value hasCase(Renderer &, const Value &self, Arguments &) {
  Text up = upper(self.text()), low = lower(self.text());
  return Value::boolean(up.view() != low.view() &&
                        self.view() == (wantsUpper ? up : low).view());
}

/// format() with {}, {0} and {name}; a conversion or a width is refused.
Value formatted(Renderer &renderer, const Value &self, Arguments &arguments) {
  const Text &text = self.text();
  std::string_view view = text.view();
  Text out;
  size_t next = 0;
  for (size_t at = 0; at < view.size();) {
    char c = view[at];
    if ((c == '{' || c == '}') && at + 1 < view.size() && view[at + 1] == c) {
      out.append(text.slice(at, at + 1));
      at += 2;
      continue;
    }
    if (c != '{' && c != '}') {
      size_t end = std::min(view.find_first_of("{}", at), view.size());
      out.append(text.slice(at, end));
      at = end;
      continue;
    }
    size_t end = view.find('}', at);
    if (c == '}' || end == view.npos)
      return renderer.fail("a format has a brace alone");
    std::string_view field = view.substr(at + 1, end - at - 1);
    const Value *value = nullptr;
    auto index = parseWhole(field, 10);
    if (field.empty())
      index = int64_t(next++);
    if (index && *index >= 0 && size_t(*index) < arguments.positional.size())
      value = &arguments.positional[size_t(*index)];
    for (const auto &[name, named] : arguments.named)
      if (!index && name == field)
        value = &named;
    if (!value && field.find_first_of(":!.[") != field.npos)
      return renderer.fail(Code::UnsupportedTemplate,
                           "the format {" + std::string(field) +
                               "} is not supported");
    if (!value)
      return renderer.fail("a format has too few values");
    out.append(renderer.textOf(*value));
    at = end + 1;
  }
  return made(renderer, std::move(out));
}

Value zeroFilled(Renderer &renderer, const Value &self, Arguments &arguments) {
  int64_t missing = integerAt(renderer, arguments, 0, 0) -
                    int64_t(countCharacters(self.view()));
  if (missing <= 0)
    return self;
  if (!renderer.charge(uint64_t(missing)))
    return {};
  size_t sign = self.view().starts_with('-') || self.view().starts_with('+');
  Text out = self.text().slice(0, sign);
  out.append(std::string(size_t(missing), '0'));
  out.append(self.text().slice(sign, self.text().size()));
  return made(renderer, std::move(out));
}

constexpr Native ofStrings[] = {
    {"strip", "| chars", stripped<true, true>},
    {"lstrip", "| chars", stripped<true, false>},
    {"rstrip", "| chars", stripped<false, true>},
    {"split", "| sep maxsplit", splitAt<false>},
    {"rsplit", "| sep maxsplit", splitAt<true>},
    {"splitlines", "| keepends", splitIntoLines},
    {"partition", "sep", partition<false>},
    {"rpartition", "sep", partition<true>},
    {"startswith", "prefix", touches<false>},
    {"endswith", "suffix", touches<true>},
    {"replace", "old new | count", replaced},
    {"join", "iterable", joined},
    {"find", "sub", found<false, false>},
    {"rfind", "sub", found<true, false>},
    {"index", "sub", found<false, true>},
    {"count", "sub", counted},
    {"upper", "", changed<upper>},
    {"lower", "", changed<lower>},
    {"capitalize", "", changed<capitalize>},
    {"title", "", toTitle},
    {"removeprefix", "prefix", removed<false>},
    {"removesuffix", "suffix", removed<true>},
    {"isspace", "", all<isPythonSpace>},
    {"isalpha", "", all<isAlpha>},
    {"isdigit", "", all<isDecimal>},
    {"isdecimal", "", all<isDecimal>},
    {"isalnum", "", all<isAlnum>},
    {"isupper", "", hasCase<true>},
    {"islower", "", hasCase<false>},
    {"format", "*", formatted},
    {"zfill", "width", zeroFilled},
};

Value getMember(Renderer &renderer, const Value &self, Arguments &arguments) {
  renderer.charge(self.members().members.size());
  if (const Value *member = self.members().find(arguments.get(0)))
    return *member;
  return arguments.has(1) ? arguments.get(1) : Value::none();
}

/// keys(), values() and items().
template <bool keys, bool values>
Value view(Renderer &renderer, const Value &self, Arguments &) {
  std::vector<Value> items;
  for (const auto &[key, value] : self.members().members)
    items.push_back(keys && values
                        ? Value::sequence({key, value}, ValueKind::Tuple)
                    : keys ? key
                           : value);
  return renderer.made(Value::sequence(std::move(items), ValueKind::View));
}

Value copied(Renderer &, const Value &self, Arguments &) { return self; }

constexpr Native ofDicts[] = {
    {"get", "key | default", getMember},
    {"items", "", view<true, true>},
    {"keys", "", view<true, false>},
    {"values", "", view<false, true>},
    {"copy", "", copied},
};

Value countItems(Renderer &renderer, const Value &self, Arguments &arguments) {
  int64_t count = 0;
  for (const Value &item : self.items().items)
    count += renderer.isEqualTo(item, arguments.get(0));
  return Value::integer(count);
}

Value indexOf(Renderer &renderer, const Value &self, Arguments &arguments) {
  const auto &items = self.items().items;
  for (size_t i = 0; i < items.size(); ++i)
    if (renderer.isEqualTo(items[i], arguments.get(0)))
      return Value::integer(int64_t(i));
  return renderer.fail("index finds no such item");
}

constexpr Native ofLists[] = {
    {"count", "value", countItems},
    {"index", "value", indexOf},
    {"copy", "", copied},
};

} // namespace

std::span<const Native> stringMethods() { return ofStrings; }
std::span<const Native> dictMethods() { return ofDicts; }
std::span<const Native> listMethods() { return ofLists; }

} // namespace llmc::chat
