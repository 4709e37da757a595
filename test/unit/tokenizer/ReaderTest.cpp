#include "TestModels.h"
#include "frontends/tokenizer/Json.h"
#include "frontends/tokenizer/TokenizerReader.h"

#include <algorithm>

using namespace llmc;
using namespace llmc::tokenizer;
using Ids = std::vector<int32_t>;

namespace {
/// A tokenizer.json of four tokens; the arguments replace its parts.
std::string fileWith(
    const std::string &parts = "",
    const std::string &model =
        R"("vocab":{"a":0,"b":1,"ab":2},"merges":["a b"])",
    const std::string &added = R"({"id":3,"content":"</s>","special":true})") {
  return R"({"added_tokens":[)" + added + "]," + parts +
         R"("model":{"type":"BPE",)" + model + "}}";
}

Result<ReadTokenizer> read(const std::string &text) {
  TokenizerFiles files;
  files.tokenizer = text;
  return readTokenizer(files);
}

/// Expects an error and returns its reason.
std::string whyOf(const std::string &text, Code code = Code::BadTokenizer) {
  auto r = read(text);
  if (r) {
    ADD_FAILURE() << "accepted: " << text;
    return "";
  }
  EXPECT_EQ(r.error().code, code) << r.error().render();
  return r.error().why;
}

bool mentions(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}
} // namespace

TEST(TokenizerReader, ReadsTheSmallestFile) {
  auto r = read(fileWith());
  ASSERT_TRUE(r) << r.error().render();
  EXPECT_EQ(r->model.tokens,
            (std::vector<std::string>{"a", "b", "ab", "</s>"}));
  EXPECT_EQ(r->model.merges.size(), 1u);
  EXPECT_TRUE(r->model.added[0].special);
  EXPECT_FALSE(r->model.added[0].inModel);
  EXPECT_EQ(r->files, (std::vector<std::string>{"tokenizer.json"}));
  EXPECT_EQ(*make(r->model).encode("ab"), (Ids{2}));
}

TEST(TokenizerReader, MergesMayBePairsAndStandBeforeTheVocabulary) {
  auto r = read(
      fileWith("", R"("merges":[["a","b"]],"vocab":{"a":0,"b":1,"ab":2})"));
  ASSERT_TRUE(r) << r.error().render();
  EXPECT_EQ(r->model.merges[0].result, 2);
}

TEST(TokenizerReader, SaysWhatIsWrongWithTheModel) {
  auto model = [](const std::string &text) { return fileWith("", text); };
  EXPECT_TRUE(
      mentions(whyOf(model(R"("vocab":{"a":0},"merges":["a b"])")), "\"b\""));
  EXPECT_TRUE(
      mentions(whyOf(model(R"("vocab":{"a":0,"a":1},"merges":[])")), "twice"));
  EXPECT_TRUE(mentions(whyOf(model(R"("vocab":{"a":0,"b":0},"merges":[])")),
                       "two tokens"));
  EXPECT_TRUE(
      mentions(whyOf(model(R"("vocab":{"a":-1},"merges":[])")), "\"a\" the id -1"));
  EXPECT_TRUE(mentions(whyOf(model(R"("vocab":{"a":0,"b":2147483648},"merges":[])")),
                       "\"b\" the id 2147483648"));
  EXPECT_TRUE(mentions(whyOf(model(R"("vocab":{"a":9999999},"merges":[])")),
                       "largest id"));
  EXPECT_TRUE(
      mentions(whyOf(model(R"("vocab":{"a":"x"},"merges":[])")), "vocab"));
  EXPECT_TRUE(
      mentions(whyOf(model(R"("vocab":{"a":{}},"merges":[])")), "vocab"));
  for (const char *merge : {"1", "\"ab\"", "\"a b c\"", "[\"a\"]",
                            "[\"a\",\"b\",\"ab\"]", "[[\"a\"],\"b\"]", "[1,2]"})
    EXPECT_TRUE(
        mentions(whyOf(model(R"("vocab":{"a":0,"b":1,"ab":2},"merges":[)" +
                             std::string(merge) + "]")),
                 "merges"))
        << merge;
  EXPECT_TRUE(mentions(whyOf(model(R"("vocab":{"a":0})")), "no merges"));
  EXPECT_TRUE(mentions(
      whyOf(model(R"("unk_token":"?","vocab":{"a":0},"merges":[])")), "?"));
  EXPECT_TRUE(mentions(
      whyOf(model(R"("fuse_unk":1,"vocab":{"a":0},"merges":[])")), "fuse_unk"));
}

