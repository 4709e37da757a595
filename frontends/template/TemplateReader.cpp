#include "frontends/template/TemplateReader.h"

#include "frontends/template/TemplateParser.h"
#include "frontends/tokenizer/Json.h"
#include "runtime/support/File.h"
#include "runtime/template/ChatTemplate.h"

#include <ctime>

namespace llmc::chat {

using tokenizer::JsonValue;

namespace {

constexpr const char *configName = "tokenizer_config.json";
constexpr const char *mapName = "special_tokens_map.json";
constexpr const char *templateName = "chat_template.jinja";

/// Adds the special tokens that \p object names and nobody named before.
void addTokens(const JsonValue *object, TemplateModel &model) {
  if (!object || !object->isObject())
    return;
  for (const char *name : {"bos_token", "eos_token", "unk_token", "sep_token",
                           "pad_token", "cls_token", "mask_token"}) {
    const JsonValue *value = object->find(name);
    if (value && value->isObject())
      value = value->find("content");
    bool known = false;
    for (const auto &[other, text] : model.specialTokens)
      known |= other == name;
    if (value && value->isString() && !known)
      model.specialTokens.emplace_back(name, value->string);
  }
}

/// The text of the template, where there is one. \p problem: why one that is
/// there cannot be chosen.
std::optional<std::string> chooseTemplate(const JsonValue *config,
                                          std::string &problem) {
  const JsonValue *value =
      config && config->isObject() ? config->find("chat_template") : nullptr;
  if (!value)
    return std::nullopt;
  if (value->isString())
    return value->string;
  if (!value->isArray()) {
    problem = "chat_template is neither a text nor a list";
    return "";
  }
  std::string names;
  for (const JsonValue &item : value->items) {
    const JsonValue *name = item.isObject() ? item.find("name") : nullptr;
    const JsonValue *text = item.isObject() ? item.find("template") : nullptr;
    if (!name || !name->isString() || !text || !text->isString()) {
      problem = "an item of chat_template has no name or no template";
      return "";
    }
    if (name->string == "default")
      return text->string;
    names += (names.empty() ? "" : ", ") + name->string;
  }
  problem = "of several templates none is called default: " + names;
  return "";
}

void refuse(ReadTemplate &read, const Error &error) {
  TemplateModel refused;
  refused.source = error.where;
  refused.refusal = error.what;
  refused.refusalReason = error.why;
  read.model = std::move(refused);
  read.notes.push_back("`chat` will not work: " + error.what + " (" +
                       error.where + ": " + error.why + ")");
}

/// Renders example conversations. Returns what makes the template useless.
Status tryOut(const ChatTemplate &chat, ReadTemplate &read) {
  std::tm now = {};
  now.tm_year = 125;
  now.tm_mday = 1;
  const Message user = {"user", "Hello"}, answer = {"assistant", "Hi."},
                system = {"system", "Be brief."};
  const Message turns[] = {user, answer, user};
  const Message led[] = {system, user};
  if (auto prompt = chat.render({&user, 1}, true, now); !prompt)
    return prompt.takeError();
  if (auto prompt = chat.render(turns, true, now); !prompt)
    return prompt.takeError();
  auto prompt = chat.render(led, true, now);
  if (!prompt && prompt.error().code != Code::TemplateFailed)
    return prompt.takeError();
  if (!prompt)
    read.notes.push_back("the chat template takes no system prompt: " +
                         prompt.error().why);
  else if (prompt->text.find(system.content) == std::string::npos)
    read.notes.push_back("the chat template leaves the system prompt out");
  return Status::ok();
}

} // namespace

Result<ReadTemplate> readTemplate(const TemplateFiles &files) {
  std::optional<JsonValue> config, map;
  if (files.tokenizerConfig) {
    LLMC_TRY(config, tokenizer::parseJson(*files.tokenizerConfig, configName,
                                          Code::BadConfig));
  }
  if (files.specialTokensMap) {
    LLMC_TRY(map, tokenizer::parseJson(*files.specialTokensMap, mapName,
                                       Code::BadConfig));
  }
  ReadTemplate read;
  std::string problem;
  std::optional<std::string> text;
  if (files.chatTemplate) {
    text = *files.chatTemplate;
    read.file = templateName;
  } else {
    text = chooseTemplate(config ? &*config : nullptr, problem);
    read.file = text ? configName : "";
  }
  if (!text)
    return read;
  if (problem.empty() &&
      text->find_first_not_of(" \t\r\n") == std::string::npos) {
    read.notes.push_back("the chat template in " + read.file +
                         " is empty: `chat` has none");
    read.file.clear();
    return read;
  }
  if (!problem.empty()) {
    refuse(read, {Code::BadTemplate, "the chat template cannot be read",
                  configName, problem, ""});
    return read;
  }
  std::string name = files.chatTemplate
                         ? std::string(templateName)
                         : std::string(configName) + ", chat_template";
  Result<TemplateModel> model = parseTemplateText(*text, name);
  if (!model) {
    refuse(read, model.error());
    return read;
  }
  addTokens(config ? &*config : nullptr, *model);
  addTokens(map ? &*map : nullptr, *model);
  ChatTemplate chat(std::move(*model));
  if (Status status = tryOut(chat, read); !status)
    refuse(read, status.error());
  else
    read.model = chat.tree();
  return read;
}

Result<ReadTemplate> readTemplate(const std::string &folder) {
  MappedFile mapped[3];
  TemplateFiles files;
  const std::pair<const char *, std::optional<std::string_view> *> wanted[] = {
      {templateName, &files.chatTemplate},
      {configName, &files.tokenizerConfig},
      {mapName, &files.specialTokensMap}};
  for (size_t i = 0; i < 3; ++i) {
    Result<MappedFile> file =
        MappedFile::open(folder + "/" + wanted[i].first);
    if (!file && file.error().code == Code::FileNotFound)
      continue;
    if (!file)
      return file.takeError();
    mapped[i] = std::move(*file);
    auto bytes = mapped[i].bytes();
    *wanted[i].second = std::string_view(
        reinterpret_cast<const char *>(bytes.data()), bytes.size());
  }
  return readTemplate(files);
}

} // namespace llmc::chat
