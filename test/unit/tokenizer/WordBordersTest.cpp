#include "runtime/tokenizer/WordBorders.h"
#include "runtime/tokenizer/BpeModel.h"
#include "test/unit/tokenizer/TestModels.h"

#include <random>

using namespace llmc::tokenizer;
using Ids = std::vector<int32_t>;

namespace {
const std::string mark(spaceMark);

/// smallModel() without what is around the text.
TokenizerModel bareModel() {
  TokenizerModel m = smallModel();
  m.normalizer.clear();
  m.prefixIds.clear();
  return m;
}
int32_t add(TokenizerModel &m, const std::string &text) {
  m.tokens.push_back(text);
  return int32_t(m.tokens.size() - 1);
}
} // namespace

TEST(WordBorders, AWordEndsInFrontOfTheNextMark) {
  EXPECT_EQ(wordLength("ab"), 2u);
  EXPECT_EQ(wordLength("ab" + mark + "c"), 2u);
  EXPECT_EQ(wordLength(mark + mark + "ab" + mark), 8u);
  EXPECT_EQ(wordLength(mark + mark), 6u);
}

TEST(WordBorders, ATokenBeyondOneKeepsTextsWhole) {
  TokenizerModel m = bareModel();
  EXPECT_TRUE(keepsToWords(m));
  int32_t a = 260, marks = add(m, mark + mark);
  m.merges.push_back({259, 259, marks});
  EXPECT_TRUE(keepsToWords(m));
  TokenizerModel over = m;
  over.merges.push_back({a, 259, add(over, "a" + mark)});
  EXPECT_FALSE(keepsToWords(over));
  // A merge that gives another text than its tokens.
  TokenizerModel wrong = m;
  wrong.merges.push_back({a, 259, 261});
  EXPECT_FALSE(keepsToWords(wrong));
  TokenizerModel ignoring = m;
  ignoring.ignoreMerges = true;
  EXPECT_FALSE(keepsToWords(ignoring));
}

TEST(WordBorders, ALongTextBecomesTheIdsOfTheWhole) {
  TokenizerModel m = bareModel();
  ASSERT_TRUE(keepsToWords(m));
  BpeModel whole(m);
  Tokenizer tokenizer = make(m);
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::string text;
    while (text.size() < 5000)
      text +=
          std::vector<std::string>{mark,
                                   "a",
                                   "b",
                                   "c",
                                   "ab",
                                   "x\xC3\xA9",
                                   "abcabcabcabcabcabcabcabcabc"}[random() % 7];
    Ids ids;
    whole.encode(text, ids);
    EXPECT_EQ(*tokenizer.encode(text), ids);
  }
}
