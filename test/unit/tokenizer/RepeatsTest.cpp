#include "runtime/tokenizer/Repeats.h"
#include "frontends/tokenizer/CompilePattern.h"
#include "frontends/tokenizer/TokenizerReader.h"
#include "runtime/tokenizer/BpeModel.h"
#include "runtime/tokenizer/Normalizer.h"
#include "runtime/tokenizer/PreTokenizer.h"
#include "runtime/tokenizer/UnigramModel.h"
#include "runtime/tokenizer/UnigramNodes.h"
#include "test/unit/tokenizer/TestModels.h"

#include <algorithm>
#include <random>

using namespace llmc::tokenizer;
using Ids = std::vector<int32_t>;

namespace {
std::string times(const std::string &unit, size_t count) {
  std::string out;
  while (count-- > 0)
    out += unit;
  return out;
}

/// Parts that repeat themselves, some with a fault, made of \p words.
std::string repeatedText(std::mt19937 &random,
                         const std::vector<std::string> &words, size_t size) {
  std::string text;
  while (text.size() < size) {
    std::string unit;
    size_t count = random() % 3 ? 1 + random() % 8 : 1 + random() % 60;
    for (; count > 0; --count)
      unit += words[random() % words.size()];
    std::string part = times(unit, 1 + (random() % 3 ? random() % 40 : 0) +
                                       8000 / (unit.size() + 1));
    if (random() % 3 == 0)
      part += words[random() % words.size()] + part;
    text += part;
  }
  return text;
}

SplitTable tableOf(std::string_view pattern) {
  std::string why;
  SplitTable table = compilePattern(pattern, why);
  EXPECT_EQ(why, "");
  return table;
}

/// What a pre-tokenizer makes of \p text, as two ids for each piece.
Ids piecesOf(const PreTokenizer &preTokenizer, std::string_view text,
             bool cached) {
  Ids ids;
  StepBudget budget;
  budget.grant(1000 * text.size());
  WordCache cache(ids);
  auto take = [&](std::string_view piece) {
    ids.push_back(int32_t(piece.size()));
    ids.push_back(int32_t(std::hash<std::string_view>()(piece)));
  };
  EXPECT_TRUE(
      preTokenizer.apply(text, true, budget, cached ? &cache : nullptr, take));
  return ids;
}
} // namespace

TEST(Repeats, APartEndsWhereItsPeriodDoes) {
  std::string text = "xy" + times("abc", 3000) + "abd" + std::string(4000, 'e');
  RepeatedPart part = findRepeatedPart(text, 2);
  EXPECT_EQ(part.period, 3u);
  EXPECT_EQ(part.end, 2u + 9000 + 2);
  EXPECT_EQ(findRepeatedPart(text, 0).end, 0u);
  EXPECT_EQ(findRepeatedPart(text, 9002).end, 0u);
  // Too short, too far apart.
  EXPECT_EQ(findRepeatedPart(std::string(1000, 'a'), 0).end, 0u);
  std::mt19937 random(1);
  std::string far(5000, 0);
  for (char &c : far)
    c = char(random());
  EXPECT_EQ(findRepeatedPart(times(far, 8), 0).end, 0u);
}

