#include "runtime/template/Value.h"

#include <algorithm>
#include <cmath>

namespace llmc::chat {

void Extent::include(const Value &value) {
  Extent other = value.extent();
  depth = std::max(depth, other.depth + 1);
  if (__builtin_add_overflow(weight, other.weight, &weight))
    weight = UINT64_MAX;
}

const Value *Dict::find(const Value &key) const {
  for (const auto &[name, value] : members)
    if (isEqual(name, key))
      return &value;
  return nullptr;
}

const Value *Dict::find(std::string_view key) const {
  for (const auto &[name, value] : members)
    if (name.isString() && name.view() == key)
      return &value;
  return nullptr;
}

void Dict::set(Value key, Value value) {
  extent.include(key);
  extent.include(value);
  for (auto &[name, old] : members)
    if (isEqual(name, key)) {
      old = std::move(value);
      return;
    }
  members.emplace_back(std::move(key), std::move(value));
}

Value Value::string(Text text) {
  Value value(ValueKind::String);
  value.size.weight += text.size() / 16;
  value.object = std::make_shared<Text>(std::move(text));
  return value;
}

Value Value::sequence(std::vector<Value> items, ValueKind kind) {
  Value value(kind);
  auto sequence = std::make_shared<Sequence>();
  for (const Value &item : items)
    sequence->extent.include(item);
  sequence->items = std::move(items);
  value.size = sequence->extent;
  value.object = std::move(sequence);
  return value;
}

Value Value::dict(Dict dict, ValueKind kind) {
  Value value(kind);
  value.size = dict.extent;
  value.object = std::make_shared<Dict>(std::move(dict));
  return value;
}

Value Value::method(Value self, std::string name) {
  Value value(ValueKind::Method);
  value.size.include(self);
  value.object =
      std::make_shared<Method>(Method{std::move(self), std::move(name)});
  return value;
}

Value Value::loop(std::shared_ptr<LoopState> state, Extent extent) {
  Value value(ValueKind::Loop);
  value.size = extent;
  value.object = std::move(state);
  return value;
}

bool Value::isSame(const Value &other) const {
  if (type != other.type)
    return false;
  if (object || other.object)
    return object == other.object;
  return type == ValueKind::Float ? fraction == other.fraction
                                  : whole == other.whole;
}

bool isTrue(const Value &value) {
  switch (value.kind()) {
  case ValueKind::Undefined:
  case ValueKind::None:
    return false;
  case ValueKind::Bool:
  case ValueKind::Integer:
    return value.integer() != 0;
  case ValueKind::Float:
    return value.real() != 0;
  case ValueKind::String:
    return !value.text().empty();
  case ValueKind::List:
  case ValueKind::Tuple:
  case ValueKind::Range:
  case ValueKind::View:
    return !value.items().items.empty();
  case ValueKind::Dict:
    return !value.members().members.empty();
  default:
    return true;
  }
}

bool isEqual(const Value &left, const Value &right) {
  if (left.isNumber() && right.isNumber())
    return left.isWhole() && right.isWhole()
               ? left.integer() == right.integer()
               : left.real() == right.real();
  if (left.kind() != right.kind())
    return false;
  switch (left.kind()) {
  case ValueKind::Undefined:
  case ValueKind::None:
    return true;
  case ValueKind::String:
    return left.view() == right.view();
  case ValueKind::List:
  case ValueKind::Tuple:
  case ValueKind::Range:
    return std::equal(left.items().items.begin(), left.items().items.end(),
                      right.items().items.begin(), right.items().items.end(),
                      isEqual);
  case ValueKind::Dict: {
    const Dict &a = left.members(), &b = right.members();
    return a.members.size() == b.members.size() &&
           std::all_of(a.members.begin(), a.members.end(),
                       [&](const auto &member) {
                         const Value *other = b.find(member.first);
                         return other && isEqual(member.second, *other);
                       });
  }
  default:
    return left.isSame(right);
  }
}

std::optional<int> order(const Value &left, const Value &right) {
  auto sign = [](auto a, auto b) { return a < b ? -1 : a > b ? 1 : 0; };
  if (left.isNumber() && right.isNumber()) {
    if (left.isWhole() && right.isWhole())
      return sign(left.integer(), right.integer());
    if (std::isnan(left.real()) || std::isnan(right.real()))
      return std::nullopt;
    return sign(left.real(), right.real());
  }
  if (left.kind() != right.kind())
    return std::nullopt;
  // UTF-8 sorts as its code points do.
  if (left.isString())
    return sign(left.view().compare(right.view()), 0);
  if (left.kind() != ValueKind::List && left.kind() != ValueKind::Tuple)
    return std::nullopt;
  const auto &a = left.items().items, &b = right.items().items;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (!isEqual(a[i], b[i]))
      return order(a[i], b[i]);
  return sign(a.size(), b.size());
}

std::string_view typeName(const Value &value) {
  switch (value.kind()) {
  case ValueKind::Undefined:
    return "undefined";
  case ValueKind::None:
    return "none";
  case ValueKind::Bool:
    return "a boolean";
  case ValueKind::Integer:
  case ValueKind::Float:
    return "a number";
  case ValueKind::String:
    return "a string";
  case ValueKind::List:
  case ValueKind::Range:
    return "a list";
  case ValueKind::Tuple:
    return "a tuple";
  case ValueKind::View:
  case ValueKind::Generator:
    return "an iterator";
  case ValueKind::Dict:
    return "a mapping";
  case ValueKind::Namespace:
    return "a namespace";
  case ValueKind::Macro:
    return "a macro";
  case ValueKind::Function:
    return "a function";
  case ValueKind::Method:
    return "a method";
  case ValueKind::Loop:
    return "the loop";
  }
  return "";
}

} // namespace llmc::chat
