#include "frontends/tokenizer/CompilePattern.h"
#include "frontends/tokenizer/TranslatePattern.h"
#include "runtime/tokenizer/Pattern.h"
#include "runtime/tokenizer/SplitAutomaton.h"
#include "runtime/tokenizer/Unicode.h"

#include <gtest/gtest.h>
#include <random>

using namespace llmc;
using namespace llmc::tokenizer;
using Ranges = std::vector<std::pair<uint32_t, uint32_t>>;

namespace {
SplitTable tableOf(std::string_view pattern) {
  auto translated = translatePattern(pattern);
  EXPECT_TRUE(translated) << pattern;
  std::string why;
  return compilePattern(*translated, why);
}

Ranges search(const Pattern &pattern, const std::string &text) {
  auto found = pattern.findAll(text);
  EXPECT_TRUE(found) << text;
  Ranges out;
  for (Range r : *found)
    out.push_back({r.begin, r.end});
  return out;
}

/// Short texts of the characters that split patterns tell apart.
std::string randomText(std::mt19937 &random) {
  static const char *const characters[] = {" ",
                                           " ",
                                           " ",
                                           "\n",
                                           "\r",
                                           "\t",
                                           "a",
                                           "b",
                                           "s",
                                           "S",
                                           "t",
                                           "Z",
                                           "'",
                                           "'",
                                           "1",
                                           "2",
                                           ".",
                                           "!",
                                           "-",
                                           "\xC2\xB5",
                                           "\xC3\xA9",
                                           "\xC5\xBF",
                                           "\xCC\x81",
                                           "\xC2\xA0",
                                           "\xC2\xB2",
                                           "\xD7\x90",
                                           "\xE4\xB8\xAD",
                                           "\xE2\x84\xAA",
                                           "\xF0\x9F\x98\x80",
                                           "\xF0\x9D\x9F\x98",
                                           "\xC7\x85",
                                           "_",
                                           "/"};
  std::string out;
  for (size_t n = random() % 14; n > 0; --n) {
    size_t at = random() % std::size(characters);
    for (size_t times = random() % 4 == 0 ? 4 : 1; times > 0; --times)
      out += characters[at];
  }
  return out;
}

// Of known tokenizers, and of every construct that becomes a table.
const char *const patterns[] = {
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)",
    R"(\s?(?:(?![A-M])[\p{Lu}\p{Ll}\p{Lt}])+)",
    R"( ?[^(\s|[.,!?])]+)",
    R"(\s+$)",
    R"(^\s+)",
    R"(\bs)",
    R"(\w+|[^\w\s]+)",
    R"((?=[A-Z]))",
    R"((?<=s)a|(?<!s)b)",
    R"(a+?|s*?t)",
    R"((a|ab)(s|bs)?)",
    R"((?:as?){2,3})",
    R"([a-b]{2}|s{0,2}t)",
    R"((?i)[a-s1]+|k)",
    R"(\p{P}+|[[:punct:]])",
    R"(a*)",
    R"(.+\n|.)",
    R"(a+s|a|\s+1)",
    R"(\A.|.\z)",
};
} // namespace

TEST(CompilePattern, TablesFindWhatASearchFinds) {
  std::mt19937 random(3);
  for (const char *pattern : patterns) {
    auto translated = translatePattern(pattern);
    ASSERT_TRUE(translated) << pattern;
    std::string why;
    SplitTable table = compilePattern(*translated, why);
    ASSERT_FALSE(table.empty()) << pattern << ": " << why;
    EXPECT_TRUE(table.isValid());
    auto withTable = Pattern::create(*translated, table);
    auto searched = Pattern::create(*translated);
    ASSERT_TRUE(searched) << *translated;
    for (int i = 0; i < 400; ++i) {
      std::string text = randomText(random);
      ASSERT_EQ(search(*withTable, text), search(*searched, text))
          << pattern << " in '" << text << "'";
    }
  }
}

