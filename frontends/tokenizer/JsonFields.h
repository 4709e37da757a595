/// Members of a JSON object by name and type: absent gives the default, of
/// another type is noted as a problem.
#ifndef LLMC_FRONTENDS_TOKENIZER_JSONFIELDS_H
#define LLMC_FRONTENDS_TOKENIZER_JSONFIELDS_H

#include "frontends/tokenizer/Json.h"

namespace llmc::tokenizer {

/// Reads the members of one object; the first problem is kept.
class Fields {
public:
  /// \p where names the object in messages. A null \p object has no members.
  Fields(const JsonValue *object, std::string where)
      : object(object), where(std::move(where)) {
    if (object && !object->isObject())
      problem = this->where + " is no object";
  }

  std::string problem; ///< Empty while all is well.

  const JsonValue *find(std::string_view key) const {
    return object ? object->find(key) : nullptr;
  }
  std::string text(std::string_view key, std::string fallback = {}) {
    const JsonValue *v = find(key);
    return !v ? fallback : v->isString() ? v->string : wrong(key, fallback);
  }
  bool flag(std::string_view key, bool fallback) {
    const JsonValue *v = find(key);
    if (v && v->kind != JsonValue::Kind::Bool)
      return wrong(key, fallback);
    return v ? v->boolean : fallback;
  }
  int64_t integer(std::string_view key, int64_t fallback) {
    const JsonValue *v = find(key);
    return !v ? fallback : v->isInteger() ? v->integer : wrong(key, fallback);
  }
  /// The items of an array; none where it is absent.
  const std::vector<JsonValue> &items(std::string_view key) {
    static const std::vector<JsonValue> none;
    const JsonValue *v = find(key);
    return !v ? none : v->isArray() ? v->items : wrong(key, none);
  }

private:
  const JsonValue *object;
  std::string where;

  template <typename T>
  const T &wrong(std::string_view key, const T &fallback) {
    if (problem.empty())
      problem = where + "." + std::string(key) + " has the wrong type";
    return fallback;
  }
};

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_JSONFIELDS_H
