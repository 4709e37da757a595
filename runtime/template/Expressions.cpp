/// Expressions of a template.
#include "runtime/template/Natives.h"
#include "runtime/template/Renderer.h"
#include "runtime/template/TextTools.h"

#include <algorithm>
#include <bit>

namespace llmc::chat {

Value Renderer::evaluate(NodeId id) {
  if (!charge(1))
    return {};
  if (nesting >= maxNesting)
    return fail(Code::TemplateLimit, "it nests too deeply");
  ++nesting;
  line = at(id).line;
  Value value = dispatch(at(id));
  --nesting;
  return hasFailed ? Value() : value;
}

Value Renderer::dispatch(const Node &node) {
  switch (node.kind) {
  case NodeKind::String:
    return made(Value::string(std::string(string(node.text))));
  case NodeKind::Integer:
    return Value::integer(node.number);
  case NodeKind::Float:
    return Value::real(std::bit_cast<double>(node.number));
  case NodeKind::True:
    return Value::boolean(true);
  case NodeKind::False:
    return Value::boolean(false);
  case NodeKind::None:
    return Value::none();
  case NodeKind::Name:
    return lookUp(node.text);
  case NodeKind::Captured:
    return captured;
  case NodeKind::List:
  case NodeKind::Tuple:
    return makeList(node);
  case NodeKind::Dict:
    return makeDict(node);
  case NodeKind::Attribute: {
    Value object = evaluate(node.children[0]);
    if (object.isUndefined() && !hasFailed)
      return fail("`." + std::string(string(node.text)) +
                  "` is taken of a value that is not defined");
    return hasFailed ? Value() : attribute(object, string(node.text));
  }
  case NodeKind::Item: {
    Value object = evaluate(node.children[0]);
    Value key = evaluate(node.children[1]);
    return hasFailed ? Value() : item(object, key);
  }
  case NodeKind::Slice:
    return slice(node);
  case NodeKind::Call:
    return call(node);
  case NodeKind::Filter:
    return evaluateFilter(node);
  case NodeKind::Test:
    return evaluateTest(node);
  case NodeKind::Not:
    return Value::boolean(!isTrue(evaluate(node.children[0])));
  case NodeKind::Negate:
  case NodeKind::Plus:
    return negate(node);
  case NodeKind::And:
  case NodeKind::Or:
  case NodeKind::Conditional:
    return logic(node);
  case NodeKind::Concat:
    return concat(node);
  case NodeKind::Compare:
    return compare(node);
  default:
    return arithmetic(node);
  }
}

Value Renderer::lookUp(uint32_t name) {
  for (const Scope *inside = scope; inside; inside = inside->parent)
    for (const auto &[key, value] : inside->names)
      if (key == name)
        return value;
  std::string_view text = string(name);
  if (const Value *value = variables.find(text))
    return *value;
  if (const Native *function = findNative(functions(), text))
    return Value::callable(ValueKind::Function,
                           function - functions().data());
  return {};
}

Value Renderer::makeList(const Node &node) {
  std::vector<Value> items;
  for (NodeId child : node.children)
    items.push_back(evaluate(child));
  return made(Value::sequence(std::move(items), node.kind == NodeKind::List
                                                    ? ValueKind::List
                                                    : ValueKind::Tuple));
}

Value Renderer::makeDict(const Node &node) {
  Dict dict;
  for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
    Value key = evaluate(node.children[i]);
    Value value = evaluate(node.children[i + 1]);
    if (hasFailed || !charge(dict.members.size()))
      return {};
    dict.set(std::move(key), std::move(value));
  }
  return made(Value::dict(std::move(dict)));
}

