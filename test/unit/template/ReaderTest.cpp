#include "frontends/template/TemplateReader.h"
#include "runtime/template/ChatTemplate.h"
#include "runtime/template/TemplateFormat.h"

#include <gtest/gtest.h>

namespace llmc::chat {
namespace {

constexpr std::string_view plain =
    "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}";

std::string config(const std::string &value) {
  return R"({"bos_token": {"content": "<s>"}, "chat_template": )" + value + "}";
}

ReadTemplate read(const TemplateFiles &files) {
  auto result = readTemplate(files);
  EXPECT_TRUE(result) << result.error().render();
  return std::move(*result);
}

ReadTemplate readConfig(const std::string &value) {
  std::string text = config(value);
  TemplateFiles files;
  files.tokenizerConfig = text;
  return read(files);
}

TEST(TemplateReader, FindsNoneWhereThereIsNone) {
  EXPECT_FALSE(read({}).model);
  EXPECT_FALSE(readConfig("null").model);
  auto folder = readTemplate(LLMC_TEST_DATA "/templates");
  ASSERT_TRUE(folder);
  EXPECT_FALSE(folder->model);
}

TEST(TemplateReader, TakesTheFileBeforeTheConfiguration) {
  std::string text = config("\"other\"");
  TemplateFiles files;
  files.chatTemplate = plain;
  files.tokenizerConfig = text;
  ReadTemplate found = read(files);
  EXPECT_EQ(found.file, "chat_template.jinja");
  ASSERT_TRUE(found.model);
  EXPECT_EQ(found.model->specialTokens.size(), 1u);
  EXPECT_EQ(found.model->specialTokens[0].second, "<s>");
}

TEST(TemplateReader, TakesTheDefaultOfSeveral) {
  ReadTemplate found = readConfig(
      R"([{"name": "tool_use", "template": "x"}, {"name": "default", "template": "{{ messages[0].content }}"}])");
  ASSERT_TRUE(found.model);
  EXPECT_TRUE(found.model->refusal.empty()) << found.model->refusalReason;
  EXPECT_EQ(found.file, "tokenizer_config.json");
}

TEST(TemplateReader, AnEmptyTemplateIsNoneAndNoted) {
  ReadTemplate found = readConfig(R"(" \n")");
  EXPECT_FALSE(found.model);
  EXPECT_EQ(found.file, "");
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_EQ(found.notes[0], "the chat template in tokenizer_config.json is "
                            "empty: `chat` has none");
}

TEST(TemplateReader, RefusesSeveralWithoutADefault) {
  ReadTemplate found = readConfig(R"([{"name": "rag", "template": "x"}])");
  ASSERT_TRUE(found.model);
  EXPECT_EQ(found.model->refusalReason,
            "of several templates none is called default: rag");
}

TEST(TemplateReader, RefusesUnsupportedConstructsWithANote) {
  ReadTemplate found = readConfig(R"("a\n{{ messages | pprint }}")");
  ASSERT_TRUE(found.model);
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_EQ(found.notes[0],
            "`chat` will not work: the chat template is not supported "
            "(tokenizer_config.json, chat_template, line 2: the filter pprint is "
            "not supported)");
  // chat says the same.
  auto chat = ChatTemplate::load(serializeTemplate(*found.model));
  ASSERT_FALSE(chat);
  EXPECT_EQ(chat.error().code, Code::UnsupportedTemplate);
  EXPECT_EQ(chat.error().what, "the chat template is not supported");
  EXPECT_EQ(chat.error().why, "the filter pprint is not supported");
}

TEST(TemplateReader, RefusesWhatOnlyRenderingShows) {
  for (const char *text : {R"("{{ messages[0].content + 1 }}")",
                           R"("{{ messages[0].content['casefold']() }}")",
                           R"("{% if messages | length > 2 %}{{ raise_exception('x') }}{% endif %}")"}) {
    ReadTemplate found = readConfig(text);
    ASSERT_TRUE(found.model) << text;
    EXPECT_FALSE(found.model->refusal.empty()) << text;
  }
}

TEST(TemplateReader, NotesATemplateWithoutSystemPrompt) {
  ReadTemplate found = readConfig(
      R"("{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ m.content }}{% endfor %}")");
  ASSERT_TRUE(found.model);
  EXPECT_TRUE(found.model->refusal.empty());
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_NE(found.notes[0].find("takes no system prompt"), std::string::npos);
  found = readConfig(R"("{{ messages[-1].content }}")");
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_NE(found.notes[0].find("leaves the system prompt out"),
            std::string::npos);
}

TEST(TemplateReader, RefusesFilesThatAreNoJson) {
  TemplateFiles files;
  files.tokenizerConfig = "{";
  auto result = readTemplate(files);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::BadConfig);
}

} // namespace
} // namespace llmc::chat
