/// Ids that other implementations give: for the small vocabularies of
/// test/data/tokenizers, and for those of the shared test data where the build
/// knows its folder (LLMC_TOKENIZER_DATA).
#include "test/unit/tokenizer/ConformanceCases.h"

#include <cctype>
#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::tokenizer;
namespace fs = std::filesystem;

namespace {
/// Letters and digits, as names of tests must be.
std::string testName(const std::string &text) {
  std::string name;
  for (char c : text)
    name += std::isalnum(uint8_t(c)) ? c : '_';
  return name;
}

/// Fails for each case that differs; returns how many passed. The tokenizer
/// goes through the bytes of its section.
size_t expectSame(const Result<ReadTokenizer> &read,
                  const std::vector<Case> &cases) {
  if (!read) {
    ADD_FAILURE() << read.error().render();
    return 0;
  }
  auto tokenizer = Tokenizer::load(serialize(read->model));
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().render();
    return 0;
  }
  size_t passed = 0;
  for (const Case &c : cases) {
    std::string difference = differenceOf(*tokenizer, c);
    EXPECT_TRUE(difference.empty()) << difference;
    passed += difference.empty();
  }
  return passed;
}

struct Small {
  const char *folder;
  const char *file;
};
const Small smallVocabularies[] = {
    {"byte-level", "tokenizer.json"},
    {"byte-level", "vocabulary.gguf"},
    {"split", "tokenizer.json"},
    {"sentencepiece", "tokenizer.json"},
    {"metaspace", "tokenizer.json"},
    {"sentencepiece-bpe", "tokenizer.model"},
    {"sentencepiece-bpe", "vocabulary.gguf"},
    {"sentencepiece-unigram", "tokenizer.model"},
    {"sentencepiece-unigram", "vocabulary.gguf"},
    {"sentencepiece-char", "tokenizer.model"},
    {"unigram", "tokenizer.json"},
    {"wordpiece", "tokenizer.json"},
    {"wordpiece", "vocab.txt"},
    {"wordpiece", "vocabulary.gguf"},
    {"wordlevel", "tokenizer.json"},
    {"tiktoken-cl100k", "cl100k_base.tiktoken"},
    {"tiktoken-o200k", "o200k_base.tiktoken"},
    {"rwkv", "rwkv_vocab_small.txt"},
};

class SmallVocabularies : public ::testing::TestWithParam<Small> {};

class SharedVocabularies : public ::testing::TestWithParam<Vocabulary> {
public:
  static void SetUpTestSuite() {
    table.clear();
    if (fs::is_directory(LLMC_TOKENIZER_DATA))
      data = std::make_unique<SharedData>(LLMC_TOKENIZER_DATA);
  }
  static void TearDownTestSuite() {
    if (!table.empty())
      std::fputs((tableHead() + table).c_str(), stdout);
    data.reset();
  }

protected:
  inline static std::unique_ptr<SharedData> data;
  inline static std::string table;
};
} // namespace

TEST_P(SmallVocabularies, GiveTheIdsOfOtherImplementations) {
  fs::path folder = fs::path(LLMC_TEST_DATA) / "tokenizers" / GetParam().folder;
  std::vector<Case> cases = readCases(folder / "cases.jsonl");
  ASSERT_GE(cases.size(), 60u);
  expectSame(readTokenizer(folder.string(), GetParam().file), cases);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SmallVocabularies,
                         ::testing::ValuesIn(smallVocabularies),
                         [](const auto &info) {
                           return testName(std::string(info.param.folder) +
                                           "/" + info.param.file);
                         });

TEST_P(SharedVocabularies, GiveTheIdsOfOtherImplementations) {
  const Vocabulary &v = GetParam();
  if (!data)
    GTEST_SKIP() << "the tokenizers of the shared test data are not here: "
                    "configure with -DLLMC_TOKENIZER_DATA=FOLDER";
  if (!data->has(v))
    GTEST_SKIP() << SharedData::nameOf(v) << " is not in "
                 << LLMC_TOKENIZER_DATA;
  std::vector<Case> cases = data->casesOf(v);
  size_t passed = expectSame(data->read(v), cases);
  table += tableRow(SharedData::nameOf(v), v.kind, cases.size(), passed,
                    cases.empty() ? "read; no pairs" : "");
}

INSTANTIATE_TEST_SUITE_P(Data, SharedVocabularies,
                         ::testing::ValuesIn(vocabularies),
                         [](const auto &info) {
                           return testName(SharedData::nameOf(info.param));
                         });
