#include "runtime/template/Natives.h"

#include <algorithm>

namespace llmc::chat {

const Native *findNative(std::span<const Native> table, std::string_view name) {
  for (const Native &native : table)
    if (native.name == name)
      return &native;
  return nullptr;
}

namespace {

std::vector<std::string_view> wordsOf(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    size_t end = std::min(text.find(' '), text.size());
    if (end > 0)
      words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

bool isWordOf(std::string_view list, std::string_view word) {
  std::vector<std::string_view> words = wordsOf(list);
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Puts each argument in its parameter's place; tells what does not fit.
std::string bind(const Native &native, Arguments &arguments) {
  std::vector<std::string_view> parameters = wordsOf(native.parameters);
  size_t required = parameters.size();
  if (auto bar = std::find(parameters.begin(), parameters.end(), "|");
      bar != parameters.end()) {
    required = size_t(bar - parameters.begin());
    parameters.erase(bar);
  }
  arguments.bound.assign(parameters.size(), nullptr);
  if (arguments.positional.size() > parameters.size())
    return "takes " + std::to_string(parameters.size()) + " arguments at most";
  for (size_t i = 0; i < arguments.positional.size(); ++i)
    arguments.bound[i] = &arguments.positional[i];
  for (const auto &[name, value] : arguments.named) {
    auto place = std::find(parameters.begin(), parameters.end(), name);
    if (place == parameters.end())
      return "takes no argument " + std::string(name);
    const Value *&slot = arguments.bound[size_t(place - parameters.begin())];
    if (slot)
      return "gets " + std::string(name) + " twice";
    slot = &value;
  }
  for (size_t i = 0; i < required; ++i)
    if (!arguments.bound[i])
      return "lacks its argument " + std::string(parameters[i]);
  return "";
}

std::span<const Native> methodsOf(const Value &object) {
  switch (object.kind()) {
  case ValueKind::String:
    return stringMethods();
  case ValueKind::Dict:
    return dictMethods();
  case ValueKind::List:
  case ValueKind::Tuple:
    return listMethods();
  default:
    return {};
  }
}

} // namespace

bool isMethod(std::string_view name) {
  return findNative(stringMethods(), name) || findNative(dictMethods(), name) ||
         findNative(listMethods(), name) || name == "cycle" ||
         name == "changed";
}

bool isPythonMethod(const Value &object, std::string_view name) {
  switch (object.kind()) {
  case ValueKind::String:
    return isWordOf("capitalize casefold center count encode endswith "
                    "expandtabs find format format_map index isalnum isalpha "
                    "isascii isdecimal isdigit isidentifier islower isnumeric "
                    "isprintable isspace istitle isupper join ljust lower "
                    "lstrip maketrans partition removeprefix removesuffix "
                    "replace rfind rindex rjust rpartition rsplit rstrip split "
                    "splitlines startswith strip swapcase title translate "
                    "upper zfill",
                    name);
  case ValueKind::Dict:
    return isWordOf("clear copy fromkeys get items keys pop popitem setdefault "
                    "update values",
                    name);
  case ValueKind::List:
    return isWordOf("append clear copy count extend index insert pop remove "
                    "reverse sort",
                    name);
  case ValueKind::Tuple:
    return isWordOf("count index", name);
  default:
    return false;
  }
}

bool isUnsupportedGlobal(std::string_view name) {
  return isWordOf("lipsum cycler joiner", name);
}

Value runNative(Renderer &renderer, const Native &native, const Value &self,
                Arguments &arguments) {
  // Few things are the same for a string that is marked as safe.
  if (self.isMarkup() &&
      !isWordOf("safe string length default d none defined string mapping "
                "iterable sequence startswith endswith",
                native.name))
    return renderer.fail(Code::UnsupportedTemplate,
                         "`" + std::string(native.name) +
                             "` of a value marked by the filter safe is not "
                             "supported");
  if (native.parameters != "*")
    if (std::string why = bind(native, arguments); !why.empty())
      return renderer.fail("`" + std::string(native.name) + "` " + why);
  Value result = native.run(renderer, self, arguments);
  return renderer.failed() ? Value() : result;
}

Value callMethod(Renderer &renderer, const Value &value, Arguments &arguments) {
  const Method &method = value.method();
  if (method.self.kind() == ValueKind::Loop) {
    LoopState &loop = method.self.loop();
    if (method.name == "cycle") {
      if (arguments.positional.empty())
        return renderer.fail("`loop.cycle` has nothing to choose from");
      return arguments.positional[size_t(loop.index0) %
                                  arguments.positional.size()];
    }
    Value now = renderer.made(Value::sequence(std::move(arguments.positional),
                                              ValueKind::Tuple));
    bool same = renderer.isEqualTo(loop.lastChanged, now);
    loop.lastChanged = now;
    return Value::boolean(!same);
  }
  const Native *native = findNative(methodsOf(method.self), method.name);
  if (!native)
    return renderer.fail(Code::UnsupportedTemplate,
                         "the method " + method.name + " of " +
                             std::string(typeName(method.self)) +
                             " is not supported");
  return runNative(renderer, *native, method.self, arguments);
}

} // namespace llmc::chat
