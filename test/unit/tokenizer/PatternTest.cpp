#include "runtime/tokenizer/Pattern.h"
#include "frontends/tokenizer/TranslatePattern.h"

#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::tokenizer;

namespace {
/// The matches of \p pattern (in Oniguruma's spelling) in \p text.
std::vector<std::string> matches(std::string_view pattern,
                                 std::string_view text) {
  auto translated = translatePattern(pattern);
  EXPECT_TRUE(translated) << pattern;
  auto compiled = Pattern::create(*translated);
  EXPECT_TRUE(compiled) << *translated;
  auto ranges = compiled->findAll(text);
  EXPECT_TRUE(ranges);
  std::vector<std::string> out;
  for (Range r : *ranges)
    out.emplace_back(text.substr(r.begin, r.end - r.begin));
  return out;
}

using List = std::vector<std::string>;
} // namespace

TEST(Pattern, FindsAllFromLeftToRight) {
  EXPECT_EQ(matches("a+", "xaayaz"), (List{"aa", "a"}));
  EXPECT_EQ(matches(R"( ?\p{L}+|\s+(?!\S)|\s+)", "ab  cd "),
            (List{"ab", " ", " cd", " "}));
}

TEST(Pattern, AnEmptyMatchIsNoneRightBehindAnother) {
  EXPECT_EQ(matches("a*", "ab"), (List{"a", ""}));
  EXPECT_EQ(matches("(?=[A-Z])", "aBC"), (List{"", ""}));
  EXPECT_EQ(matches("x*", ""), (List{""}));
}

TEST(Pattern, RefusesWhatPcreDoesNotTake) {
  for (const char *bad : {"", "(", "[z-a]", "\\C", "(?<=a+)"}) {
    auto p = Pattern::create(bad);
    ASSERT_FALSE(p) << bad;
    EXPECT_EQ(p.error().code, Code::UnsupportedTokenizer);
  }
  EXPECT_FALSE(Pattern::create(std::string(100000, 'a')));
}

TEST(Pattern, ASearchWithoutEndIsAnError) {
  auto p = Pattern::create("(a+)+$");
  ASSERT_TRUE(p);
  auto found = p->findAll(std::string(5000, 'a') + "b");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::TokenizeLimit);
}

TEST(Pattern, TheLimitIsForAllMatchesTogether) {
  // Each place to begin at takes few steps, but there are many.
  for (const char *pattern : {R"(\s+$)", R"(\s+[xz])"}) {
    auto p = Pattern::create(pattern);
    ASSERT_TRUE(p);
    auto found = p->findAll(std::string(100'000, ' ') + "y");
    ASSERT_FALSE(found) << pattern;
    EXPECT_EQ(found.error().code, Code::TokenizeLimit);
  }
}

TEST(Pattern, LongRunsStayWithinTheLimits) {
  const char *llama3 =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  for (char c : {' ', 'a', '\n', '!'}) {
    std::string run(2'000'000, c);
    EXPECT_EQ(matches(llama3, run).size(), 1u) << c;
  }
  EXPECT_EQ(matches(llama3, std::string(300'000, ' ') + "x").size(), 2u);
  EXPECT_EQ(matches(llama3, std::string(300'000, '1')).size(), 100'000u);
}

TEST(TranslatePattern, KeepsOnigurumasMeaning) {
  // White space is White_Space; U+180E is not.
  EXPECT_EQ(matches(R"(\s)", "\xE1\xA0\x8E\xC2\x85\xE3\x80\x80"),
            (List{"\xC2\x85", "\xE3\x80\x80"}));
  EXPECT_EQ(matches(R"([^\S\n]+)", " \t\n "), (List{" \t", " "}));
  // Marks are word characters; \h is a hexadecimal digit.
  EXPECT_EQ(matches(R"(\w+)", "e\xCC\x81-x"), (List{"e\xCC\x81", "x"}));
  EXPECT_EQ(matches(R"(\W)", "e\xCC\x81-x"), (List{"-"}));
  EXPECT_EQ(matches(R"(\h+)", "xfg 9"), (List{"f", "9"}));
  EXPECT_EQ(matches(R"([\h-]+)", "f-g"), (List{"f-"}));
  EXPECT_EQ(matches(R"(\bb)", "ab b"), (List{"b"}));
  // Lines.
  EXPECT_EQ(matches("^.", "ab\ncd"), (List{"a", "c"}));
  EXPECT_EQ(matches("(?m:a.)", "a\n"), (List{"a\n"}));
  // {n,m}+ repeats and is not possessive.
  EXPECT_EQ(matches(R"(\d{1,3}+)", "12345"), (List{"12345"}));
  EXPECT_EQ(matches("(ab){1,2}+c", "abababc"), (List{"abababc"}));
  EXPECT_EQ(matches("a{,2}b", "aaab"), (List{"aab"}));
  EXPECT_EQ(matches("a{x", "a{x"), (List{"a{x"}));
  // Classes within classes, named classes, escapes.
  EXPECT_EQ(matches("[a[bc]]+", "abcd"), (List{"abc"}));
  EXPECT_EQ(matches("[[:punct:]]", "a$"), (List{"$"}));
  EXPECT_EQ(matches(R"(\x{e9}|\u00fc|\x41)", "A\xC3\xA9\xC3\xBC"),
            (List{"A", "\xC3\xA9", "\xC3\xBC"}));
}

TEST(TranslatePattern, RefusesWhatItDoesNotKnow) {
  for (const char *bad : {R"(\Q)", R"(\g<1>)", R"(\k<a>)", "[a&&b]", "[a[^b]]",
                          R"([\W])", "a(?i)b", "(?s:a)", "(?(1)a)", "[[:foo:]]",
                          R"(\xe9)", R"(\pL)", "[a", "\\", "a{2}?"}) {
    auto p = translatePattern(bad);
    ASSERT_FALSE(p) << bad << " gave " << *p;
    EXPECT_EQ(p.error().code, Code::UnsupportedTokenizer);
    EXPECT_NE(p.error().fix.find("tokenizer.json"), std::string::npos);
  }
}