TEST(TokenizerReader, SaysWhatIsWrongWithAddedTokens) {
  auto added = [](const std::string &text) {
    return fileWith("", R"("vocab":{"a":0},"merges":[])", text);
  };
  EXPECT_TRUE(
      mentions(whyOf(added(R"({"id":0,"content":"x"})")), "belongs to"));
  EXPECT_TRUE(mentions(whyOf(added(R"({"id":-5,"content":"x"})")), "no id"));
  EXPECT_TRUE(mentions(whyOf(added(R"({"id":1})")), "no content"));
  EXPECT_TRUE(mentions(whyOf(added(R"({"id":1,"content":7})")), "wrong type"));
  auto r = read(added(R"({"id":5,"content":"a"})"));
  ASSERT_TRUE(r);
  EXPECT_EQ(r->model.added[0].id, 0);
  EXPECT_EQ(r->notes.size(), 1u);
}

TEST(TokenizerReader, NamesEveryUnsupportedPartAtOnce) {
  std::string why = whyOf(fileWith(R"("normalizer":{"type":"Foo"},
        "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"UnicodeScripts"},
          {"type":"Split","pattern":{"Regex":"[a&&b]"},"behavior":"Isolated"}]},
        "post_processor":{"type":"Foo"},"decoder":{"type":"CTC"},)"),
                          Code::UnsupportedTokenizer);
  for (const char *part : {"normalizer Foo", "pre-tokenizer UnicodeScripts",
                           "[a&&b]", "post-processor Foo", "decoder CTC"})
    EXPECT_TRUE(mentions(why, part)) << part << " in " << why;
  for (const char *type : {"WordSalad"}) {
    std::string text = fileWith();
    text.replace(text.find("\"BPE\""), 5, "\"" + std::string(type) + "\"");
    EXPECT_TRUE(mentions(whyOf(text, Code::UnsupportedTokenizer), type));
  }
  EXPECT_TRUE(mentions(
      whyOf(fileWith("", R"("dropout":0.1,"vocab":{"a":0},"merges":[])"),
            Code::UnsupportedTokenizer),
      "dropout"));
}

TEST(TokenizerReader, SaysWhatToTryWhereAPartIsNotSupported) {
  auto fixOf = [](const std::string &text) {
    auto r = read(text);
    EXPECT_FALSE(r) << text;
    return r ? "" : r.error().fix;
  };
  auto model = [](const std::string &text) { return fileWith("", text); };
  EXPECT_TRUE(
      mentions(fixOf(model(R"("dropout":0.1,"vocab":{"a":0},"merges":[])")),
               "model.dropout to null"));
  EXPECT_TRUE(mentions(fixOf(model(R"("continuing_subword_prefix":"##",
                                      "vocab":{"a":0},"merges":[])")),
                       "tokenizer.model"));
  EXPECT_TRUE(
      mentions(fixOf(R"({"normalizer":{"type":"Foo"},)" + fileWith().substr(1)),
               "tokenizer.model"));
  EXPECT_TRUE(mentions(fixOf(R"({"model":{"type":"Unigram",
                                  "vocab":[["a",-1.0]]}})"),
                       "model.unk_id"));
}

