#include "runtime/verbs/PromptFile.h"
#include "test/unit/runtime/FakeBinary.h"

#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::test;

namespace {

void write(const Binary &program, const char *name, const std::string &text) {
  writeBytes(program.beside(name), std::as_bytes(std::span(text)));
}

/// Why \p text is no file of prompts.
std::string refusal(const std::string &text) {
  auto prompts = parsePrompts(text, "p");
  return prompts ? "" : prompts.error().where + " " + prompts.error().why;
}

} // namespace

TEST(PromptFile, HasAPromptPerLine) {
  auto prompts = parsePrompts("one\n\ntwo words\r\n{", "p");
  ASSERT_TRUE(prompts);
  ASSERT_EQ(prompts->size(), 4u);
  EXPECT_EQ((*prompts)[1].text, "");
  EXPECT_EQ((*prompts)[2].text, "two words");
  EXPECT_EQ((*prompts)[3].text, "{");
}

TEST(PromptFile, IsAllTextOrAllJson) {
  auto mixed = parsePrompts("one\n{\"prompt\": \"two\"}\n", "-");
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, Code::BadPrompts);
  EXPECT_EQ(mixed.error().where, "standard input, line 2");
  mixed = parsePrompts("{\"prompt\": \"two\"}\none\n", "f");
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().where, "f:2");
  EXPECT_EQ(mixed.error().why,
            "a JSON object is expected on each line, as on the first");
  // Other text may begin like one.
  auto text = parsePrompts("one\n{\"name\": \"two\"}\n{ int x; }", "f");
  ASSERT_TRUE(text) << text.error().render();
  EXPECT_EQ((*text)[1].text, "{\"name\": \"two\"}");
  EXPECT_EQ((*text)[2].line, 3u);
}

TEST(PromptFile, TakesJsonLines) {
  auto prompts = parsePrompts(
      "{\"prompt\": \"a\\n\\u00e9\\ud83d\\ude00\", \"n\": 3, \"seed\":-7, \"top_p\": 0.5}\n"
      "  \n{ \"ids\" : [1, 2],\"stop\":[\"x\",\"y\"], \"temperature\":1e-1 }",
      "p");
  ASSERT_TRUE(prompts) << prompts.error().render();
  ASSERT_EQ(prompts->size(), 2u);
  const FilePrompt &one = (*prompts)[0], &two = (*prompts)[1];
  EXPECT_EQ(one.text, "a\n\u00e9\U0001F600");
  EXPECT_EQ(one.maxTokens, 3);
  EXPECT_EQ(one.seed, -7);
  EXPECT_EQ(one.topP, 0.5);
  EXPECT_EQ(two.line, 3u);
  EXPECT_EQ(*two.ids, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(two.stops->size(), 2u);
  EXPECT_EQ(two.temperature, 0.1);
}

TEST(PromptFile, IsRefusedWithLineAndReason) {
  for (auto [text, part] : std::initializer_list<std::pair<const char *, const char *>>{
           {"", "it is empty"},
           {"{", "a string is expected"},
           {"{}", "a string is expected"},
           {"{\"n\":1}", "neither prompt nor ids"},
           {"{\"prompt\":\"a\",\"ids\":[1]}", "prompt and ids"},
           {"{\"prompt\":\"a\",\"prompt\":\"a\"}", "given twice"},
           {"{\"promt\":\"a\"}", "did you mean prompt?"},
           {"{\"prompt\":\"a\"} x", "behind the object"},
           {"{\"prompt\":\"a\",\"temperature\":1e40}", "`1e40` is more than 3.403e+38"},
           {"{\"prompt\":\"a\",\"top_p\":1.5}", "`1.5` is more than 1"},
           {"{\"prompt\":\"a\",\"min_p\":-1}", "`-1` is less than 0"},
           {"{\"prompt\":\"a\",\"temperature\":inf}", "a number is expected"},
           {"{\"prompt\":\"a\",\"temperature\":.5}", "a number is expected"},
           {"{\"prompt\":\"a\",\"seed\":99999999999999999999}", "out of range"},
           {"{\"prompt\":\"a\",\"seed\":1.5}", "an integer is expected"},
           {"{\"prompt\":\"a\"}\ntext", "p:2 a JSON object"},
           {"{\"prompt\":\"\\ud800\"}", "surrogate"},
           {"{\"prompt\":\"\\u12\"}", "hexadecimal"},
           {"{\"prompt\":\"\\", "escape"},
           {"{\"prompt\":\"a", "no end"},
           {"{\"ids\":[]}", "an integer"},
           {"{\"ids\":[1.5]}", "an integer"},
           {"{\"ids\":[99999999999]}", "an integer"},
           {"{\"prompt\":\"a\",\"temperature\":inf}", "a number"},
           {"{\"prompt\":\"a\",\"n\":-1}", "negative"},
           {"{\"prompt\":{\"prompt\":1}}", "a string"}})
    EXPECT_NE(refusal(text).find(part), std::string::npos) << text << ": " << refusal(text);
}

TEST(Batch, GivesEachTextAsIfItWereAlone) {
  Binary program(true, 20);
  write(program, "prompts.txt", "Once upon\nab\n\nthe end of it, or nearly\nz\nq\n");
  for (const char *sampling : {"", " --temperature=9 --seed=3"}) {
    std::string flags = std::string("-n 40 --stop=~ ") + sampling, alone;
    for (const char *prompt : {"'Once upon'", "ab", "", "'the end of it, or nearly'", "z", "q"})
      alone += program.run("run " + flags + " " + prompt).out;
    for (const char *batch : {"1", "2", "3", "6", "40"}) {
      Outcome outcome = program.run("run " + flags + " --prompts=prompts.txt -b " + batch);
      EXPECT_EQ(outcome.exit, 0) << outcome.err;
      EXPECT_EQ(outcome.out, alone) << batch << sampling;
    }
    EXPECT_EQ(program.run("run " + flags + " --prompts=prompts.txt -b 3 -t 1 --chunk=2").out,
              alone);
  }
}

TEST(Batch, LinesHaveFlagsOfTheirOwn) {
  Binary program;
  write(program, "p.jsonl",
        "{\"prompt\":\"ab\",\"n\":9,\"seed\":5,\"temperature\":9}\n"
        "{\"ids\":[5,6,7],\"n\":2}\n{\"prompt\":\"c\"}\n");
  Outcome outcome = program.run("run -n 4 --prompts=p.jsonl -b 2");
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.out, program.run("-n 9 -s 5 --temperature=9 ab").out +
                             program.run("-n 2 --ids=5,6,7").out +
                             program.run("run -n 4 c").out);
  Outcome json = program.run("run -n 4 --prompts=p.jsonl --json");
  EXPECT_TRUE(json.out.starts_with("{\"version\":1,\"index\":0,\"prompt\":\"ab\",\"text\":\""))
      << json.out;
  EXPECT_NE(json.out.find("\n{\"version\":1,\"index\":1,\"promptTokens\":[5,6,7],\"tokens\":["),
            std::string::npos) << json.out;
  EXPECT_NE(json.out.find("\n{\"version\":1,\"index\":2,"), std::string::npos);
}

