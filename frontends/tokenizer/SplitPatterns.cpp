#include "frontends/tokenizer/SplitPatterns.h"

#include "frontends/tokenizer/LowerSteps.h"
#include "frontends/tokenizer/TranslatePattern.h"

#include <algorithm>
#include <utility>

namespace llmc::tokenizer {

namespace {
// A pattern of tiktoken's cl100k_base (Llama 3 has the same); the digits in a
// row are what differs between its relatives.
constexpr std::string_view upToThreeDigits =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view oneDigit =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// o200k_base: words end where small letters are followed by capitals.
constexpr std::string_view casedWords =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// The cased letters of the scripts that the vocabulary was trained with.
constexpr std::string_view casedLetters =
    R"(\s?(?:(?![\x{560}-\x{588}\x{10C7}-\x{10FF}\x{1C80}-\x{1C88}\x{2D00}-\x{2D2D}\x{A790}-\x{A7FA}\x{AB30}-\x{AB68}\x{10570}-\x{105BC}\x{16E40}-\x{16E7F}\x{1D400}-\x{1D7CB}\x{1DF00}-\x{1DF2A}])[\p{Lu}\p{Ll}\p{Lt}])+)";
constexpr std::string_view eastAsian =
    R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)";

struct Splits {
  std::vector<std::string_view> names;
  std::vector<std::string_view> patterns;
  bool wholeFirst = false; // A piece that is a token is not merged up.
};

const std::vector<Splits> &ggufSplits() {
  static const std::vector<Splits> all = {
      {{"gpt-2", "phi-2", "mpt", "olmo", "jais"}, {byteLevelPattern}},
      {{"starcoder", "refact", "command-r", "smollm", "codeshell"},
       {R"(\p{N})", byteLevelPattern}},
      {{"llama-bpe", "llama3", "llama-v3"}, {upToThreeDigits}, true},
      {{"dbrx", "smaug-bpe"}, {upToThreeDigits}},
      {{"qwen2", "deepseek-r1-qwen", "stablelm2"}, {oneDigit}},
      {{"gpt-4o"}, {casedWords}},
      {{"falcon"},
       {R"([\p{P}$+<=>^~|`]+)", byteLevelPattern, "[0-9][0-9][0-9]"}},
      {{"deepseek-llm"},
       {R"([\r\n])", casedLetters,
        R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)",
        R"(\s+$)", eastAsian, R"(\p{N}+)"}},
      {{"deepseek-coder"},
       {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", eastAsian, R"(\p{N})"}},
  };
  return all;
}

void appendSplits(const std::vector<std::string_view> &patterns,
                  TokenizerModel &model) {
  for (std::string_view pattern : patterns) {
    PreTokenizerStep step{};
    step.kind = PreTokenizerStep::Kind::SplitRegex;
    step.pattern = *translatePattern(pattern);
    model.preTokenizer.push_back(std::move(step));
  }
  PreTokenizerStep bytes{};
  bytes.kind = PreTokenizerStep::Kind::ByteMap;
  model.preTokenizer.push_back(bytes);
}

struct Encoding {
  std::string_view name;
  std::string_view pattern;
  std::vector<std::pair<std::string_view, int32_t>> special;
};

const std::vector<Encoding> &encodings() {
  static const std::vector<Encoding> all = {
      {"r50k_base", byteLevelPattern, {{"<|endoftext|>", 50256}}},
      {"p50k_base", byteLevelPattern, {{"<|endoftext|>", 50256}}},
      {"p50k_edit",
       byteLevelPattern,
       {{"<|endoftext|>", 50256},
        {"<|fim_prefix|>", 50281},
        {"<|fim_middle|>", 50282},
        {"<|fim_suffix|>", 50283}}},
      {"cl100k_base",
       upToThreeDigits,
       {{"<|endoftext|>", 100257},
        {"<|fim_prefix|>", 100258},
        {"<|fim_middle|>", 100259},
        {"<|fim_suffix|>", 100260},
        {"<|endofprompt|>", 100276}}},
      {"o200k_base",
       casedWords,
       {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}},
  };
  return all;
}
} // namespace

bool appendGgufSplits(std::string_view name, TokenizerModel &model) {
  for (const Splits &s : ggufSplits()) {
    if (std::find(s.names.begin(), s.names.end(), name) == s.names.end())
      continue;
    appendSplits(s.patterns, model);
    model.ignoreMerges = s.wholeFirst;
    return true;
  }
  return false;
}

bool appendTiktokenEncoding(std::string_view name, TokenizerModel &model) {
  for (const Encoding &e : encodings()) {
    if (e.name != name)
      continue;
    appendSplits({e.pattern}, model);
    for (auto [text, id] : e.special) {
      if (size_t(id) >= model.tokens.size())
        model.tokens.resize(size_t(id) + 1);
      if (!model.tokens[size_t(id)].empty())
        continue;
      model.tokens[size_t(id)] = text;
      model.added.push_back({id, true, false, false, false, false, false});
    }
    return true;
  }
  return false;
}

} // namespace llmc::tokenizer