TEST(TokenizerReader, RefusesWhatIsNoJsonOrTooDeep) {
  EXPECT_TRUE(mentions(whyOf("version https://git-lfs"), "byte"));
  EXPECT_TRUE(mentions(whyOf("[]"), "no JSON object"));
  whyOf("");
  whyOf("{");
  whyOf("\"\xFF\"");
  std::string deep = "{\"x\":";
  for (int i = 0; i < 100000; ++i)
    deep += "[";
  EXPECT_TRUE(mentions(whyOf(deep), "deeper"));
  EXPECT_TRUE(mentions(whyOf(R"({"a":1,"a":2})"), "twice"));
  std::string many = "{\"x\":[0";
  for (int i = 0; i < 400000; ++i)
    many += ",0";
  EXPECT_TRUE(mentions(whyOf(many + "]}"), "more than"));
}

TEST(TokenizerReader, IdsComeFromTheFirstFileThatNamesThem) {
  std::string tokenizer = fileWith();
  TokenizerFiles files;
  files.tokenizer = tokenizer;
  files.generationConfig = R"({"eos_token_id":[3,2,3]})";
  files.genaiConfig = R"({"model":{"eos_token_id":1,"pad_token_id":1}})";
  files.config = R"({"eos_token_id":1,"bos_token_id":0,"pad_token_id":2})";
  files.tokenizerConfig = R"({"bos_token":"ab","eos_token":{"content":"a"}})";
  auto r = readTokenizer(files);
  ASSERT_TRUE(r) << r.error().render();
  EXPECT_EQ(r->model.eosIds, (Ids{3, 2}));
  EXPECT_EQ(r->model.padId, 1);
  EXPECT_EQ(r->model.bosId, 0);
  EXPECT_EQ(r->files, (std::vector<std::string>{
                          "tokenizer.json", "generation_config.json",
                          "genai_config.json", "config.json"}));

  files.generationConfig = R"({"eos_token_id":null})";
  files.genaiConfig.reset();
  files.config = R"({"text_config":{"bos_token_id":1}})";
  r = readTokenizer(files);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->model.eosIds, (Ids{0}));
  EXPECT_EQ(r->model.bosId, 1);

  files.config.reset();
  files.tokenizerConfig.reset();
  files.specialTokensMap = R"({"bos_token":"ab"})";
  r = readTokenizer(files);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->model.bosId, 2);
  EXPECT_TRUE(r->model.eosIds.empty());
}

TEST(TokenizerReader, ConfigurationOfTheWrongTypeIsAnError) {
  std::string tokenizer = fileWith();
  for (const char *config :
       {R"({"eos_token_id":"x"})", R"({"eos_token_id":[1,"x"]})",
        R"({"bos_token_id":1.5})", "[]", "{"}) {
    TokenizerFiles files;
    files.tokenizer = tokenizer;
    files.config = config;
    auto r = readTokenizer(files);
    ASSERT_FALSE(r) << config;
    EXPECT_EQ(r.error().code, Code::BadConfig);
  }
}

TEST(TokenizerReader, IdsOutsideTheVocabularyAreNotedAndLeftOut) {
  std::string tokenizer = fileWith();
  TokenizerFiles files;
  files.tokenizer = tokenizer;
  files.config = R"({"eos_token_id":[50256,3],"bos_token_id":50256})";
  files.tokenizerConfig = R"({"pad_token":"<nope>"})";
  auto r = readTokenizer(files);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->model.eosIds, (Ids{3}));
  EXPECT_EQ(r->model.bosId, -1);
  EXPECT_EQ(r->notes.size(), 3u);
}

TEST(TokenizerReader, AddedTokensOfTheConfigurationAloneAreNoted) {
  std::string tokenizer = fileWith();
  TokenizerFiles files;
  files.tokenizer = tokenizer;
  files.tokenizerConfig = R"({"added_tokens_decoder":{
    "3":{"content":"</s>"},"4":{"content":"<x>"},"q":{"content":"<y>"}}})";
  auto r = readTokenizer(files);
  ASSERT_TRUE(r);
  ASSERT_EQ(r->notes.size(), 1u);
  EXPECT_TRUE(mentions(r->notes[0], "2 added tokens"));
  EXPECT_TRUE(mentions(r->notes[0], "4 (<x>)"));
}

