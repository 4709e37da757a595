/// The functions that a template may call without an object.
#include "runtime/template/Natives.h"

#include <iterator>

namespace llmc::chat {

namespace {

Value raiseException(Renderer &renderer, const Value &, Arguments &arguments) {
  std::string message(renderer.textOf(arguments.get(0)).view());
  return renderer.fail("the template refuses the conversation: " + message);
}

/// Directive by directive, so that no text of the template meets the system's
/// own limits.
Value strftimeNow(Renderer &renderer, const Value &, Arguments &arguments) {
  if (!arguments.get(0).isString())
    return renderer.fail("strftime_now takes a string");
  const Text &format = arguments.get(0).text();
  Text out;
  std::string_view view = format.view();
  size_t begin = 0;
  for (size_t at = 0; (at = view.find('%', at)) != view.npos;) {
    out.append(format.slice(begin, at));
    size_t end = at + 1;
    while (end < view.size() && (view[end] == '-' || view[end] == '_'))
      ++end;
    constexpr std::string_view letters = "aAbBcdeDFHIjkmMlpSTuUVwWxXyYnt%";
    if (end == view.size() || letters.find(view[end]) == letters.npos)
      return renderer.fail(Code::UnsupportedTemplate,
                           "the date format " +
                               std::string(view.substr(at, end + 1 - at)) +
                               " is not supported");
    ++end;
    char text[128];
    size_t count = std::strftime(text, sizeof text,
                                 std::string(view.substr(at, end - at)).c_str(),
                                 &renderer.now());
    out.append(std::string_view(text, count));
    at = begin = end;
  }
  out.append(format.slice(begin, view.size()));
  return renderer.made(Value::string(std::move(out)));
}

/// The members of namespace() and dict(): of a mapping, and by name.
bool members(Renderer &renderer, Arguments &arguments, Dict &out) {
  if (arguments.positional.size() > 1) {
    renderer.fail("a dict is made of more than one value");
    return false;
  }
  for (const Value &value : arguments.positional) {
    if (value.isDict()) {
      for (const auto &[key, member] : value.members().members)
        out.set(key, member);
      continue;
    }
    std::vector<Value> pairs;
    if (!renderer.iterate(value, pairs))
      return false;
    for (const Value &pair : pairs) {
      std::vector<Value> parts;
      if (!renderer.iterate(pair, parts) ||
          !renderer.charge(out.members.size()))
        return false;
      if (parts.size() != 2) {
        renderer.fail("a dict is made of what are no pairs");
        return false;
      }
      out.set(parts[0], parts[1]);
    }
  }
  for (const auto &[name, value] : arguments.named)
    out.set(Value::string(std::string(name)), value);
  return true;
}

Value makeNamespace(Renderer &renderer, const Value &, Arguments &arguments) {
  Dict dict;
  if (!members(renderer, arguments, dict))
    return {};
  return renderer.newNamespace(std::move(dict));
}

Value makeDict(Renderer &renderer, const Value &, Arguments &arguments) {
  Dict dict;
  if (!members(renderer, arguments, dict))
    return {};
  return renderer.made(Value::dict(std::move(dict)));
}

Value range(Renderer &renderer, const Value &, Arguments &arguments) {
  int64_t numbers[3] = {0, 0, 1};
  for (size_t i = 0; i < 3; ++i)
    if (arguments.has(i)) {
      if (!arguments.get(i).isWhole())
        return renderer.fail("range takes integers");
      numbers[i] = arguments.get(i).integer();
    }
  if (!arguments.has(1))
    std::swap(numbers[0], numbers[1]);
  auto [begin, end, step] = numbers;
  if (step == 0)
    return renderer.fail("the step of range is 0");
  // Jinja's own limit.
  constexpr int64_t most = 100'000;
  std::vector<Value> items;
  for (int64_t i = begin; step > 0 ? i < end : i > end;) {
    items.push_back(Value::integer(i));
    if (int64_t(items.size()) > most)
      return renderer.fail(Code::TemplateLimit,
                           "a range has more than 100000 numbers");
    if (__builtin_add_overflow(i, step, &i))
      break;
  }
  return renderer.made(Value::sequence(std::move(items), ValueKind::Range));
}

constexpr Native table[] = {
    {"raise_exception", "message", raiseException},
    {"strftime_now", "format", strftimeNow},
    {"namespace", "*", makeNamespace},
    {"dict", "*", makeDict},
    {"range", "start | stop step", range},
};

} // namespace

std::span<const Native> functions() { return table; }

} // namespace llmc::chat
