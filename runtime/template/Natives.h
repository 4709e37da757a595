/// The filters, tests, methods and functions that there are, by name. The
/// compiler refuses a template that names another.
#ifndef LLMC_RUNTIME_TEMPLATE_NATIVES_H
#define LLMC_RUNTIME_TEMPLATE_NATIVES_H

#include "runtime/template/Renderer.h"

#include <span>

namespace llmc::chat {

struct Native {
  std::string_view name;
  /// Names in order, separated by spaces; those behind `|` may be left out.
  /// `*`: takes whatever is given.
  std::string_view parameters;
  /// \p self is the filtered or tested value, the method's object, undefined
  /// for functions. Tests return a boolean.
  Value (*run)(Renderer &renderer, const Value &self, Arguments &arguments);
};

std::span<const Native> filters();
std::span<const Native> tests();
std::span<const Native> functions();
/// By the type they belong to.
std::span<const Native> stringMethods();
std::span<const Native> dictMethods();
std::span<const Native> listMethods();

const Native *findNative(std::span<const Native> table, std::string_view name);
bool isMethod(std::string_view name);
/// Whether Python has the method, for objects of any of the three types; what
/// isMethod() does not know of these is refused by name.
bool isPythonMethod(const Value &object, std::string_view name);
/// Globals of Jinja that are not supported.
bool isUnsupportedGlobal(std::string_view name);

/// Binds \p arguments and runs \p native.
Value runNative(Renderer &renderer, const Native &native, const Value &self,
                Arguments &arguments);
Value callMethod(Renderer &renderer, const Value &method, Arguments &arguments);

} // namespace llmc::chat

#endif // LLMC_RUNTIME_TEMPLATE_NATIVES_H
