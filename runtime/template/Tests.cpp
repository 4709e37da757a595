/// The tests that stand behind `is`.
#include "runtime/template/Natives.h"
#include "runtime/template/TextTools.h"

namespace llmc::chat {

namespace {

using Truth = bool (*)(const Value &);

/// A test of the value alone.
template <Truth truth>
Value plain(Renderer &, const Value &self, Arguments &) {
  return Value::boolean(truth(self));
}

bool isDefined(const Value &v) { return !v.isUndefined(); }
bool isUndefined(const Value &v) { return v.isUndefined(); }
bool isNone(const Value &v) { return v.isNone(); }
bool isBoolean(const Value &v) { return v.kind() == ValueKind::Bool; }
bool isTrueItself(const Value &v) { return isBoolean(v) && v.integer(); }
bool isFalseItself(const Value &v) { return isBoolean(v) && !v.integer(); }
bool isString(const Value &v) { return v.isString(); }
bool isNumber(const Value &v) { return v.isNumber(); }
bool isInteger(const Value &v) { return v.kind() == ValueKind::Integer; }
bool isFloat(const Value &v) { return v.kind() == ValueKind::Float; }
bool isMapping(const Value &v) { return v.isDict(); }
bool isIterable(const Value &v) {
  return v.isString() || v.isSequence() || v.isDict() || v.isUndefined() ||
         v.kind() == ValueKind::Loop;
}
bool isSequence(const Value &v) {
  return v.isString() || v.isDict() ||
         (v.isSequence() && v.kind() <= ValueKind::Range);
}
/// Jinja's undefined can be called, to say that it is undefined.
bool isCallable(const Value &v) {
  return v.isUndefined() || v.kind() == ValueKind::Macro || v.kind() == ValueKind::Function ||
         v.kind() == ValueKind::Method;
}

template <bool odd>
Value isOdd(Renderer &renderer, const Value &self, Arguments &) {
  if (!self.isWhole())
    return renderer.fail("a test for odd or even is made of " +
                         std::string(typeName(self)));
  return Value::boolean((self.integer() % 2 != 0) == odd);
}

Value isDivisible(Renderer &renderer, const Value &self, Arguments &arguments) {
  Value by = arguments.get(0);
  if (!self.isWhole() || !by.isWhole() || by.integer() == 0)
    return renderer.fail("divisibleby takes integers");
  return Value::boolean(by.integer() == -1 ||
                        self.integer() % by.integer() == 0);
}

template <bool truth>
Value equals(Renderer &renderer, const Value &self, Arguments &arguments) {
  return Value::boolean(renderer.isEqualTo(self, arguments.get(0)) == truth);
}

/// Whether the order is \p first or \p second.
template <int first, int second>
Value ordered(Renderer &renderer, const Value &self, Arguments &arguments) {
  int order = renderer.orderOf(self, arguments.get(0));
  return Value::boolean(order == first || order == second);
}

Value isIn(Renderer &renderer, const Value &self, Arguments &arguments) {
  return Value::boolean(renderer.contains(arguments.get(0), self));
}

Value isSame(Renderer &, const Value &self, Arguments &arguments) {
  return Value::boolean(self.isSame(arguments.get(0)));
}

/// Whether there are letters and all of them have this case.
template <bool wantsUpper>
Value hasCase(Renderer &renderer, const Value &self, Arguments &) {
  Text text = renderer.textOf(self);
  std::string_view as = text.view();
  Text upperCase = upper(text), lowerCase = lower(text);
  return Value::boolean(upperCase.view() != lowerCase.view() &&
                        as == (wantsUpper ? upperCase : lowerCase).view());
}

constexpr Native table[] = {
    {"defined", "", plain<isDefined>},
    {"undefined", "", plain<isUndefined>},
    {"none", "", plain<isNone>},
    {"boolean", "", plain<isBoolean>},
    {"true", "", plain<isTrueItself>},
    {"false", "", plain<isFalseItself>},
    {"string", "", plain<isString>},
    {"number", "", plain<isNumber>},
    {"integer", "", plain<isInteger>},
    {"float", "", plain<isFloat>},
    {"mapping", "", plain<isMapping>},
    {"iterable", "", plain<isIterable>},
    {"sequence", "", plain<isSequence>},
    {"callable", "", plain<isCallable>},
    {"odd", "", isOdd<true>},
    {"even", "", isOdd<false>},
    {"divisibleby", "num", isDivisible},
    {"equalto", "other", equals<true>},
    {"eq", "other", equals<true>},
    {"==", "other", equals<true>},
    {"ne", "other", equals<false>},
    {"!=", "other", equals<false>},
    {"lt", "other", ordered<-1, -1>},
    {"lessthan", "other", ordered<-1, -1>},
    {"<", "other", ordered<-1, -1>},
    {"le", "other", ordered<-1, 0>},
    {"<=", "other", ordered<-1, 0>},
    {"gt", "other", ordered<1, 1>},
    {"greaterthan", "other", ordered<1, 1>},
    {">", "other", ordered<1, 1>},
    {"ge", "other", ordered<1, 0>},
    {">=", "other", ordered<1, 0>},
    {"in", "seq", isIn},
    {"sameas", "other", isSame},
    {"lower", "", hasCase<false>},
    {"upper", "", hasCase<true>},
};

} // namespace

std::span<const Native> tests() { return table; }

} // namespace llmc::chat
