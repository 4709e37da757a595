/// Writes JSON: for `--json` and traces. Reading is another library's.
#ifndef LLMC_RUNTIME_SUPPORT_JSON_H
#define LLMC_RUNTIME_SUPPORT_JSON_H

#include <cstdint>
#include <string>
#include <string_view>

namespace llmc {

/// Appends values to a string; commas are its business. Misuse (a key outside
/// an object, an unclosed array) gives text that is no JSON.
///
///   JsonWriter json;
///   json.beginObject().key("tokens").beginArray().value(1).end().end();
class JsonWriter {
public:
  JsonWriter &beginObject();
  JsonWriter &beginArray();
  /// Closes the innermost object or array.
  JsonWriter &end();
  JsonWriter &key(std::string_view name);
  /// \p text should be UTF-8; bytes that are not become U+FFFD.
  JsonWriter &value(std::string_view text);
  JsonWriter &value(const char *text) { return value(std::string_view(text)); }
  JsonWriter &value(const std::string &text) {
    return value(std::string_view(text));
  }
  JsonWriter &value(int64_t number);
  JsonWriter &value(uint64_t number);
  JsonWriter &value(int number) { return value(int64_t(number)); }
  JsonWriter &value(unsigned number) { return value(uint64_t(number)); }
  /// The shortest text that reads back as the same number; null for infinities
  /// and NaN, which JSON does not have.
  JsonWriter &value(double number);
  JsonWriter &value(bool truth);
  JsonWriter &null();
  template <typename T> JsonWriter &member(std::string_view name, T &&item) {
    return key(name).value(std::forward<T>(item));
  }

  const std::string &text() const { return out; }

private:
  void separate();

  std::string out;
  std::string open;       // '{' and '[', innermost last
  bool needComma = false;
};

} // namespace llmc

#endif // LLMC_RUNTIME_SUPPORT_JSON_H
