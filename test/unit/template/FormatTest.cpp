#include "test/unit/template/TemplateCases.h"

#include <gtest/gtest.h>
#include <random>
#include <sstream>

namespace llmc::chat {
namespace {

std::string readText(const std::string &path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

TemplateModel example() {
  auto model = parseTemplateText(
      readText(LLMC_TEST_DATA "/templates/tools.jinja"), "tools.jinja");
  EXPECT_TRUE(model) << model.error().render();
  model->specialTokens = {{"bos_token", "<s>"}};
  return std::move(*model);
}

TEST(TemplateFormat, GivesBackWhatItTook) {
  TemplateModel model = example();
  std::vector<std::byte> bytes = serializeTemplate(model);
  auto again = parseTemplate(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->source, "tools.jinja");
  EXPECT_EQ(again->specialTokens, model.specialTokens);
  EXPECT_EQ(serializeTemplate(*again), bytes);
}

TEST(TemplateFormat, CarriesARefusal) {
  TemplateModel refused;
  refused.refusal = "what";
  refused.refusalReason = "why";
  auto again = parseTemplate(serializeTemplate(refused));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->refusalReason, "why");
}

TEST(TemplateFormat, RefusesAnotherVersion) {
  std::vector<std::byte> bytes = serializeTemplate(example());
  bytes[4] = std::byte(9);
  auto read = parseTemplate(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::ArtifactVersion);
}

TEST(TemplateFormat, RefusesEveryPrefix) {
  std::vector<std::byte> bytes = serializeTemplate(example());
  for (size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_FALSE(parseTemplate(std::span(bytes).first(size))) << size;
}

/// Whatever the bytes, reading and rendering end without harm.
TEST(TemplateFormat, SurvivesChangedBytes) {
  std::vector<std::byte> good = serializeTemplate(example());
  Dict variables =
      toValue(Json::parse(R"({"messages": [{"role": "user", "content": "a"}]})"))
          .members();
  std::mt19937 random(1);
  int rendered = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bytes = good;
    for (unsigned i = random() % 4 + 1; i > 0; --i)
      bytes[random() % bytes.size()] = std::byte(random() % 64);
    auto model = parseTemplate(bytes);
    if (!model)
      continue;
    auto text = Renderer(*model, variables, caseTime()).render();
    rendered += bool(text);
  }
  EXPECT_GT(rendered, 0);
}

TEST(TemplateCheck, RefusesChildrenBehindTheirParents) {
  TemplateModel model = example();
  model.nodes.back().children[0] = NodeId(model.nodes.size() - 1);
  EXPECT_FALSE(checkTemplate(model));
}

TEST(TemplateCheck, RefusesFiltersThatDoNotExist) {
  TemplateModel model = example();
  for (std::string &text : model.strings)
    if (text == "tojson")
      text = "exec";
  Status status = checkTemplate(model);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().why.find("there is no filter exec"), std::string::npos);
}

} // namespace
} // namespace llmc::chat
