#include "frontends/tokenizer/GgufVocabulary.h"

#include <bit>

namespace llmc::tokenizer {

namespace {
enum class Type : uint32_t {
  U8,
  I8,
  U16,
  I16,
  U32,
  I32,
  F32,
  Bool,
  String,
  Array,
  U64,
  I64,
  F64
};

/// The bytes that a value of \p type takes; 0 where that varies.
size_t widthOf(Type type) {
  switch (type) {
  case Type::U8:
  case Type::I8:
  case Type::Bool:
    return 1;
  case Type::U16:
  case Type::I16:
    return 2;
  case Type::U32:
  case Type::I32:
  case Type::F32:
    return 4;
  case Type::U64:
  case Type::I64:
  case Type::F64:
    return 8;
  case Type::String:
  case Type::Array:
    break;
  }
  return 0;
}

class Reader {
public:
  Reader(std::string_view bytes, const std::string &file)
      : bytes(bytes), file(file) {}

  Result<GgufVocabulary> run() {
    if (!bytes.starts_with("GGUF"))
      return bad("it does not begin with GGUF");
    at = 4;
    uint64_t version = number(4);
    if (problem.empty() && version != 2 && version != 3)
      return bad("its version is " + std::to_string(version) +
                 ", and 2 and 3 are known");
    number(8); // The count of tensors.
    uint64_t count = number(8);
    // A key, a type and a value take at least 13 bytes.
    if (problem.empty() && count > (bytes.size() - at) / 13)
      return bad("it cannot hold " + std::to_string(count) + " keys");
    for (uint64_t i = 0; i < count && problem.empty(); ++i) {
      std::string_view key = string();
      auto type = Type(number(4));
      if (key.starts_with("tokenizer.ggml."))
        take(key.substr(15), type);
      else if (key == "general.architecture" && type == Type::String)
        v.architecture = string();
      else
        skip(type, 0);
    }
    if (!problem.empty())
      return bad(problem);
    if (v.model.empty() || v.tokens.empty())
      return bad("it has no vocabulary");
    if ((!v.scores.empty() && v.scores.size() != v.tokens.size()) ||
        (!v.types.empty() && v.types.size() != v.tokens.size()))
      return bad("scores or types are not as many as tokens");
    return std::move(v);
  }

private:
  std::string_view bytes;
  const std::string &file;
  GgufVocabulary v;
  size_t at = 0;
  std::string problem;

  Error bad(std::string why) {
    return Error{Code::BadTokenizer, "cannot read the vocabulary of " + file,
                 "byte " + std::to_string(at) + " of " + file, std::move(why),
                 "check that the file was downloaded whole"};
  }
  void fail(std::string why) {
    if (problem.empty())
      problem = std::move(why);
  }
  bool has(uint64_t count) {
    if (problem.empty() && count > bytes.size() - at)
      fail("a value reaches beyond the end");
    return problem.empty();
  }
  uint64_t number(size_t width) {
    if (!has(width))
      return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < width; ++i)
      value |= uint64_t(uint8_t(bytes[at + i])) << (8 * i);
    at += width;
    return value;
  }
  std::string_view string() {
    uint64_t length = number(8);
    if (!has(length))
      return {};
    std::string_view text = bytes.substr(at, size_t(length));
    at += size_t(length);
    return text;
  }
  /// Reads the head of an array: how many values of which type.
  uint64_t array(Type &type) {
    type = Type(number(4));
    uint64_t count = number(8);
    size_t least = widthOf(type) != 0     ? widthOf(type)
                   : type == Type::String ? 8
                   : type == Type::Array  ? 12
                                          : 0;
    if (least == 0)
      fail("an array has values of an unknown type");
    else if (problem.empty() && count > (bytes.size() - at) / least)
      fail("an array reaches beyond the end");
    return problem.empty() ? count : 0;
  }
  void skip(Type type, int depth) {
    if (size_t width = widthOf(type)) {
      number(width);
    } else if (type == Type::String) {
      string();
    } else if (type == Type::Array && depth < 4) {
      Type inner{};
      uint64_t count = array(inner);
      if (size_t width = widthOf(inner)) {
        at += size_t(count) * width;
        return;
      }
      for (uint64_t i = 0; i < count && problem.empty(); ++i)
        skip(inner, depth + 1);
    } else {
      fail("a value has the unknown type " + std::to_string(uint32_t(type)));
    }
  }

  /// Reads an array of \p wanted with \p read for each value.
  template <typename T, typename F>
  void list(Type type, Type wanted, std::vector<T> &out, F read) {
    Type inner{};
    uint64_t count = type == Type::Array ? array(inner) : 0;
    if (type != Type::Array || (problem.empty() && inner != wanted))
      return fail("a list of the vocabulary has the wrong type");
    if (!out.empty())
      return fail("a list of the vocabulary stands twice");
    out.reserve(size_t(count));
    for (uint64_t i = 0; i < count && problem.empty(); ++i)
      out.push_back(read());
  }
  void id(Type type, int64_t &out) {
    if (type != Type::U32 && type != Type::I32)
      return skip(type, 0);
    out = int64_t(int32_t(uint32_t(number(4))));
  }
  void flag(Type type, std::optional<bool> &out) {
    if (type != Type::Bool)
      return skip(type, 0);
    out = number(1) != 0;
  }

  void take(std::string_view key, Type type) {
    auto text = [&] { return std::string(string()); };
    if (key == "tokens")
      list(type, Type::String, v.tokens, text);
    else if (key == "merges")
      list(type, Type::String, v.merges, text);
    else if (key == "scores")
      list(type, Type::F32, v.scores,
           [&] { return std::bit_cast<float>(uint32_t(number(4))); });
    else if (key == "token_type")
      list(type, Type::I32, v.types,
           [&] { return int32_t(uint32_t(number(4))); });
    else if (key == "precompiled_charsmap" && type == Type::Array)
      charsmap();
    else if (key == "model" && type == Type::String)
      v.model = string();
    else if (key == "pre" && type == Type::String)
      v.pre = string();
    else if (key == "bos_token_id")
      id(type, v.bosId);
    else if (key == "eos_token_id")
      id(type, v.eosId);
    else if (key == "padding_token_id")
      id(type, v.padId);
    else if (key == "cls_token_id")
      id(type, v.clsId);
    else if (key == "seperator_token_id") // As the format spells it.
      id(type, v.sepId);
    else if (key == "add_bos_token")
      flag(type, v.addBos);
    else if (key == "add_eos_token")
      flag(type, v.addEos);
    else if (key == "add_space_prefix")
      flag(type, v.addSpacePrefix);
    else if (key == "remove_extra_whitespaces")
      flag(type, v.removeExtraWhitespaces);
    else
      skip(type, 0);
  }

  void charsmap() {
    Type inner{};
    uint64_t count = array(inner);
    if (problem.empty() && inner != Type::U8 && inner != Type::I8)
      return fail("the character map is no list of bytes");
    if (!problem.empty())
      return;
    v.charsmap = bytes.substr(at, size_t(count));
    at += size_t(count);
  }
};
} // namespace

Result<GgufVocabulary> readGgufVocabulary(std::string_view bytes,
                                          const std::string &file) {
  return Reader(bytes, file).run();
}

} // namespace llmc::tokenizer
