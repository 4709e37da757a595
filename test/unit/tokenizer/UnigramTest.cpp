#include "runtime/tokenizer/UnigramModel.h"
#include "test/unit/tokenizer/TestModels.h"

#include <algorithm>
#include <random>

using namespace llmc::tokenizer;
using Ids = std::vector<int32_t>;

namespace {
const std::string mark = "\xE2\x96\x81";

/// Tokens of letters and marks; scores whose sums are rounded soon, and often
/// halfway between two numbers.
TokenizerModel randomModel(std::mt19937 &random, bool wordwise) {
  TokenizerModel m;
  m.kind = ModelKind::Unigram;
  m.tokens = {"<unk>", "a", "b", mark};
  for (int i = 0; i < 40; ++i) {
    std::string text(1 + random() % 6, 'a');
    for (char &c : text)
      c = char('a' + random() % 3);
    if (random() % 3 == 0)
      text = mark + text;
    if (!wordwise && random() % 4 == 0)
      text += mark;
    if (std::ranges::find(m.tokens, text) == m.tokens.end())
      m.tokens.push_back(text);
  }
  m.unkId = 0;
  for (size_t i = 0; i < m.tokens.size(); ++i)
    m.scores.push_back(-double(1 + random() % 40) * 0.5 *
                       double(1 + i % 2 * 99));
  m.floatScores = random() % 2;
  return m;
}
} // namespace

TEST(UnigramModel, WhatWasFoundBeforeIsWhatIsFoundAgain) {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    TokenizerModel m = randomModel(random, round % 3 != 0);
    UnigramModel cached(m), plain(m);
    cached.worthACache = 0;
    plain.worthACache = SIZE_MAX;
    // Words of a few, so that they come again, with unknown ones.
    std::vector<std::string> words;
    for (int i = 0; i < 12; ++i) {
      std::string word = random() % 4 ? mark : "";
      for (size_t n = random() % 12; n > 0; --n)
        word += char('a' + random() % (round % 2 ? 4 : 3));
      words.push_back(word);
    }
    std::string text;
    while (text.size() < 60'000)
      text += words[random() % words.size()];
    Ids a, b;
    cached.encode(text, a);
    plain.encode(text, b);
    ASSERT_TRUE(a == b) << "round " << round;
  }
}

TEST(UnigramModel, TheCacheKnowsSumsThatRiseOrStandStill) {
  std::mt19937 random(8);
  for (int round = 0; round < 12; ++round) {
    TokenizerModel m = randomModel(random, true);
    m.floatScores = true;
    for (double &score : m.scores)
      score = round % 2 ? -score + 60.0 * double(random() % 3 == 0) * score
                        : score * 4096;
    UnigramModel cached(m), plain(m);
    plain.worthACache = SIZE_MAX;
    std::string text;
    while (text.size() < 200'000)
      text += mark + (random() % 3 ? "abcadd" : "bacab");
    Ids a, b;
    cached.encode(text, a);
    plain.encode(text, b);
    ASSERT_TRUE(a == b) << "round " << round;
  }
}

TEST(UnigramModel, TheCacheKnowsSumsThatAreFarApart) {
  // 2^24 and beyond floats are whole numbers, then every second: a half is
  // rounded to what is even.
  std::mt19937 random(6);
  for (int round = 0; round < 6; ++round) {
    TokenizerModel m = randomModel(random, true);
    m.floatScores = true;
    for (double &score : m.scores)
      score *= 1024;
    UnigramModel cached(m), plain(m);
    plain.worthACache = SIZE_MAX;
    std::string text;
    while (text.size() < 300'000)
      text += mark + (random() % 3 ? "abca" : "bacab");
    Ids a, b;
    cached.encode(text, a);
    plain.encode(text, b);
    ASSERT_TRUE(a == b) << "round " << round;
  }
}
