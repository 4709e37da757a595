#include "frontends/tokenizer/TokenizerReader.h"

#include "frontends/tokenizer/ModelReader.h"
#include "frontends/tokenizer/JsonFields.h"
#include "frontends/tokenizer/LowerPipeline.h"
#include "runtime/support/File.h"
#include "runtime/tokenizer/Tokenizer.h"

#include <algorithm>

namespace llmc::tokenizer {

namespace {
std::string join(const std::vector<std::string> &parts) {
  std::string out;
  for (const std::string &part : parts)
    out += (out.empty() ? "" : "; ") + part;
  return out;
}

/// Resolves bos, pad and eos over the configuration files.
class SpecialIds {
public:
  SpecialIds(ReadTokenizer &read) : read(read) {}

  /// \p object may give ids ("eos_token_id": 2 or [2, 3]).
  Status fromIds(const JsonValue *object, const std::string &file) {
    if (!object || !object->isObject())
      return Status::ok();
    bool used = false;
    for (auto [key, slot] :
         {std::pair{"bos_token_id", &bos}, std::pair{"pad_token_id", &pad},
          std::pair{"eos_token_id", &eos}}) {
      const JsonValue *v = object->find(key);
      if (!v || slot->found)
        continue;
      LLMC_TRY(std::vector<int32_t> ids, idList(*v, file + ": " + key));
      if (ids.empty())
        continue;
      *slot = {true, std::move(ids)};
      used = true;
    }
    if (used)
      markUsed(file);
    return Status::ok();
  }

  /// \p object may give texts ("eos_token": "</s>" or {"content": "</s>"}).
  void fromTexts(const JsonValue *object, const std::string &file) {
    if (!object || !object->isObject())
      return;
    bool used = false;
    for (auto [key, slot] :
         {std::pair{"bos_token", &bos}, std::pair{"pad_token", &pad},
          std::pair{"eos_token", &eos}}) {
      const JsonValue *v = object->find(key);
      if (v && v->isObject())
        v = v->find("content");
      if (!v || !v->isString() || slot->found)
        continue;
      auto it = std::find(read.model.tokens.begin(), read.model.tokens.end(),
                          v->string);
      if (it == read.model.tokens.end()) {
        read.notes.push_back(file + ": " + key + " " + v->string +
                             " is no token and is left out");
        continue;
      }
      *slot = {true, {int32_t(it - read.model.tokens.begin())}};
      used = true;
    }
    if (used)
      markUsed(file);
  }

  void finish() {
    if (bos.found)
      read.model.bosId = bos.ids[0];
    if (pad.found)
      read.model.padId = pad.ids[0];
    read.model.eosIds = eos.ids;
  }

  void markUsed(const std::string &file) {
    if (std::find(read.files.begin(), read.files.end(), file) ==
        read.files.end())
      read.files.push_back(file);
  }

private:
  struct Slot {
    bool found = false;
    std::vector<int32_t> ids;
  };
  ReadTokenizer &read;
  Slot bos, pad, eos;

  Result<std::vector<int32_t>> idList(const JsonValue &v,
                                      const std::string &where) {
    std::vector<int32_t> ids;
    const JsonValue *first = v.isArray() ? v.items.data() : &v;
    size_t count = v.isArray() ? v.items.size() : 1;
    for (size_t i = 0; i < count; ++i) {
      if (!first[i].isInteger())
        return Error{Code::BadConfig,
                     "cannot use the configuration",
                     where,
                     "it is neither an id nor a list of ids",
                     {}};
      int64_t id = first[i].integer;
      if (id < 0 || id >= int64_t(read.model.tokens.size()))
        read.notes.push_back(where + " " + std::to_string(id) +
                             " is outside the vocabulary and is left out");
      else if (std::find(ids.begin(), ids.end(), int32_t(id)) == ids.end())
        ids.push_back(int32_t(id));
    }
    return ids;
  }
};

Result<JsonValue> parseOptional(std::optional<std::string_view> text,
                                const std::string &name) {
  if (!text)
    return JsonValue();
  LLMC_TRY(JsonValue value, parseJson(*text, name, Code::BadConfig));
  if (!value.isObject())
    return Error{Code::BadConfig,
                 "cannot read " + name,
                 name,
                 "it is no JSON object",
                 {}};
  return value;
}

/// Where tokenizer.json puts nothing around a text, the flags of
/// tokenizer_config.json may.
void applyAddFlags(const JsonValue &root, const JsonValue &config,
                   ReadTokenizer &read, SpecialIds &special) {
  const std::string file = "tokenizer_config.json";
  TokenizerModel &m = read.model;
  auto setting = [&](const char *key) {
    const JsonValue *v = config.find(key);
    return v && v->kind == JsonValue::Kind::Bool ? int(v->boolean) : -1;
  };
  int bos = setting("add_bos_token"), eos = setting("add_eos_token");
  if (!root.find("post_processor")) {
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
} // namespace

Result<ReadTokenizer> readTokenizer(const TokenizerFiles &files) {
  ReadTokenizer read;
  read.files.push_back("tokenizer.json");
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
    return Error{Code::UnsupportedTokenizer,
                 "the tokenizer is not supported",
                 "tokenizer.json",
                 "not supported: " + join(problems.unsupported),
                 {}};
  for (const char *key : {"truncation", "padding"})
    if (root.find(key))
      read.notes.push_back(std::string("tokenizer.json sets ") + key +
                           ", which is not applied");

  LLMC_TRY(JsonValue generation,
           parseOptional(files.generationConfig, "generation_config.json"));
  LLMC_TRY(JsonValue genai,
           parseOptional(files.genaiConfig, "genai_config.json"));
  LLMC_TRY(JsonValue config, parseOptional(files.config, "config.json"));
  LLMC_TRY(JsonValue tokenizerConfig,
           parseOptional(files.tokenizerConfig, "tokenizer_config.json"));
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
  applyAddFlags(root, tokenizerConfig, read, special);
  noteMissingAdded(tokenizerConfig, read);

  // The checks of the runtime are the checks of the compiler; making a
  // tokenizer also compiles the patterns.
  LLMC_TRY(Tokenizer made, Tokenizer::create(std::move(read.model)));
  read.model = made.model();
  return read;
}

Result<ReadTokenizer> readTokenizer(const std::string &folder) {
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
  LLMC_TRY(MappedFile tokenizer, MappedFile::open(folder + "/tokenizer.json"));
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