TEST(TokenizerReader, AddFlagsCountOnlyWithoutAPostProcessor) {
  std::string tokenizer = fileWith();
  TokenizerFiles files;
  files.tokenizer = tokenizer;
  files.config = R"({"bos_token_id":0,"eos_token_id":3})";
  files.tokenizerConfig = R"({"add_bos_token":true,"add_eos_token":true})";
  auto r = readTokenizer(files);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->model.prefixIds, (Ids{0}));
  EXPECT_EQ(r->model.suffixIds, (Ids{3}));
  EXPECT_TRUE(r->notes.empty());

  tokenizer =
      fileWith(R"("post_processor":{"type":"TemplateProcessing","single":[
    {"SpecialToken":{"id":"B"}},{"Sequence":{"id":"A"}}],
    "special_tokens":{"B":{"id":"B","ids":[1]}}},)");
  files.tokenizer = tokenizer;
  r = readTokenizer(files);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->model.prefixIds, (Ids{1}));
  EXPECT_TRUE(r->model.suffixIds.empty());
  EXPECT_EQ(r->notes.size(), 1u);
}

TEST(TokenizerReader, TemplatesAreCheckedAndNest) {
  auto post = [](const std::string &text) {
    return fileWith("\"post_processor\":" + text + ",");
  };
  auto r = read(post(R"({"type":"Sequence","processors":[{"type":"ByteLevel"},
    {"type":"RobertaProcessing","cls":["a",0],"sep":["b",1]},
    {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}},
      {"Sequence":{"id":"A"}}],"special_tokens":{"x":{"ids":[2,3]}}}]})"));
  ASSERT_TRUE(r) << r.error().render();
  EXPECT_EQ(r->model.prefixIds, (Ids{2, 3, 0}));
  EXPECT_EQ(r->model.suffixIds, (Ids{1}));
  whyOf(post(
      R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}},{"Sequence":{}}],"special_tokens":{}})"));
  whyOf(post(
      R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}},{"Sequence":{}}],"special_tokens":{"x":{"ids":[77]}}})"));
  whyOf(post(R"({"type":"TemplateProcessing","single":[]})"),
        Code::UnsupportedTokenizer);
  whyOf(post(R"({"type":"RobertaProcessing","cls":["a"],"sep":["b",1]})"));
}

TEST(TokenizerReader, TruncationIsNotedAndNotApplied) {
  auto r = read(fileWith(R"("truncation":{"max_length":2},"padding":null,)"));
  ASSERT_TRUE(r);
  ASSERT_EQ(r->notes.size(), 1u);
  EXPECT_TRUE(mentions(r->notes[0], "truncation"));
}

TEST(TokenizerReader, AFolderWithoutTokenizerIsAnError) {
  auto r = readTokenizer(std::string(LLMC_TEST_DATA));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::FileNotFound);
}

TEST(TokenizerReader, CutFilesAreErrorsNeverCrashes) {
  std::string whole = readText(std::string(LLMC_TEST_DATA) +
                               "/tokenizers/split/tokenizer.json");
  for (size_t n = 0; n + 1 < whole.size(); n += 7)
    ASSERT_FALSE(read(whole.substr(0, n))) << n;
}

TEST(TokenizerReader, ChangedFilesAreErrorsOrTokenizersNeverCrashes) {
  std::string whole = readText(std::string(LLMC_TEST_DATA) +
                               "/tokenizers/metaspace/tokenizer.json");
  // The parts before the vocabulary, where most of the meaning is.
  size_t end = whole.find("\"vocab\"");
  ASSERT_NE(end, std::string::npos);
  for (size_t i = 0; i < end; i += 41) {
    std::string changed = whole;
    changed[i] = changed[i] == '1' ? '"' : '1';
    auto r = read(changed);
    if (r)
      (void)make(r->model).encode("a b</s>", {true, true});
  }
}