TEST(CompilePattern, LeavesToASearchWhatNoAutomatonFollows) {
  for (auto [pattern, reason] : {std::pair{R"((a)\1)", "escape \\1"},
                                 {R"(a(?=bc))", "more than one character"},
                                 {R"((?>a|ab)c)", "group (?>"},
                                 {R"(\p{Han}+)", "property Han"},
                                 {R"([\p{Han}]+)", "property Han"},
                                 {R"([^a\p{Han}])", "property Han"},
                                 {"[a", "class without end"},
                                 {R"((ab)++)", "possessive"},
                                 {R"((a*)*)", "empty text without end"},
                                 {R"((?i:\x{e9}))", "beyond ASCII"},
                                 {R"(\R)", "escape \\R"},
                                 {"(((a{99}){99}){99}){99}", "too large"}}) {
    std::string why;
    EXPECT_TRUE(compilePattern(pattern, why).empty()) << pattern;
    EXPECT_NE(why.find(reason), why.npos) << pattern << ": " << why;
  }
}

TEST(CompilePattern, NamesThePatternsThatStayWithoutATable) {
  TokenizerModel m;
  m.preTokenizer.resize(2);
  for (PreTokenizerStep &step : m.preTokenizer)
    step.kind = PreTokenizerStep::Kind::SplitRegex;
  m.preTokenizer[0].pattern = "a+";
  m.preTokenizer[1].pattern = "(?=ab)";
  std::vector<std::string> notes;
  tabulatePatterns(m, notes);
  EXPECT_FALSE(m.preTokenizer[0].table.empty());
  EXPECT_TRUE(m.preTokenizer[1].table.empty());
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("(?=ab)"), std::string::npos);
}

TEST(SplitTable, ADamagedOneIsNotValid) {
  SplitTable good = tableOf("a+|b");
  ASSERT_TRUE(good.isValid());
  auto broken = [&](auto damage) {
    SplitTable t = good;
    damage(t);
    return !t.isValid();
  };
  EXPECT_TRUE(broken([](SplitTable &t) { t.next.back() = 100; }));
  EXPECT_TRUE(broken([](SplitTable &t) { t.next.pop_back(); }));
  EXPECT_TRUE(broken([](SplitTable &t) { t.next[t.classes] = 1; }));
  EXPECT_TRUE(broken([](SplitTable &t) { t.start[0] = 100; }));
  EXPECT_TRUE(broken([](SplitTable &t) { t.start.pop_back(); }));
  EXPECT_TRUE(broken([](SplitTable &t) { t.runs[1].first = 0; }));
  EXPECT_TRUE(broken([](SplitTable &t) { t.runs[1].kind = 200; }));
  EXPECT_TRUE(broken([](SplitTable &t) { t.runs.clear(); }));
}

TEST(SplitAutomaton, AFailingRunIsReadOnce) {
  // From each space on the pattern reads to the end, in vain.
  SplitTable table = tableOf(R"(\s+$)");
  bool found = false;
  auto take = [&](Range) {
    found = true;
    return true;
  };
  StepBudget budget;
  uint64_t before = budget.remaining();
  std::string text(200'000, ' ');
  budget.grant(text.size());
  uint64_t granted = budget.remaining() - before;
  ASSERT_TRUE(SplitAutomaton(table).findAll(text + "x", budget, take));
  EXPECT_FALSE(found);
  EXPECT_GT(budget.remaining(), before + granted / 2);
}

TEST(SplitAutomaton, AQuadraticSearchEndsInAnError) {
  // Between two states the end is not remembered.
  SplitTable table = tableOf(R"((?:\s\s)+$)");
  StepBudget budget;
  std::string text(200'000, ' ');
  budget.grant(text.size());
  Status status = SplitAutomaton(table).findAll(text + "x", budget,
                                                [](Range) { return true; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::TokenizeLimit);
}
