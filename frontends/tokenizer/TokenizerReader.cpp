#include "frontends/tokenizer/TokenizerReader.h"

#include "frontends/tokenizer/Advice.h"
#include "frontends/tokenizer/CompilePattern.h"
#include "frontends/tokenizer/GgufVocabulary.h"
#include "frontends/tokenizer/LowerPipeline.h"
#include "frontends/tokenizer/ModelReader.h"
#include "frontends/tokenizer/SentencePieceReader.h"
#include "frontends/tokenizer/SpecialIds.h"
#include "frontends/tokenizer/VocabularyFiles.h"
#include "runtime/support/File.h"
#include "runtime/tokenizer/Tokenizer.h"

#include <algorithm>
#include <filesystem>

namespace llmc::tokenizer {

namespace {
std::string join(const std::vector<std::string> &parts) {
  std::string out;
  for (const std::string &part : parts)
    out += (out.empty() ? "" : "; ") + part;
  return out;
}

Result<JsonValue> parseOptional(std::optional<std::string_view> text,
                                const std::string &name) {
  if (!text)
    return JsonValue();
  return parseJsonObject(*text, name, Code::BadConfig);
}

/// Where tokenizer.json puts nothing around a text, the flags of
/// tokenizer_config.json may.
void applyAddFlags(bool hasOwn, const JsonValue &config, ReadTokenizer &read,
                   SpecialIds &special) {
  const std::string file = "tokenizer_config.json";
  TokenizerModel &m = read.model;
  auto setting = [&](const char *key) {
    const JsonValue *v = config.find(key);
    return v && v->kind == JsonValue::Kind::Bool ? int(v->boolean) : -1;
  };
  int bos = setting("add_bos_token"), eos = setting("add_eos_token");
  if (!hasOwn) {
    if (bos == 1 && m.bosId >= 0)
      m.prefixIds = {m.bosId}, special.markUsed(file);
    if (eos == 1 && !m.eosIds.empty())
      m.suffixIds = {m.eosIds[0]}, special.markUsed(file);
    return;
  }
  bool hasBos = !m.prefixIds.empty() && m.prefixIds[0] == m.bosId;
  if (bos >= 0 && bool(bos) != hasBos)
    read.notes.push_back(
        file + " says add_bos_token " + (bos ? "true" : "false") +
        ", but the post-processor of tokenizer.json " +
        (hasBos ? "adds" : "does not add") + " it and is obeyed");
}

/// tokenizer_config.json repeats the added tokens; those that tokenizer.json
/// does not have are not made up here.
void noteMissingAdded(const JsonValue &config, ReadTokenizer &read) {
  const JsonValue *list = config.find("added_tokens_decoder");
  if (!list || !list->isObject())
    return;
  size_t missing = 0;
  std::string first;
  for (const JsonMember &entry : list->members) {
    const JsonValue *content = entry.value.find("content");
    if (!content || !content->isString())
      continue;
    const std::vector<std::string> &tokens = read.model.tokens;
    if (entry.key.size() <= 8 &&
        entry.key.find_first_not_of("0123456789") == std::string::npos &&
        !entry.key.empty()) {
      size_t id = std::stoul(entry.key);
      if (id < tokens.size() && tokens[id] == content->string)
        continue;
    }
    if (missing++ == 0)
      first = entry.key + " (" + content->string + ")";
  }
  if (missing != 0)
    read.notes.push_back("tokenizer_config.json lists " +
                         std::to_string(missing) +
                         " added tokens that tokenizer.json lacks, the first " +
                         first + "; they are left out");
}

/// Reads a tokenizer.json into \p read; returns its tree.
Result<JsonValue> readJson(const TokenizerFiles &files, ReadTokenizer &read) {
  ModelReader reader;
  LLMC_TRY(JsonValue root, parseJson(files.tokenizer, "tokenizer.json",
                                     Code::BadTokenizer, &reader));
  if (!root.isObject())
    return Error{Code::BadTokenizer,
                 "cannot read tokenizer.json",
                 "tokenizer.json",
                 "it is no JSON object",
                 {}};
  LLMC_CHECK(reader.finish(root, read.model, read.notes));

  PipelineProblems problems = lowerPipeline(root, read.model);
  if (!problems.invalid.empty())
    return Error{Code::BadTokenizer,
                 "tokenizer.json is not valid",
                 "tokenizer.json",
                 join(problems.invalid),
                 {}};
  if (!problems.unsupported.empty())
    return Error{Code::UnsupportedTokenizer, "the tokenizer is not supported",
                 "tokenizer.json",
                 "not supported: " + join(problems.unsupported), otherThanJson};
  for (const char *key : {"truncation", "padding"})
    if (root.find(key))
      read.notes.push_back(std::string("tokenizer.json sets ") + key +
                           ", which is not applied");
  return root;
}

/// What tokenizer_config.json says of a BERT.
BertSettings bertSettings(const JsonValue &config) {
  auto flag = [&](const char *key) -> std::optional<bool> {
    const JsonValue *v = config.find(key);
    if (!v || v->kind != JsonValue::Kind::Bool)
      return std::nullopt;
    return v->boolean;
  };
  return {flag("do_lower_case").value_or(true),
          flag("tokenize_chinese_chars").value_or(true), flag("strip_accents")};
}

/// Reads a vocabulary that is no tokenizer.json, by the name of its file.
Result<TokenizerModel> readVocabulary(const TokenizerFiles &files,
                                      const JsonValue &config) {
  const std::string &name = files.name;
  if (name.ends_with(".model")) {
    LLMC_TRY(PieceVocabulary pieces, readSentencePiece(files.tokenizer, name));
    return lowerPieces(std::move(pieces), name);
  }
  if (name.ends_with(".gguf")) {
    LLMC_TRY(GgufVocabulary gguf, readGgufVocabulary(files.tokenizer, name));
    return lowerGguf(std::move(gguf), name);
  }
  if (name.ends_with(".tiktoken"))
    return readTiktoken(files.tokenizer, name);
  if (name == "vocab.txt")
    return readBertVocabulary(files.tokenizer, bertSettings(config), name);
  if (name.starts_with("rwkv_vocab"))
    return readRwkvVocabulary(files.tokenizer, name);
  return Error{Code::UnsupportedTokenizer, "the tokenizer is not supported",
               name, "its name is that of no known vocabulary", addJson};
}
} // namespace

Result<ReadTokenizer> readTokenizer(const TokenizerFiles &files) {
  ReadTokenizer read;
  read.files.push_back(files.name);
  LLMC_TRY(JsonValue tokenizerConfig,
           parseOptional(files.tokenizerConfig, "tokenizer_config.json"));
  JsonValue root;
  bool isJson = files.name.ends_with(".json");
  if (isJson) {
    LLMC_TRY(root, readJson(files, read));
  } else {
    LLMC_TRY(read.model, readVocabulary(files, tokenizerConfig));
  }
  LLMC_TRY(JsonValue generation,
           parseOptional(files.generationConfig, "generation_config.json"));
  LLMC_TRY(JsonValue genai,
           parseOptional(files.genaiConfig, "genai_config.json"));
  LLMC_TRY(JsonValue config, parseOptional(files.config, "config.json"));
  LLMC_TRY(JsonValue map,
           parseOptional(files.specialTokensMap, "special_tokens_map.json"));
  SpecialIds special(read);
  LLMC_CHECK(special.fromIds(&generation, "generation_config.json"));
  LLMC_CHECK(special.fromIds(genai.find("model"), "genai_config.json"));
  LLMC_CHECK(special.fromIds(&config, "config.json"));
  // Models of several modalities keep it one level down.
  LLMC_CHECK(special.fromIds(config.find("text_config"), "config.json"));
  special.fromTexts(&tokenizerConfig, "tokenizer_config.json");
  special.fromTexts(&map, "special_tokens_map.json");
  special.finish();
  bool own =
      isJson ? root.find("post_processor") != nullptr
             : !read.model.prefixIds.empty() || !read.model.suffixIds.empty();
  applyAddFlags(own, tokenizerConfig, read, special);
  noteMissingAdded(tokenizerConfig, read);

  tabulatePatterns(read.model, read.notes);
  // The checks of the runtime are the checks of the compiler; making a
  // tokenizer also compiles the patterns.
  LLMC_TRY(Tokenizer made, Tokenizer::create(std::move(read.model)));
  read.model = made.model();
  return read;
}

/// Files that hold nothing but a tokenizer.
static constexpr const char *certainNames[] = {
    "tokenizer.json", "tokenizer.model", "spiece.model"};

/// The name of the vocabulary of \p folder: tokenizer.json where there is one,
/// else the first of its kind; "tokenizer.json" where there is none.
static std::string findVocabulary(const std::string &folder) {
  std::error_code ignored;
  namespace fs = std::filesystem;
  for (const char *name : certainNames)
    if (fs::exists(fs::path(folder) / name, ignored))
      return name;
  std::vector<std::string> names;
  for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    std::string name = it->path().filename().string();
    if (name.ends_with(".tiktoken") || name == "vocab.txt" ||
        (name.starts_with("rwkv_vocab") && name.ends_with(".txt")))
      names.push_back(std::move(name));
  }
  auto first = std::min_element(names.begin(), names.end());
  return first == names.end() ? "tokenizer.json" : *first;
}