TEST(Repeats, AReaderSkipsOnlyWhatItWouldDoAgain) {
  // Writes each third character, and looks at the two behind it.
  auto read = [](std::string_view text, bool skips) {
    std::string out;
    Repeats<size_t> repeats(text);
    size_t at = 0, left = 0;
    while (at < text.size()) {
      if (skips && repeats.wanted(at)) {
        auto skip = repeats.visit(at, at + 2, out.size(), [&] { return left; });
        repeatSince(out, skip.mark, skip.times);
        if (skip.times > 0)
          repeats.leave(at + skip.bytes * skip.times);
        at += skip.bytes * skip.times;
      }
      if (left == 0 && at + 2 < text.size())
        out += char(text[at] + text[at + 2]);
      left = left == 0 ? 2 : left - 1;
      ++at;
    }
    return out;
  };
  std::mt19937 random(2);
  for (int round = 0; round < 20; ++round) {
    std::string text = repeatedText(random, {"a", "bc", "d"}, 50'000);
    ASSERT_EQ(read(text, true), read(text, false)) << round;
  }
}

TEST(Repeats, NodesThatAreKeptOnceAreFoundEverywhere) {
  UnigramNodes nodes;
  Ids plain(8);
  auto make = [&](int32_t id) {
    nodes.made(plain.size()) = id;
    plain.push_back(id);
  };
  plain.resize(1, 0);
  nodes[0] = plain[0] = 7;
  for (int32_t i = 0; i < 10; ++i)
    make(i);
  for (size_t count : {50'000u, 3u, 40'000u}) {
    for (int32_t i = 0; i < 5; ++i)
      make(100 + i);
    size_t at = plain.size() - 1;
    make(200); // Comes behind what is repeated.
    nodes.repeat(at, 5, count);
    plain.pop_back();
    for (size_t i = 0; i < 5 * count; ++i)
      plain.push_back(plain[plain.size() - 5]);
    plain.push_back(200);
  }
  for (size_t base : {0u, 3u, 11u, 30'000u, 250'020u, 250'043u, 300'000u}) {
    nodes.forgetBefore(base);
    ASSERT_EQ(nodes.base(), base);
    for (size_t p = base; p < plain.size(); ++p)
      ASSERT_EQ(nodes[p], plain[p]) << base << " " << p;
  }
}

TEST(Repeats, AUnigramSearchFindsWhatItFindsWithout) {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    TokenizerModel m;
    m.kind = ModelKind::Unigram;
    m.tokens = {"<unk>", "a"};
    if (round % 4 == 0) // Paths that never meet.
      m.tokens = {"<unk>", "aa", "bb", "aaaa"};
    for (int i = 0; i < 12; ++i) {
      std::string token;
      for (size_t n = 1 + random() % 9; n > 0; --n)
        token += char('a' + random() % 2);
      if (std::ranges::find(m.tokens, token) == m.tokens.end())
        m.tokens.push_back(token);
    }
    if (round % 3 == 0)
      for (int byte = 0; byte < 256; ++byte) {
        char name[8];
        std::snprintf(name, sizeof name, "<0x%02X>", unsigned(byte));
        m.tokens.push_back(name);
        m.byteFallback = true;
      }
    m.unkId = 0;
    m.uses.assign(m.tokens.size(), TokenUse::Text);
    for (size_t i = 0; i < m.tokens.size(); ++i) {
      if (m.tokens[i].size() == 6 && m.tokens[i][0] == '<')
        m.uses[i] = TokenUse::Never;
      double score = -double(1 + random() % 40) * (round % 2 ? 0.37 : 0.5);
      m.scores.push_back(round % 5 == 4 && random() % 3 == 0 ? -score : score);
    }
    m.floatScores = random() % 2;
    UnigramModel skipping(m), plain(m);
    skipping.worthACache = 0;
    plain.worthACache = SIZE_MAX;
    std::string text = repeatedText(
        random, {"a", "b", "ab", "aab", round % 2 ? "c" : "bb"}, 60'000);
    if (round % 6 == 5)
      text += std::string(30'000, 'c') + text;
    Ids a, b;
    skipping.encode(text, a);
    plain.encode(text, b);
    ASSERT_TRUE(a == b) << "round " << round;
  }
}

TEST(Repeats, WindowsOfMergesRepeat) {
  TokenizerModel m = smallModel();
  m.normalizer.clear();
  BpeModel windows(m), whole(m);
  whole.windowSymbols = size_t(1) << 24;
  std::mt19937 random(4);
  for (int round = 0; round < 20; ++round) {
    std::string text = repeatedText(
        random, {"a", "b", "c", "ab", "x", "\xE3\x8C\x96"}, 150'000);
    Ids a, b;
    windows.encode(text, a);
    whole.encode(text, b);
    ASSERT_TRUE(a == b) << "round " << round;
  }
}

TEST(Repeats, WindowsOfMergesMayEndInUnknownCharacters) {
  TokenizerModel m = smallModel();
  m.normalizer.clear();
  m.byteFallback = false;
  m.fuseUnk = true;
  BpeModel windows(m), whole(m);
  whole.windowSymbols = size_t(1) << 24;
  for (size_t count = 1; count < 12; ++count)
    for (size_t margin : {0u, 1u, 3u}) {
      windows.windowSymbols = 4;
      windows.windowMargin = margin;
      std::string text = times("abc", 40 * count) + times("a", count) + "xyz";
      Ids a, b;
      windows.encode(text, a);
      whole.encode(text, b);
      ASSERT_EQ(a, b) << count << " " << margin;
    }
}

TEST(Repeats, PiecesAreThoseOfASearchThatReadsAll) {
  using Kind = PreTokenizerStep::Kind;
  std::mt19937 random(5);
  for (int kind = 0; kind < 7; ++kind)
    for (int behavior = 0; behavior <= int(SplitBehavior::Last); ++behavior)
      for (bool invert : {false, true}) {
        PreTokenizerStep step;
        step.kind = Kind(kind);
        step.behavior = SplitBehavior(behavior);
        step.invert = invert;
        if (Kind(kind) == Kind::SplitLiteral)
          step.pattern = "ab";
        if (Kind(kind) == Kind::SplitRegex) {
          step.pattern = "[ ]+(?![^ ])|[ab]+|[ ]?1";
          step.table = tableOf(step.pattern);
          ASSERT_FALSE(step.table.empty());
        }
        PreTokenizerStep second;
        second.kind = Kind::SplitLiteral;
        second.pattern = "b";
        auto preTokenizer = PreTokenizer::create({step, second});
        ASSERT_TRUE(preTokenizer);
        std::string text =
            repeatedText(random, {"a", "b", " ", "1", ".", "\xC3\xA9"}, 60'000);
        ASSERT_TRUE(piecesOf(*preTokenizer, text, true) ==
                    piecesOf(*preTokenizer, text, false))
            << kind << " " << behavior << " " << invert;
      }
}

TEST(Repeats, LongTextsNormalizeAsTheirLines) {
  using Kind = NormalizerStep::Kind;
  std::vector<std::vector<NormalizerStep>> all = {
      {{Kind::ReplaceLiteral, "ab", "c"}},
      {{Kind::ReplaceLiteral, " ", "\xE2\x96\x81"}},
      {{Kind::ReplaceRegex, " {2,}", "_", tableOf(" {2,}")}},
      {{Kind::Nfkc, "", ""}, {Kind::Lowercase, "", ""}},
      {{Kind::Nfd, "", ""}, {Kind::StripMarks, "", ""}}};
  for (const char *folder : {"unigram", "sentencepiece-unigram"}) {
    auto read =
        readTokenizer(std::string(LLMC_TEST_DATA) + "/tokenizers/" + folder);
    ASSERT_TRUE(read);
    for (const NormalizerStep &step : read->model.normalizer)
      if (step.kind == Kind::Charsmap || step.kind == Kind::CharsmapGraphemes)
        all.push_back({step});
  }
  ASSERT_EQ(all.size(), 7u);
  std::mt19937 random(6);
  for (const auto &steps : all) {
    auto normalizer = Normalizer::create(steps);
    ASSERT_TRUE(normalizer);
    std::string text, lines;
    while (text.size() < 100'000) {
      // Shorter than what is worth looking at.
      std::string line =
          repeatedText(random, {"a", "b", " ", "\xCC\x81", "\xE3\x8C\x96"}, 1)
              .substr(0, 7000);
      while ((uint8_t(line.back()) & 0xC0) == 0x80 ||
             uint8_t(line.back()) > 127)
        line.pop_back();
      line += '\n';
      for (const std::string &part : {line, line}) {
        StepBudget budget;
        lines += normalizer->apply(part, budget)->text;
        text += part;
      }
    }
    StepBudget budget;
    ASSERT_TRUE(normalizer->apply(text, budget)->text == lines)
        << int(steps[0].kind);
  }
}