Value Renderer::attribute(const Value &object, std::string_view name) {
  switch (object.kind()) {
  case ValueKind::Undefined:
    return fail("`." + std::string(name) +
                "` is taken of a value that is not defined");
  case ValueKind::Loop:
    if (name == "cycle" || name == "changed")
      return made(Value::method(object, std::string(name)));
    return loopAttribute(object.loop(), name);
  case ValueKind::Namespace:
    break;
  default:
    // As in Python, a dict's methods hide members of the same name.
    if (isPythonMethod(object, name))
      return made(Value::method(object, std::string(name)));
    if (!object.isDict())
      return {};
  }
  charge(object.members().members.size());
  const Value *member = object.members().find(name);
  return member ? *member : Value();
}

Value Renderer::item(const Value &object, const Value &key) {
  if (object.isUndefined())
    return fail("an item is taken of a value that is not defined");
  if (object.isDict()) {
    charge(object.members().members.size());
    if (const Value *member = object.members().find(key))
      return *member;
  } else if (key.isWhole() &&
             (object.isString() || (object.isSequence() &&
                                    object.kind() <= ValueKind::Range))) {
    std::vector<size_t> starts;
    if (object.isString()) {
      charge(object.text().size() / 16);
      starts = characterStarts(object.view());
    }
    int64_t count = int64_t(object.isString() ? starts.size() - 1
                                              : object.items().items.size());
    int64_t index = key.integer();
    if (index < 0 && index >= -count)
      index += count;
    if (index < 0 || index >= count)
      return {};
    size_t place = size_t(index);
    return object.isString()
               ? made(Value::string(
                     object.text().slice(starts[place], starts[place + 1])))
               : object.items().items[place];
  }
  // Jinja takes an attribute where there is no such item.
  return key.isString() && object.kind() != ValueKind::Dict
             ? attribute(object, key.view())
         : key.isString() && isPythonMethod(object, key.view())
             ? made(Value::method(object, std::string(key.view())))
             : Value();
}

Value Renderer::slice(const Node &node) {
  Value object = evaluate(node.children[0]);
  std::optional<int64_t> bounds[3];
  for (size_t i = 0; i < 3; ++i)
    if (NodeId child = node.children[1 + i]; child != noNode) {
      Value bound = evaluate(child);
      if (!bound.isWhole() && !bound.isNone())
        return fail("a bound of a slice is " + std::string(typeName(bound)));
      if (bound.isWhole())
        bounds[i] = bound.integer();
    }
  if (object.isUndefined())
    return fail("a slice is taken of a value that is not defined");
  bool ofText = object.isString();
  if (!ofText &&
      !(object.isSequence() && object.kind() <= ValueKind::Range))
    return {};
  std::vector<size_t> starts;
  if (ofText) {
    charge(object.text().size() / 16);
    starts = characterStarts(object.view());
  }
  int64_t count =
      int64_t(ofText ? starts.size() - 1 : object.items().items.size());
  int64_t step = bounds[2].value_or(1);
  if (step == 0)
    return fail("the step of a slice is 0");
  auto clamp = [&](std::optional<int64_t> bound, int64_t otherwise) {
    if (!bound)
      return otherwise;
    int64_t place = *bound < 0 ? std::max(*bound, -count - 1) + count : *bound;
    return step > 0 ? std::clamp<int64_t>(place, 0, count)
                    : std::clamp<int64_t>(place, -1, count - 1);
  };
  int64_t begin = clamp(bounds[0], step > 0 ? 0 : count - 1);
  int64_t end = clamp(bounds[1], step > 0 ? count : -1);
  if (ofText && step == 1)
    return made(Value::string(object.text().slice(
        starts[size_t(begin)], starts[size_t(std::max(begin, end))])));
  Text text;
  std::vector<Value> items;
  step = std::clamp(step, -count - 1, count + 1);
  for (int64_t i = begin; step > 0 ? i < end : i > end; i += step)
    if (!charge(1))
      return {};
    else if (ofText)
      text.append(object.text().slice(starts[size_t(i)], starts[size_t(i) + 1]));
    else
      items.push_back(object.items().items[size_t(i)]);
  return ofText ? made(Value::string(std::move(text)))
                : made(Value::sequence(std::move(items), object.kind()));
}

