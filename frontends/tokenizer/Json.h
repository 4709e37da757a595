/// JSON as a small tree, from untrusted text.
///
/// The text is read through nlohmann's event interface, so that depth, repeated
/// keys and memory are bounded here and no exception leaves.
#ifndef LLMC_FRONTENDS_TOKENIZER_JSON_H
#define LLMC_FRONTENDS_TOKENIZER_JSON_H

#include "runtime/support/Error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

struct JsonMember;

struct JsonValue {
  enum class Kind : uint8_t {
    Null,
    Bool,
    Integer,
    Real,
    String,
    Array,
    Object
  };
  Kind kind = Kind::Null;
  bool boolean = false;
  int64_t integer = 0;
  double real = 0;
  std::string string;
  std::vector<JsonValue> items;    ///< Array.
  std::vector<JsonMember> members; ///< Object, in order.

  bool isNull() const { return kind == Kind::Null; }
  bool isString() const { return kind == Kind::String; }
  bool isInteger() const { return kind == Kind::Integer; }
  bool isArray() const { return kind == Kind::Array; }
  bool isObject() const { return kind == Kind::Object; }
  /// The member \p key; null where there is none or its value is null.
  const JsonValue *find(std::string_view key) const;
};

struct JsonMember {
  std::string key;
  JsonValue value;
};

/// Receives the elements of the two large parts of a tokenizer.json in place of
/// the tree, in which each would cost a hundred bytes.
class BulkSink {
public:
  virtual ~BulkSink() = default;
  /// Whether the container at \p path ("/model/vocab") is to be streamed.
  virtual bool wants(std::string_view path) = 0;
  /// A scalar inside it: the key of the object it stands in directly under the
  /// streamed container (empty in arrays), its depth below it (1 = directly).
  /// Returns what is wrong with it, or nothing.
  virtual std::string scalar(const std::string &key, int depth,
                             const JsonValue &value) = 0;
  /// Containers directly within the streamed one begin and end.
  virtual void beginItem() = 0;
  virtual std::string endItem() = 0;
};

/// Parses \p text. \p name (a file name) is for messages; \p code is the error
/// for whatever is wrong: no JSON, deeper than 64, a key twice in one object,
/// more values than 250,000 and one for each 64 bytes.
Result<JsonValue> parseJson(std::string_view text, const std::string &name,
                            Code code, BulkSink *bulk = nullptr);
/// The same of a text that must be one object, as settings are.
Result<JsonValue> parseJsonObject(std::string_view text, const std::string &name,
                                  Code code);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_JSON_H