bool hasVocabulary(const std::string &folder) {
  std::error_code ignored;
  return std::filesystem::exists(
      std::filesystem::path(folder) / findVocabulary(folder), ignored);
}

bool hasNamedVocabulary(const std::string &folder) {
  std::error_code ignored;
  return hasVocabulary(folder) &&
         (std::ranges::find(certainNames, findVocabulary(folder)) !=
              std::end(certainNames) ||
          std::filesystem::exists(std::filesystem::path(folder) /
                                      "tokenizer_config.json",
                                  ignored));
}

Result<ReadTokenizer> readTokenizer(const std::string &folder) {
  return readTokenizer(folder, findVocabulary(folder));
}

Result<ReadTokenizer> readTokenizer(const std::string &folder,
                                    const std::string &name) {
  struct Named {
    const char *name;
    std::optional<std::string_view> TokenizerFiles::*slot;
  };
  auto viewOf = [](const MappedFile &file) {
    auto bytes = file.bytes();
    return std::string_view(reinterpret_cast<const char *>(bytes.data()),
                            bytes.size());
  };
  std::vector<MappedFile> maps;
  TokenizerFiles files;
  files.name = name;
  LLMC_TRY(MappedFile tokenizer, MappedFile::open(folder + "/" + name));
  files.tokenizer = viewOf(tokenizer);
  for (auto [name, slot] :
       {Named{"tokenizer_config.json", &TokenizerFiles::tokenizerConfig},
        Named{"special_tokens_map.json", &TokenizerFiles::specialTokensMap},
        Named{"generation_config.json", &TokenizerFiles::generationConfig},
        Named{"genai_config.json", &TokenizerFiles::genaiConfig},
        Named{"config.json", &TokenizerFiles::config}}) {
    auto file = MappedFile::open(folder + "/" + name);
    if (!file && file.error().code == Code::FileNotFound)
      continue;
    if (!file)
      return file.takeError();
    files.*slot = viewOf(*file);
    maps.push_back(*std::move(file));
  }
  return readTokenizer(files);
}

} // namespace llmc::tokenizer
