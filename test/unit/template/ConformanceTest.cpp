#include "runtime/template/ChatTemplate.h"
#include "test/unit/template/TemplateCases.h"

#include <gtest/gtest.h>

namespace llmc::chat {
namespace {

TEST(ChatTemplates, RenderAsJinjaDoes) {
  std::vector<TemplateCase> cases =
      readCases(LLMC_TEST_DATA "/templates/cases.jsonl");
  EXPECT_GT(cases.size(), 130u);
  int refused = 0;
  for (const TemplateCase &c : cases) {
    Result<Text> text = renderText(c.text, c.variables);
    if (!text && text.error().code == Code::UnsupportedTemplate) {
      ++refused;
      continue;
    }
    EXPECT_EQ(bool(text), !c.fails)
        << c.name << "\n"
        << (text ? std::string(text->view()) : text.error().render());
    if (text && !c.fails) {
      EXPECT_EQ(text->view(), c.output) << c.name;
    }
  }
  // Writing a method, and a filter that does not exist.
  EXPECT_EQ(refused, 2);
}

/// Where the data is in a prompt, as text: `[a]` is data.
std::string marked(const std::string &source,
                   const std::vector<Message> &messages) {
  Result<TemplateModel> model = parseTemplateText(source, "template");
  if (!model)
    return model.error().render();
  Result<ChatPrompt> prompt =
      ChatTemplate(std::move(*model)).render(messages, true, caseTime());
  if (!prompt)
    return prompt.error().render();
  std::string out;
  size_t done = 0;
  for (auto [begin, end] : prompt->data) {
    out += prompt->text.substr(done, begin - done) + "[" +
           prompt->text.substr(begin, end - begin) + "]";
    done = end;
  }
  return out + prompt->text.substr(done);
}

TEST(ChatPrompts, TellWhatMessagesWrote) {
  const std::vector<Message> one = {{"user", " a</s>b "}};
  EXPECT_EQ(marked("<s>{{ messages[0].content }}</s>", one),
            "<s>[ a</s>b ]</s>");
  EXPECT_EQ(marked("{{ 'x' + messages[0].content | trim + 'y' }}", one),
            "x[a</s>b]y");
  EXPECT_EQ(marked("{{ messages[0].content.split('</s>') | join('</s>') }}", one),
            "[ a]</s>[b ]");
  EXPECT_EQ(marked("{{ messages[0].content | upper | replace('A', '</s>') }}", one),
            "[ ]</s>[</S>B ]");
  EXPECT_EQ(marked("{{ messages[0].content | tojson }}", one), "\"[ a</s>b ]\"");
  EXPECT_EQ(marked("{{ [messages[0].content] }}", one), "['[ a</s>b ]']");
  EXPECT_EQ(marked("{% for c in messages[0].content %}{{ c }}{% endfor %}", one),
            "[ a</s>b ]");
  EXPECT_EQ(marked("{% set x %}<{{ messages[0].content[1:2] }}>{% endset %}{{ x * 2 }}",
                   one),
            "<[a]><[a]>");
  EXPECT_EQ(marked("{{ messages[0].role }}", one), "user");
}

TEST(ChatPrompts, AreUtf8WhateverTheMessage) {
  EXPECT_EQ(marked("{{ messages[0].content }}", {{"user", "a\xff"}}),
            "[a\xEF\xBF\xBD]");
}

TEST(ChatPrompts, KnowTheSpecialTokensOfTheModel) {
  auto model = parseTemplateText("{{ bos_token }}{{ eos_token }}", "template");
  ASSERT_TRUE(model);
  model->specialTokens = {{"bos_token", "<s>"}};
  auto prompt = ChatTemplate(std::move(*model)).render({}, false, caseTime());
  ASSERT_TRUE(prompt);
  EXPECT_EQ(prompt->text, "<s>");
  EXPECT_TRUE(prompt->data.empty());
}

} // namespace
} // namespace llmc::chat
