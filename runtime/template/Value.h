/// What expressions of a template evaluate to: Python's values, as far as
/// templates meet them.
#ifndef LLMC_RUNTIME_TEMPLATE_VALUE_H
#define LLMC_RUNTIME_TEMPLATE_VALUE_H

#include "runtime/template/Text.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace llmc::chat {

enum class ValueKind : uint8_t {
  Undefined,
  None,
  Bool,
  Integer,
  Float,
  String,
  List,
  Tuple,
  Range,     ///< Of range().
  View,      ///< Of items(), keys() and values(): no subscripts.
  Generator, ///< Of map, select …: can be read once, and is always true.
  Dict,
  Namespace,
  Macro,    ///< integer(): its node.
  Function, ///< integer(): its place in the table of functions.
  Method,   ///< An object and the name of what it can do.
  Loop,
};

class Value;
struct LoopState;

/// Values that hold values have a depth: destructors and comparisons recurse.
inline constexpr uint32_t maxValueDepth = 100;

/// How deep a value is, and how much there is in it: a value that stands twice
/// in another counts twice, because it is printed twice.
struct Extent {
  uint32_t depth = 1;
  uint64_t weight = 1;
  void include(const Value &value);
};

struct Sequence {
  std::vector<Value> items;
  Extent extent;
  mutable size_t next = 0; ///< Generators: the first item that was not read.
};

struct Dict {
  std::vector<std::pair<Value, Value>> members; ///< In order of insertion.
  Extent extent;
  const Value *find(const Value &key) const;
  const Value *find(std::string_view key) const;
  void set(Value key, Value value);
};

struct Method;

/// Cheap to copy. Strings, lists and dicts are never changed once they are
/// values; namespaces are, so they can form cycles, which their owner breaks.
class Value {
public:
  Value() = default; ///< Undefined.
  static Value none() { return Value(ValueKind::None); }
  static Value boolean(bool truth) {
    Value value(ValueKind::Bool);
    value.whole = truth;
    return value;
  }
  static Value integer(int64_t number) {
    Value value(ValueKind::Integer);
    value.whole = number;
    return value;
  }
  static Value real(double number) {
    Value value(ValueKind::Float);
    value.fraction = number;
    return value;
  }
  static Value string(Text text);
  /// A string that is marked as safe for HTML: what is added to it is escaped.
  static Value markup(Text text) {
    Value value = string(std::move(text));
    value.safe = true;
    return value;
  }
  static Value string(std::string own) { return string(Text(std::move(own))); }
  /// \p kind: List, Tuple, Range, View or Generator.
  static Value sequence(std::vector<Value> items,
                        ValueKind kind = ValueKind::List);
  static Value dict(Dict dict, ValueKind kind = ValueKind::Dict);
  static Value callable(ValueKind kind, int64_t index) {
    Value value(kind);
    value.whole = index;
    return value;
  }
  static Value method(Value self, std::string name);
  static Value loop(std::shared_ptr<LoopState> state, Extent extent);

  ValueKind kind() const { return type; }
  bool isUndefined() const { return type == ValueKind::Undefined; }
  bool isNone() const { return type == ValueKind::None; }
  bool isString() const { return type == ValueKind::String; }
  bool isMarkup() const { return safe; }
  bool isDict() const { return type == ValueKind::Dict; }
  bool isSequence() const {
    return type >= ValueKind::List && type <= ValueKind::Generator;
  }
  /// Bool, Integer or Float.
  bool isNumber() const {
    return type >= ValueKind::Bool && type <= ValueKind::Float;
  }
  /// Bool or Integer.
  bool isWhole() const {
    return type == ValueKind::Bool || type == ValueKind::Integer;
  }

  int64_t integer() const { return whole; }
  double real() const {
    return type == ValueKind::Float ? fraction : static_cast<double>(whole);
  }
  const Text &text() const { return *static_cast<const Text *>(object.get()); }
  std::string_view view() const { return text().view(); }
  const Sequence &items() const {
    return *static_cast<const Sequence *>(object.get());
  }
  /// Of dicts and namespaces.
  const Dict &members() const {
    return *static_cast<const Dict *>(object.get());
  }
  Dict &space() const { return *static_cast<Dict *>(object.get()); }
  const Method &method() const {
    return *static_cast<const Method *>(object.get());
  }
  LoopState &loop() const { return *static_cast<LoopState *>(object.get()); }
  bool isSame(const Value &other) const;

  Extent extent() const { return size; }

private:
  explicit Value(ValueKind kind) : type(kind) {}

  ValueKind type = ValueKind::Undefined;
  bool safe = false;
  Extent size;
  union {
    int64_t whole = 0;
    double fraction;
  };
  std::shared_ptr<void> object;
};

struct Method {
  Value self;
  std::string name;
};

/// One `for` while it runs: `loop` in its body.
struct LoopState {
  std::vector<Value> ahead; ///< Items that were made and not yet visited.
  size_t nextAhead = 0;
  Value previous, current, lastChanged;
  bool hasCurrent = false, hasPrevious = false;
  int64_t index0 = -1;
  int64_t depth0 = 0;
  int64_t sourceLength = -1; ///< -1: known only once all are made.
};

bool isTrue(const Value &value);
/// Python's ==.
bool isEqual(const Value &left, const Value &right);
/// Less, equal, greater as -1, 0, 1; nullopt where the two have no order.
std::optional<int> order(const Value &left, const Value &right);
/// What Python calls the value's type, for messages.
std::string_view typeName(const Value &value);

/// str(value); nullopt for what has none that is worth printing (a method …).
std::optional<Text> toText(const Value &value);
/// repr(value).
std::optional<Text> toRepr(const Value &value);
std::string realText(double number);

struct JsonStyle {
  bool ensureAscii = false;
  bool sortKeys = false;
  std::optional<std::string> indent;
  std::optional<std::string> itemSeparator, keySeparator;
};
/// json.dumps(value); nullopt for what JSON does not have.
std::optional<Text> toJson(const Value &value, const JsonStyle &style);

} // namespace llmc::chat

#endif // LLMC_RUNTIME_TEMPLATE_VALUE_H
