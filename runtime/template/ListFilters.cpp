#include "runtime/template/ListFilters.h"

#include "runtime/template/TextTools.h"

#include <algorithm>

namespace llmc::chat {

namespace {

Value generator(Renderer &renderer, std::vector<Value> items) {
  return renderer.made(
      Value::sequence(std::move(items), ValueKind::Generator));
}

/// The attribute at a dotted \p path; the value itself where there is none.
Value attributeOf(Renderer &renderer, Value value, const Value &path) {
  if (path.isUndefined() || path.isNone())
    return value;
  if (path.isWhole())
    return renderer.item(value, path);
  std::string text(renderer.textOf(path).view());
  for (size_t begin = 0; begin <= text.size() && !renderer.failed();) {
    size_t end = std::min(text.find('.', begin), text.size());
    std::string part = text.substr(begin, end - begin);
    auto number = parseWhole(part, 10);
    value = renderer.item(value, number ? Value::integer(*number)
                                        : Value::string(part));
    begin = end + 1;
  }
  return value;
}

/// Strings without regard to case, unless that is wanted.
Value sortKey(const Value &value, bool caseSensitive) {
  return caseSensitive || !value.isString() ? value
                                            : Value::string(lower(value.text()));
}

Value length(Renderer &renderer, const Value &self, Arguments &) {
  switch (self.kind()) {
  case ValueKind::Undefined:
    return Value::integer(0);
  case ValueKind::String:
    return Value::integer(int64_t(countCharacters(self.view())));
  case ValueKind::Dict:
    return Value::integer(int64_t(self.members().members.size()));
  case ValueKind::List:
  case ValueKind::Tuple:
  case ValueKind::Range:
  case ValueKind::View:
    return Value::integer(int64_t(self.items().items.size()));
  default:
    return renderer.fail(std::string(typeName(self)) + " has no length");
  }
}

Value first(Renderer &renderer, const Value &self, Arguments &) {
  if (self.kind() == ValueKind::Generator) {
    const Sequence &sequence = self.items();
    return sequence.next < sequence.items.size()
               ? sequence.items[sequence.next++]
               : Value();
  }
  std::vector<Value> items;
  return renderer.iterate(self, items) && !items.empty() ? items.front()
                                                         : Value();
}

Value last(Renderer &renderer, const Value &self, Arguments &) {
  if (self.kind() == ValueKind::Generator)
    return renderer.fail("an iterator has no last item");
  std::vector<Value> items;
  return renderer.iterate(self, items) && !items.empty() ? items.back()
                                                         : Value();
}

Value join(Renderer &renderer, const Value &self, Arguments &arguments) {
  std::vector<Value> items;
  if (!renderer.iterate(self, items))
    return {};
  Text between = renderer.textOf(arguments.get(0)), out;
  for (size_t i = 0; i < items.size() && !renderer.failed(); ++i) {
    Text text =
        renderer.textOf(attributeOf(renderer, items[i], arguments.get(1)));
    renderer.charge((between.size() + text.size()) / 16);
    if (i > 0)
      out.append(between);
    out.append(text);
  }
  return renderer.made(Value::string(std::move(out)));
}

Value list(Renderer &renderer, const Value &self, Arguments &) {
  std::vector<Value> items;
  return renderer.iterate(self, items)
             ? renderer.made(Value::sequence(std::move(items)))
             : Value();
}

Value reverse(Renderer &renderer, const Value &self, Arguments &) {
  if (self.kind() == ValueKind::Generator)
    return renderer.fail("an iterator cannot be reversed");
  std::vector<Value> items;
  if (!renderer.iterate(self, items))
    return {};
  std::reverse(items.begin(), items.end());
  if (!self.isString())
    return generator(renderer, std::move(items));
  Text out;
  for (const Value &item : items)
    out.append(item.text());
  return renderer.made(Value::string(std::move(out)));
}

Value items(Renderer &renderer, const Value &self, Arguments &) {
  std::vector<Value> pairs;
  if (!self.isUndefined() && !self.isDict())
    return renderer.fail("items gets " + std::string(typeName(self)));
  if (self.isDict())
    for (const auto &[key, value] : self.members().members)
      pairs.push_back(Value::sequence({key, value}, ValueKind::Tuple));
  return generator(renderer, std::move(pairs));
}

/// Sorts \p list by what \p key makes of each; equal ones keep their order.
template <typename F>
bool sortBy(Renderer &renderer, std::vector<Value> &list, bool descending,
            F key) {
  std::vector<std::pair<Value, Value>> keyed;
  for (Value &item : list) {
    keyed.emplace_back(key(item), item);
    // An order that fails would confuse the algorithm: it is tried before.
    if (renderer.failed() ||
        (keyed.size() > 1 && !renderer.failed() &&
         (renderer.orderOf(keyed[0].first, keyed.back().first),
          renderer.failed())))
      return false;
  }
  if (!renderer.charge(list.size() * 16))
    return false;
  std::stable_sort(keyed.begin(), keyed.end(),
                   [&](const auto &a, const auto &b) {
                     int way = order(a.first, b.first).value_or(0);
                     return descending ? way > 0 : way < 0;
                   });
  for (size_t i = 0; i < list.size(); ++i)
    list[i] = keyed[i].second;
  return true;
}

Value dictSort(Renderer &renderer, const Value &self, Arguments &arguments) {
  if (!self.isDict())
    return renderer.fail("dictsort gets " + std::string(typeName(self)));
  bool exact = isTrue(arguments.get(0));
  size_t part = 0;
  if (Value by = arguments.get(1); by.isString() && by.view() == "value")
    part = 1;
  else if (!by.isUndefined() && !(by.isString() && by.view() == "key"))
    return renderer.fail("dictsort sorts by key or value");
  std::vector<Value> pairs;
  for (const auto &[key, value] : self.members().members)
    pairs.push_back(Value::sequence({key, value}, ValueKind::Tuple));
  if (!sortBy(renderer, pairs, isTrue(arguments.get(2)), [&](const Value &pair) {
        return sortKey(pair.items().items[part], exact);
      }))
    return {};
  return renderer.made(Value::sequence(std::move(pairs)));
}

Value sort(Renderer &renderer, const Value &self, Arguments &arguments) {
  std::vector<Value> list;
  bool exact = isTrue(arguments.get(1));
  if (!renderer.iterate(self, list) ||
      !sortBy(renderer, list, isTrue(arguments.get(0)), [&](const Value &item) {
        return sortKey(attributeOf(renderer, item, arguments.get(2)), exact);
      }))
    return {};
  return renderer.made(Value::sequence(std::move(list)));
}

Value unique(Renderer &renderer, const Value &self, Arguments &arguments) {
  std::vector<Value> list, kept, keys;
  if (!renderer.iterate(self, list))
    return {};
  for (const Value &item : list) {
    Value key = sortKey(attributeOf(renderer, item, arguments.get(1)),
                        isTrue(arguments.get(0)));
    bool seen = std::any_of(keys.begin(), keys.end(), [&](const Value &other) {
      return renderer.isEqualTo(other, key);
    });
    if (renderer.failed())
      return {};
    if (seen)
      continue;
    keys.push_back(key);
    kept.push_back(item);
  }
  return generator(renderer, std::move(kept));
}

/// max and min.
template <int way>
Value extreme(Renderer &renderer, const Value &self, Arguments &arguments) {
  std::vector<Value> list;
  bool exact = isTrue(arguments.get(0));
  if (!renderer.iterate(self, list) || list.empty())
    return {};
  auto key = [&](const Value &item) {
    return sortKey(attributeOf(renderer, item, arguments.get(1)), exact);
  };
  Value best = list[0];
  for (const Value &item : list)
    if (renderer.orderOf(key(item), key(best)) == way)
      best = item;
  return best;
}

Value sum(Renderer &renderer, const Value &self, Arguments &arguments) {
  std::vector<Value> list;
  if (!renderer.iterate(self, list))
    return {};
  Value total = arguments.has(1) ? arguments.get(1) : Value::integer(0);
  for (const Value &item : list) {
    total = arithmeticOf(renderer, NodeKind::Add, total,
                         attributeOf(renderer, item, arguments.get(0)));
    if (renderer.failed())
      return {};
  }
  return total;
}

Value map(Renderer &renderer, const Value &self, Arguments &arguments) {
  std::vector<Value> list;
  if (isTrue(self) && !renderer.iterate(self, list))
    return {};
  const Value *path = nullptr, *otherwise = nullptr;
  for (const auto &[name, value] : arguments.named)
    if (name == "attribute")
      path = &value;
    else if (name == "default")
      otherwise = &value;
  if (path && arguments.positional.empty()) {
    for (Value &item : list) {
      item = attributeOf(renderer, item, *path);
      if (item.isUndefined() && otherwise)
        item = *otherwise;
    }
    return generator(renderer, std::move(list));
  }
  if (arguments.positional.empty() || !arguments.positional[0].isString())
    return renderer.fail("map gets neither a filter nor an attribute");
  Arguments rest;
  rest.positional.assign(arguments.positional.begin() + 1,
                         arguments.positional.end());
  rest.named = arguments.named;
  for (Value &item : list) {
    if (renderer.failed())
      return {};
    item = renderer.filter(arguments.positional[0].view(), item, rest);
  }
  return generator(renderer, std::move(list));
}

/// select, reject, selectattr and rejectattr.
template <bool keeps, bool byAttribute>
Value select(Renderer &renderer, const Value &self, Arguments &arguments) {
  std::vector<Value> list, kept;
  if (isTrue(self) && !renderer.iterate(self, list))
    return {};
  size_t used = byAttribute;
  if (arguments.positional.size() < used)
    return renderer.fail("selectattr or rejectattr gets no attribute");
  std::optional<std::string> name;
  if (arguments.positional.size() > used)
    name = renderer.textOf(arguments.positional[used++]).view();
  Arguments rest;
  rest.positional.assign(arguments.positional.begin() + ptrdiff_t(used),
                         arguments.positional.end());
  rest.named = arguments.named;
  for (const Value &item : list) {
    Value value = byAttribute
                      ? attributeOf(renderer, item, arguments.positional[0])
                      : item;
    bool truth = name ? renderer.test(*name, value, rest) : isTrue(value);
    if (renderer.failed())
      return {};
    if (truth == keeps)
      kept.push_back(item);
  }
  return generator(renderer, std::move(kept));
}

constexpr Native table[] = {
    {"length", "", length},
    {"count", "", length},
    {"first", "", first},
    {"last", "", last},
    {"join", "| d attribute", join},
    {"list", "", list},
    {"reverse", "", reverse},
    {"items", "", items},
    {"dictsort", "| case_sensitive by reverse", dictSort},
    {"sort", "| reverse case_sensitive attribute", sort},
    {"unique", "| case_sensitive attribute", unique},
    {"max", "| case_sensitive attribute", extreme<1>},
    {"min", "| case_sensitive attribute", extreme<-1>},
    {"sum", "| attribute start", sum},
    {"map", "*", map},
    {"select", "*", select<true, false>},
    {"reject", "*", select<false, false>},
    {"selectattr", "*", select<true, true>},
    {"rejectattr", "*", select<false, true>},
};

} // namespace

std::span<const Native> listFilters() { return table; }

} // namespace llmc::chat
