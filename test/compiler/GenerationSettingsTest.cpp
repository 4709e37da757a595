#include "compiler/GenerationSettings.h"

#include "gtest/gtest.h"

using namespace llmc;

namespace {

GenerationSettings read(const char *text, std::string_view member = {}) {
  auto settings = parseGenerationSettings(text, "generation_config.json", member);
  EXPECT_TRUE(settings) << (settings ? "" : settings.error().why);
  return settings ? *std::move(settings) : GenerationSettings();
}

TEST(GenerationSettings, OfAFileThatSamplesAreTaken) {
  auto settings = read(R"({"do_sample": true, "temperature": 0.6, "top_p": 0.9,
                           "top_k": 20, "min_p": 0.05, "repetition_penalty": 1.1})");
  EXPECT_TRUE(settings.defaults.sample);
  EXPECT_FLOAT_EQ(settings.defaults.temperature, 0.6f);
  EXPECT_FLOAT_EQ(settings.defaults.topP, 0.9f);
  EXPECT_EQ(settings.defaults.topK, 20);
  EXPECT_FLOAT_EQ(settings.defaults.minP, 0.05f);
  EXPECT_FLOAT_EQ(settings.defaults.repetitionPenalty, 1.1f);
  EXPECT_EQ(settings.file, "generation_config.json");
}

TEST(GenerationSettings, ThatSampleWithoutTopKMeanFifty) {
  EXPECT_EQ(read(R"({"do_sample": true})").defaults.topK, 50);
  EXPECT_EQ(read(R"({"do_sample": true, "top_k": 0})").defaults.topK, 0);
}

TEST(GenerationSettings, DoNotCountWhereNothingIsSampled) {
  for (const char *text :
       {"{}", R"({"temperature": 0.6, "top_k": 9})", R"({"repetition_penalty": 1.0})",
        R"({"do_sample": true, "temperature": 0, "top_p": 0.9})",
        R"({"do_sample": true, "temperature": 1e-300})",
        R"({"do_sample": false, "top_p": null, "num_beams": 1})"}) {
    auto settings = read(text);
    EXPECT_FALSE(settings.defaults.sample) << text;
    EXPECT_EQ(settings.defaults.topK, 0) << text;
    EXPECT_EQ(settings.defaults.repetitionPenalty, 0) << text;
    EXPECT_EQ(settings.file, "") << text;
    EXPECT_TRUE(settings.notes.empty()) << text;
  }
}

TEST(GenerationSettings, OfGenaiStandInTheirMember) {
  auto settings = read(R"({"model": {"do_sample": false},
                           "search": {"do_sample": true, "top_k": 7}})",
                       "search");
  EXPECT_TRUE(settings.defaults.sample);
  EXPECT_EQ(settings.defaults.topK, 7);
  EXPECT_FALSE(read(R"({"model": {}})", "search").defaults.sample);
}

TEST(GenerationSettings, ThatNobodyDoesAreNamed) {
  auto settings = read(R"({"num_beams": 4, "no_repeat_ngram_size": 3,
                           "bad_words_ids": [], "guidance_scale": 1.0,
                           "stop_strings": ["x"]})");
  ASSERT_EQ(settings.notes.size(), 1u);
  EXPECT_NE(settings.notes[0].find("num_beams, no_repeat_ngram_size, stop_strings"),
            std::string::npos)
      << settings.notes[0];
}

TEST(GenerationSettings, ALimitOfLengthIsNamedUnlessItIsTheContext) {
  auto asksFor = [](const GenerationSettings &settings, const char *name) {
    return !settings.notes.empty() &&
           settings.notes[0].find(name) != std::string::npos;
  };
  EXPECT_TRUE(asksFor(read(R"({"max_length": 512})"), "max_length"));
  EXPECT_TRUE(asksFor(read(R"({"max_new_tokens": 64})"), "max_new_tokens"));
  // What is written where nobody asks, and what GenAI calls the context.
  EXPECT_TRUE(read(R"({"max_length": 20})").notes.empty());
  EXPECT_TRUE(read(R"({"search": {"max_length": 512}})", "search").notes.empty());
}

TEST(GenerationSettings, ThatAreNotValidAreRefusedByName) {
  for (const char *text :
       {R"({"temperature": -1})", R"({"temperature": "hot"})", R"({"top_k": 2.5})",
        R"({"top_k": -1})", R"({"top_k": 99999999999})", R"({"do_sample": 1})",
        R"({"top_p": 1e300})", R"({"top_p": 5})", R"({"top_p": 0})",
        R"({"min_p": 2})", R"({"repetition_penalty": 0})", R"({"repetition_penalty": 1e-300})",
        R"({"min_p": [1]})", R"([])", R"({)"}) {
    auto settings = parseGenerationSettings(text, "generation_config.json");
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().code, Code::BadConfig) << text;
    EXPECT_EQ(settings.error().where.rfind("generation_config.json", 0), 0u) << text;
  }
}

} // namespace