TEST(Batch, TellsItsMemoryAndMistakesBeforeItComputes) {
  Binary program;
  write(program, "p.txt", "ab\n" + std::string(300, 'a') + "\n");
  Outcome tooLong = program.run("run --prompts=p.txt");
  EXPECT_EQ(tooLong.exit, 65);
  EXPECT_EQ(tooLong.out, "");
  EXPECT_NE(tooLong.err.find("p.txt:2"), std::string::npos) << tooLong.err;
  write(program, "q.jsonl", "{\"ids\":[1]}\n{\"ids\":[97]}\n");
  Outcome outside = program.run("run --prompts=q.jsonl");
  EXPECT_EQ(outside.exit, 65);
  EXPECT_EQ(outside.out, "");
  EXPECT_NE(outside.err.find("LLMC-E502"), std::string::npos) << outside.err;
  write(program, "r.jsonl", "{\"prompt\":\"a\",\"temperature\":-1}\n");
  Outcome cold = program.run("run --prompts=r.jsonl");
  EXPECT_EQ(cold.exit, 65);
  EXPECT_NE(cold.err.find("r.jsonl:1"), std::string::npos) << cold.err;
  EXPECT_EQ(program.run("run --prompts=r.jsonl ab").exit, 2);
  write(program, "s.txt", "a\nb\nc\n");
  Outcome told = program.run("run -n 3 -v -b 2 --prompts=s.txt");
  EXPECT_NE(told.err.find("3 prompts, 2 at once; cache for them up to "), std::string::npos)
      << told.err;
  // The same as the session's: what the texts can need, not full contexts.
  size_t figure = told.err.find("cache up to ");
  ASSERT_NE(figure, std::string::npos) << told.err;
  std::string bytes = told.err.substr(figure + 12, told.err.find(',', figure) - figure - 12);
  EXPECT_NE(told.err.find("cache for them up to " + bytes), std::string::npos) << told.err;
}

TEST(Batch, LogitsHaveTheBitsOfEachPromptAlone) {
  Binary program;
  const char *prompts[] = {"5,6,7,8", "9", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18"};
  for (const char *flags : {"", " --last", " --step", " --step --last"}) {
    std::string all = "logits --out=all.npy -b 3";
    std::vector<std::byte> alone;
    for (const char *ids : prompts) {
      all += std::string(" --ids=") + ids;
      ASSERT_EQ(program.run(std::string("logits --out=one.npy --ids=") + ids + flags).exit, 0);
      auto bytes = readBytes(program.beside("one.npy"));
      alone.insert(alone.end(), bytes.begin() + 128, bytes.end());
    }
    ASSERT_EQ(program.run(all + flags).exit, 0);
    auto bytes = readBytes(program.beside("all.npy"));
    bytes.erase(bytes.begin(), bytes.begin() + 128);
    EXPECT_EQ(bytes, alone) << flags;
  }
}
