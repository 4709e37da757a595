#include "TestModels.h"
#include "frontends/tokenizer/TokenizerReader.h"

#include <cstring>

using namespace llmc;
using namespace llmc::tokenizer;
using Ids = std::vector<int32_t>;

namespace {
Result<ReadTokenizer> read(const std::string &name, const std::string &bytes) {
  TokenizerFiles files;
  files.name = name;
  files.tokenizer = bytes;
  return readTokenizer(files);
}

std::string field(int number, const std::string &bytes) {
  return std::string(1, char(number << 3 | 2)) + char(bytes.size()) + bytes;
}
std::string piece(const std::string &text, float score, int type) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &score, 4);
  return field(1, field(1, text) + '\x15' + bytes + '\x18' + char(type));
}
/// <unk>, two letters, the mark, and what these become together.
std::string sentencePiece(int modelType) {
  return piece("<unk>", 0, 2) + piece("a", -2, 1) + piece("b", -3, 1) +
         piece("\xE2\x96\x81", -4, 1) + piece("ab", -1, 1) +
         field(2, std::string("\x18") + char(modelType));
}

template <typename T> std::string number(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
std::string ggufString(const std::string &text) {
  return number(uint64_t(text.size())) + text;
}
std::string ggufBert() {
  std::string out =
      "GGUF" + number(uint32_t(3)) + number(uint64_t(0)) + number(uint64_t(2));
  out += ggufString("tokenizer.ggml.model") + number(uint32_t(8)) +
         ggufString("bert");
  out += ggufString("tokenizer.ggml.tokens") + number(uint32_t(9)) +
         number(uint32_t(8)) + number(uint64_t(3));
  for (const char *token : {"[UNK]", "\xE2\x96\x81go", "ing"})
    out += ggufString(token);
  return out;
}
} // namespace

TEST(Vocabularies, SentencePieceUnigramTakesTheHighestSum) {
  auto r = read("tokenizer.model", sentencePiece(1));
  ASSERT_TRUE(r) << r.error().render();
  Tokenizer t = make(r->model);
  EXPECT_EQ(*t.encode("ab  a"), (Ids{3, 4, 3, 1}));
  EXPECT_EQ(*t.encode("xyb"), (Ids{3, 0, 2}));
  EXPECT_EQ(t.decode(Ids{3, 4, 3, 1}), "ab a");
}

TEST(Vocabularies, SentencePieceBpeMergesByScore) {
  auto r = read("tokenizer.model", sentencePiece(2));
  ASSERT_TRUE(r) << r.error().render();
  ASSERT_EQ(r->model.merges.size(), 1u);
  EXPECT_EQ(*make(r->model).encode("aab"), (Ids{3, 1, 4}));
}

TEST(Vocabularies, SentencePieceOfAnotherKindIsRefused) {
  auto r = read("tokenizer.model", sentencePiece(3));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::UnsupportedTokenizer);
}

TEST(Vocabularies, SaysToAddATokenizerJsonWhereOneIsNotSupported) {
  auto expectAdvice = [](const Result<ReadTokenizer> &r) {
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code, Code::UnsupportedTokenizer);
    EXPECT_NE(r.error().fix.find("put a tokenizer.json"), std::string::npos)
        << r.error().render();
  };
  expectAdvice(read("tokenizer.model", sentencePiece(3)));
  const std::string unknown = piece("<unk>", 0, 2), bpe = field(2, "\x18\x02");
  // A piece out of use, and one that is merged from what is no piece.
  expectAdvice(read("tokenizer.model", unknown + piece("a", -1, 5) + bpe));
  expectAdvice(read("tokenizer.model",
                    unknown + piece("a", -1, 1) + piece("ab", -2, 1) + bpe));
  expectAdvice(read("mine.tiktoken", "YQ== 0\n"));
  expectAdvice(read("mine.txt", "a\n"));
}

TEST(Vocabularies, BertReadsTheLongestTokenFirst) {
  auto r = read("vocab.txt", "[UNK]\n[CLS]\n[SEP]\ngo\n##ing\n##es\n!\n");
  ASSERT_TRUE(r) << r.error().render();
  Tokenizer t = make(r->model);
  EXPECT_EQ(*t.encode("G\xC3\xB3ing goes!"), (Ids{1, 3, 4, 3, 5, 6, 2}));
  EXPECT_EQ(*t.encode("gone", {false, false}), (Ids{0}));
  EXPECT_EQ(t.decode(Ids{3, 4, 6}), "going!");
}

TEST(Vocabularies, GgufBertIsReadAsVocabTxt) {
  auto r = read("x.gguf", ggufBert());
  ASSERT_TRUE(r) << r.error().render();
  EXPECT_EQ(*make(r->model).encode("going"), (Ids{1, 2}));
}

TEST(Vocabularies, TiktokenNeedsAKnownEncoding) {
  const std::string ranks = "YQ== 0\nYg== 1\nYWI= 2\n";
  auto r = read("r50k_base.tiktoken", ranks);
  ASSERT_TRUE(r) << r.error().render();
  EXPECT_EQ(*make(r->model).encode("aab"), (Ids{0, 2}));
  r = read("mine.tiktoken", ranks);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::UnsupportedTokenizer);
  EXPECT_FALSE(read("r50k_base.tiktoken", "YQ= 0\n"));
  EXPECT_FALSE(read("r50k_base.tiktoken", "YQ== 99999999\n"));
}

TEST(Vocabularies, RwkvMatchesTheLongest) {
  auto r = read("rwkv_vocab.txt", "1 'a' 1\n2 'ab' 2\n3 b'\\xff' 1\n");
  ASSERT_TRUE(r) << r.error().render();
  EXPECT_EQ(*make(r->model).encode("aab"), (Ids{1, 2}));
  EXPECT_FALSE(read("rwkv_vocab.txt", "1 'a' 2\n"));
}

TEST(Vocabularies, CutOrChangedFilesAreErrorsOrTokenizersNeverCrashes) {
  for (auto [name, whole] : {std::pair{"tokenizer.model", sentencePiece(1)},
                             std::pair{"x.gguf", ggufBert()}})
    for (size_t i = 0; i < whole.size(); ++i) {
      (void)read(name, whole.substr(0, i));
      for (char c : {'\0', '\xFF', '\x7F'}) {
        std::string changed = whole;
        changed[i] = c;
        if (auto r = read(name, changed))
          (void)make(r->model).encode("a b going");
      }
    }
}

TEST(Vocabularies, AFolderHasOneOrNot) {
  const std::string data = LLMC_TEST_DATA;
  EXPECT_TRUE(hasVocabulary(data + "/tokenizers/split"));
  EXPECT_FALSE(hasVocabulary(data + "/tokenizers"));
}

TEST(Vocabularies, TiedRanksStayFastOnOneCharacter) {
  std::string mark = "\xE2\x96\x81", bytes = piece("<unk>", 0, 2);
  std::string text;
  for (int n = 1; n <= 15; ++n)
    bytes += piece(text += mark, n == 1 ? -5.0f : -9.0f, 1);
  auto r = read("tokenizer.model", bytes + field(2, "\x18\x02") +
                                       field(3, "\x20" + std::string(1, '\0')));
  ASSERT_TRUE(r) << r.error().render();
  auto ids = make(r->model).encode(std::string(299'999, ' '));
  ASSERT_TRUE(ids);
  EXPECT_EQ(ids->size(), 20'000u);
}