bool Renderer::collect(const Node &node, size_t first, Arguments &arguments) {
  for (size_t i = first; i < node.children.size() && !hasFailed; ++i) {
    const Node &child = at(node.children[i]);
    if (child.kind == NodeKind::Keyword)
      arguments.named.emplace_back(string(child.text),
                                   evaluate(child.children[0]));
    else
      arguments.positional.push_back(evaluate(node.children[i]));
  }
  return !hasFailed;
}

Value Renderer::call(const Node &node) {
  Value callee = evaluate(node.children[0]);
  Arguments arguments;
  if (!collect(node, 1, arguments))
    return {};
  line = node.line;
  switch (callee.kind()) {
  case ValueKind::Macro:
    return callMacro(NodeId(callee.integer()), arguments);
  case ValueKind::Function:
    return runNative(*this, functions()[size_t(callee.integer())], Value(),
                     arguments);
  case ValueKind::Method:
    return callMethod(*this, callee, arguments);
  default: {
    const Node &name = at(node.children[0]);
    std::string what = name.kind == NodeKind::Name ||
                               name.kind == NodeKind::Attribute
                           ? "`" + std::string(string(name.text)) + "`"
                           : "a value";
    return fail(what + " is called, and is " + std::string(typeName(callee)));
  }
  }
}

Value Renderer::evaluateFilter(const Node &node) {
  Value input = evaluate(node.children[0]);
  Arguments arguments;
  if (hasFailed || !collect(node, 1, arguments))
    return {};
  return filter(string(node.text), input, std::move(arguments));
}

Value Renderer::evaluateTest(const Node &node) {
  Value input = evaluate(node.children[0]);
  Arguments arguments;
  if (hasFailed || !collect(node, 1, arguments))
    return {};
  return Value::boolean(test(string(node.text), input, std::move(arguments)));
}

Value Renderer::filter(std::string_view name, const Value &input,
                       Arguments arguments) {
  const Native *native = findNative(filters(), name);
  if (!native)
    return fail(Code::UnsupportedTemplate,
                "the filter " + std::string(name) + " is not supported");
  return runNative(*this, *native, input, arguments);
}

bool Renderer::test(std::string_view name, const Value &input,
                    Arguments arguments) {
  const Native *native = findNative(tests(), name);
  if (!native) {
    fail(Code::UnsupportedTemplate,
         "the test " + std::string(name) + " is not supported");
    return false;
  }
  return isTrue(runNative(*this, *native, input, arguments));
}

bool Renderer::isEqualTo(const Value &left, const Value &right) {
  return charge(std::min(left.extent().weight, right.extent().weight)) &&
         isEqual(left, right);
}

int Renderer::orderOf(const Value &left, const Value &right) {
  if (!charge(std::min(left.extent().weight, right.extent().weight)))
    return 0;
  std::optional<int> result = order(left, right);
  if (!result)
    fail(std::string(typeName(left)) + " and " + std::string(typeName(right)) +
         " have no order");
  return result.value_or(0);
}

bool Renderer::contains(const Value &container, const Value &value) {
  if (container.isString()) {
    if (!value.isString()) {
      fail("`in` looks for " + std::string(typeName(value)) + " in a string");
      return false;
    }
    return charge(container.text().size() / 16) &&
           container.view().find(value.view()) != std::string_view::npos;
  }
  if (container.isDict())
    return charge(container.members().members.size()) &&
           container.members().find(value);
  std::vector<Value> items;
  return iterate(container, items) &&
         std::any_of(items.begin(), items.end(), [&](const Value &item) {
           return isEqualTo(item, value);
         });
}

