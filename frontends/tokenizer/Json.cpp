#include "frontends/tokenizer/Json.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace llmc::tokenizer {

const JsonValue *JsonValue::find(std::string_view key) const {
  for (const auto &[name, value] : members)
    if (name == key)
      return value.isNull() ? nullptr : &value;
  return nullptr;
}

namespace {
constexpr size_t maxDepth = 64;
// A value takes 128 bytes of memory: 32 MiB, and twice the size of the file.
constexpr size_t minValues = 250'000;
constexpr size_t bytesPerValue = 64;

/// Builds the tree from nlohmann's events. Each handler returns false to stop,
/// with the reason in `problem`.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
public:
  TreeBuilder(BulkSink *bulk, size_t maxValues)
      : bulk(bulk), maxValues(maxValues) {}

  JsonValue root;
  std::string problem;

  bool null() override { return value({}); }
  bool boolean(bool b) override {
    JsonValue v;
    v.kind = JsonValue::Kind::Bool;
    v.boolean = b;
    return value(std::move(v));
  }
  bool number_integer(int64_t i) override {
    JsonValue v;
    v.kind = JsonValue::Kind::Integer;
    v.integer = i;
    return value(std::move(v));
  }
  bool number_unsigned(uint64_t u) override {
    return u <= uint64_t(INT64_MAX) ? number_integer(int64_t(u))
                                    : number_float(double(u), {});
  }
  bool number_float(double d, const std::string &) override {
    JsonValue v;
    v.kind = JsonValue::Kind::Real;
    v.real = d;
    return value(std::move(v));
  }
  bool string(std::string &s) override {
    JsonValue v;
    v.kind = JsonValue::Kind::String;
    v.string = std::move(s);
    return value(std::move(v));
  }
  bool binary(nlohmann::json::binary_t &) override {
    return stop("binary value");
  }
  bool start_object(size_t) override { return open(JsonValue::Kind::Object); }
  bool start_array(size_t) override { return open(JsonValue::Kind::Array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string &k) override {
    if (bulkDepth > 0) {
      if (bulkDepth == 1)
        bulkKey = std::move(k);
      return true;
    }
    Level &level = levels.back();
    if (!level.keys.insert(k).second)
      return stop("the key \"" + k + "\" stands twice in one object");
    level.key = std::move(k);
    return true;
  }
  bool parse_error(size_t position, const std::string &,
                   const nlohmann::detail::exception &) override {
    return stop("no JSON from byte " + std::to_string(position) + " on");
  }

private:
  struct Level {
    JsonValue *container;
    size_t pathLength; // Of the path before this level.
    std::string key;
    std::unordered_set<std::string> keys;
  };
  BulkSink *bulk;
  size_t maxValues;
  std::vector<Level> levels;
  std::string path;
  size_t count = 0;
  int bulkDepth = 0; // 0: not within a streamed container.
  std::string bulkKey;

  bool stop(std::string why) {
    if (problem.empty())
      problem = std::move(why);
    return false;
  }
  bool accept(std::string why) { return why.empty() || stop(std::move(why)); }

  JsonValue *append(JsonValue v) {
    if (levels.empty()) {
      root = std::move(v);
      return &root;
    }
    Level &level = levels.back();
    if (level.container->isArray())
      return &level.container->items.emplace_back(std::move(v));
    return &level.container->members
                .emplace_back(JsonMember{std::move(level.key), std::move(v)})
                .value;
  }
  bool value(JsonValue v) {
    if (bulkDepth > 0)
      return accept(bulk->scalar(bulkKey, bulkDepth, v));
    if (++count > maxValues)
      return stop("it has more than " + std::to_string(maxValues) + " values");
    append(std::move(v));
    return true;
  }
  bool open(JsonValue::Kind kind) {
    if (levels.size() + size_t(bulkDepth) >= maxDepth)
      return stop("it is nested deeper than " + std::to_string(maxDepth));
    if (bulkDepth > 0) {
      if (bulkDepth++ == 1)
        bulk->beginItem();
      return true;
    }
    if (++count > maxValues)
      return stop("it has more than " + std::to_string(maxValues) + " values");
    size_t before = path.size();
    if (!levels.empty())
      path += "/" + levels.back().key;
    JsonValue v;
    v.kind = kind;
    JsonValue *container = append(std::move(v));
    if (bulk && bulk->wants(path)) {
      path.resize(before);
      bulkKey.clear();
      bulkDepth = 1;
      return true;
    }
    levels.push_back({container, before, {}, {}});
    return true;
  }
  bool close() {
    if (bulkDepth > 0) {
      --bulkDepth;
      return bulkDepth != 1 || accept(bulk->endItem());
    }
    path.resize(levels.back().pathLength);
    levels.pop_back();
    return true;
  }
};
} // namespace

Result<JsonValue> parseJson(std::string_view text, const std::string &name,
                            Code code, BulkSink *bulk) {
  TreeBuilder builder(bulk, minValues + text.size() / bytesPerValue);
  bool parsed = false;
  try {
    parsed = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  } catch (const std::exception &e) {
    builder.problem = e.what();
  }
  if (!parsed)
    return Error{code, "cannot read " + name, name,
                 builder.problem.empty() ? "it is no JSON" : builder.problem,
                 "check that the file was downloaded whole"};
  return std::move(builder.root);
}

Result<JsonValue> parseJsonObject(std::string_view text, const std::string &name,
                                  Code code) {
  LLMC_TRY(JsonValue value, parseJson(text, name, code));
  if (!value.isObject())
    return Error{code, "cannot read " + name, name, "it is no JSON object",
                 "take the model's own file, or remove it"};
  return value;
}

} // namespace llmc::tokenizer
