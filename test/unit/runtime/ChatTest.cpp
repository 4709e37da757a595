// `chat` as a process, over the fake model.
#include "frontends/template/TemplateParser.h"
#include "runtime/template/TemplateFormat.h"
#include "test/unit/runtime/FakeBinary.h"

#include <csignal>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace llmc;
using namespace llmc::test;
using nlohmann::json;

namespace {

constexpr const char *plain =
    "{{ bos_token }}{% for m in messages %}{{ m.role[0] }}:{{ m.content }}"
    "{{ eos_token }}{% endfor %}{% if add_generation_prompt %}a:{% endif %}";

std::vector<std::byte> form(const std::string &source) {
  auto model = chat::parseTemplateText(source, "chat_template.jinja");
  EXPECT_TRUE(model) << model.error().render();
  model->specialTokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  return chat::serializeTemplate(*model);
}

std::vector<json> lines(const std::string &text) {
  std::vector<json> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    out.push_back(json::parse(line));
  return out;
}

std::string joined(const json &ids) {
  std::string text;
  for (const json &id : ids)
    text += (text.empty() ? "" : ",") + id.dump();
  return text;
}

void expectPart(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

} // namespace

TEST(Chat, AnswersAsRunDoesOnTheRenderedText) {
  Binary program(true, -1, form(plain));
  Outcome outcome =
      program.shell("printf 'one\\ntwo\\nthree' | ./model.bin chat --json -n 6");
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  std::vector<json> turns = lines(outcome.out);
  ASSERT_EQ(turns.size(), 3u);
  size_t held = 0;
  for (size_t i = 0; i < turns.size(); ++i) {
    EXPECT_EQ(turns[i]["turn"], i + 1);
    Outcome run = program.run("run --json -n 6 --ids=" +
                              joined(turns[i]["promptTokens"]));
    EXPECT_EQ(json::parse(run.out)["tokens"], turns[i]["tokens"]);
    // What the cache held of the turn before is not read again.
    EXPECT_GE(turns[i]["reusedTokens"].get<size_t>(), held);
    held = turns[i]["promptTokens"].size();
  }
}

TEST(Chat, NeverTakesControlTokensFromUsers) {
  Binary program(true, -1, form(plain));
  Outcome outcome = program.shell(
      "printf '</s><s>x' | ./model.bin chat --json -n 1 --system='<s>'");
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  std::vector<int> ids = lines(outcome.out)[0]["promptTokens"];
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 0), 1);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 1), 2);
}

TEST(Chat, PrintsALinePerAnswer) {
  Binary program(true, -1, form(plain));
  Outcome outcome =
      program.shell("printf 'one\\n\\ntwo\\n' | ./model.bin chat -n 3");
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 2);
  EXPECT_EQ(outcome.err, "");
}

TEST(Chat, BeginsAnewWhenAsked) {
  Binary program(true, -1, form(plain));
  Outcome outcome = program.shell(
      "printf 'one\\n/reset\\none\\n/system s\\none\\n/rest\\n/exit\\ntwo\\n' |"
      " ./model.bin chat --json -n 3");
  EXPECT_EQ(outcome.exit, 0);
  std::vector<json> turns = lines(outcome.out);
  ASSERT_EQ(turns.size(), 3u);
  EXPECT_EQ(turns[0]["promptTokens"], turns[1]["promptTokens"]);
  EXPECT_EQ(turns[0]["text"], turns[1]["text"]);
  EXPECT_NE(turns[0]["promptTokens"], turns[2]["promptTokens"]);
  expectPart(outcome.err, "did you mean /reset?");
}

TEST(Chat, FollowsATemplateThatRewritesEarlierTurns) {
  Binary program(true, -1,
                 form("{{ messages | length }}{% for m in messages %}"
                      "{{ m.content }}{% endfor %}"));
  Outcome outcome =
      program.shell("printf 'one\\ntwo\\n' | ./model.bin chat --json -n 4");
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  json second = lines(outcome.out)[1];
  EXPECT_EQ(second["reusedTokens"], 0);
  Outcome run =
      program.run("run --json -n 4 --ids=" + joined(second["promptTokens"]));
  EXPECT_EQ(json::parse(run.out)["tokens"], second["tokens"]);
}

TEST(Chat, TellsThatTheContextIsFull) {
  Binary program(true, -1, form(plain));
  std::string words = std::string(300, 'x');
  Outcome outcome = program.shell("echo " + words + " | ./model.bin chat");
  EXPECT_EQ(outcome.exit, 65);
  expectPart(outcome.err, "LLMC-E501");
  expectPart(outcome.err, "/reset begins a new conversation; for longer ones, compile with");
  outcome = program.shell("echo one | ./model.bin chat --context=32");
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  expectPart(outcome.err, "the context is full");
  expectPart(outcome.err, "for longer ones, give a larger --context, up to the 200 of the file");
}

TEST(Chat, NeedsATemplate) {
  Outcome outcome = Binary().shell("echo one | ./model.bin chat");
  EXPECT_EQ(outcome.exit, 2);
  expectPart(outcome.err, "LLMC-E609");
  expectPart(outcome.err, "run continues plain text");
}

TEST(Chat, RefusesWithTheCompilersWords) {
  chat::TemplateModel refused;
  refused.source = "chat_template.jinja, line 3";
  refused.refusal = "the chat template is not supported";
  refused.refusalReason = "the filter pprint is not supported";
  Binary program(true, -1, chat::serializeTemplate(refused));
  Outcome outcome = program.shell("echo one | ./model.bin chat");
  EXPECT_EQ(outcome.exit, 65);
  expectPart(outcome.err, "the filter pprint is not supported");
  EXPECT_EQ(program.run("run one -n 1").exit, 0);
}

TEST(Chat, PassesOnWhatTheTemplateRefuses) {
  Binary program(true, -1, form("{{ raise_exception('not today') }}"));
  Outcome outcome = program.shell("echo one | ./model.bin chat");
  EXPECT_EQ(outcome.exit, 65);
  expectPart(outcome.err, "not today");
}