bool Renderer::iterate(const Value &value, std::vector<Value> &items) {
  switch (value.kind()) {
  case ValueKind::Undefined:
    return !hasFailed;
  case ValueKind::String: {
    std::vector<size_t> starts = characterStarts(value.view());
    if (!charge(starts.size()))
      return false;
    for (size_t i = 0; i + 1 < starts.size(); ++i)
      items.push_back(
          Value::string(value.text().slice(starts[i], starts[i + 1])));
    return true;
  }
  case ValueKind::Dict:
    if (!charge(value.members().members.size()))
      return false;
    for (const auto &[key, member] : value.members().members)
      items.push_back(key);
    return true;
  default:
    break;
  }
  if (!value.isSequence()) {
    fail(std::string(typeName(value)) + " has no items to go through");
    return false;
  }
  const Sequence &sequence = value.items();
  if (!charge(sequence.items.size()))
    return false;
  items.assign(sequence.items.begin() + ptrdiff_t(sequence.next),
               sequence.items.end());
  if (value.kind() == ValueKind::Generator)
    sequence.next = sequence.items.size();
  return true;
}

Text Renderer::textOf(const Value &value) {
  if (value.isString())
    return value.text();
  if (!charge(value.extent().weight))
    return {};
  std::optional<Text> text = toText(value);
  if (!text) {
    fail(Code::UnsupportedTemplate,
         "writing " + std::string(typeName(value)) + " is not supported");
    return {};
  }
  return std::move(*text);
}

Value Renderer::compare(const Node &node) {
  Value left = evaluate(node.children[0]);
  for (size_t i = 1; i < node.children.size() && !hasFailed; ++i) {
    const Node &operand = at(node.children[i]);
    Value right = evaluate(operand.children[0]);
    if (hasFailed)
      return {};
    bool truth = false;
    switch (static_cast<Comparison>(operand.number)) {
    case Comparison::Equal:
      truth = isEqualTo(left, right);
      break;
    case Comparison::NotEqual:
      truth = !isEqualTo(left, right);
      break;
    case Comparison::Less:
      truth = orderOf(left, right) < 0;
      break;
    case Comparison::LessEqual:
      truth = orderOf(left, right) <= 0;
      break;
    case Comparison::Greater:
      truth = orderOf(left, right) > 0;
      break;
    case Comparison::GreaterEqual:
      truth = orderOf(left, right) >= 0;
      break;
    case Comparison::In:
      truth = contains(right, left);
      break;
    case Comparison::NotIn:
      truth = !contains(right, left);
      break;
    }
    if (!truth)
      return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Renderer::concat(const Node &node) {
  Text text;
  for (NodeId child : node.children) {
    Value value = evaluate(child);
    if (hasFailed)
      return {};
    text.append(textOf(value));
  }
  return made(Value::string(std::move(text)));
}

Value Renderer::logic(const Node &node) {
  if (node.kind == NodeKind::Conditional) {
    bool truth = isTrue(evaluate(node.children[1]));
    NodeId branch = node.children[truth ? 0 : 2];
    return hasFailed || branch == noNode ? Value() : evaluate(branch);
  }
  Value left = evaluate(node.children[0]);
  bool decided = isTrue(left) == (node.kind == NodeKind::Or);
  return hasFailed || decided ? left : evaluate(node.children[1]);
}

Value Renderer::negate(const Node &node) {
  Value value = evaluate(node.children[0]);
  if (!value.isNumber())
    return fail("a sign stands before " + std::string(typeName(value)));
  if (value.kind() == ValueKind::Float)
    return Value::real(node.kind == NodeKind::Plus ? value.real()
                                                   : -value.real());
  int64_t number = value.integer();
  if (node.kind == NodeKind::Negate &&
      __builtin_sub_overflow(int64_t(0), number, &number))
    return fail(Code::TemplateLimit, "a number is beyond 64 bits");
  return Value::integer(number);
}

Value Renderer::arithmetic(const Node &node) {
  Value left = evaluate(node.children[0]);
  Value right = evaluate(node.children[1]);
  return hasFailed ? Value() : arithmeticOf(*this, node.kind, left, right);
}

} // namespace llmc::chat
