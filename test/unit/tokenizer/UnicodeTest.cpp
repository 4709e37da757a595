#include "runtime/tokenizer/Unicode.h"

#include <chrono>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <utility>

using namespace llmc::tokenizer;
using State = Utf8Head::State;

TEST(Utf8, EveryScalarValueComesBack) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000)
      continue;
    std::string text;
    appendUtf8(text, c);
    Utf8Head head = decodeOne(text);
    ASSERT_EQ(head.state, State::Valid);
    ASSERT_EQ(head.codePoint, c);
    ASSERT_EQ(head.length, text.size());
    for (size_t n = 1; n < text.size(); ++n)
      ASSERT_EQ(decodeOne(text.substr(0, n)).state, State::Incomplete);
  }
}

TEST(Utf8, IllFormedBytesAreReplacedBySubparts) {
  const std::string r(replacementUtf8);
  EXPECT_EQ(sanitizeUtf8("a\x80z"), "a" + r + "z");
  EXPECT_EQ(sanitizeUtf8("\xC0\xAF"), r + r);                 // overlong
  EXPECT_EQ(sanitizeUtf8("\xE0\x80\xAF"), r + r + r);         // overlong
  EXPECT_EQ(sanitizeUtf8("\xED\xA0\x80"), r + r + r);         // surrogate
  EXPECT_EQ(sanitizeUtf8("\xF4\x90\x80\x80"), r + r + r + r); // above U+10FFFF
  EXPECT_EQ(sanitizeUtf8("\xF0\x9F\x98x"), r + "x");          // cut short
  EXPECT_EQ(sanitizeUtf8("\xF0\x9F"), r);                     // cut off
  EXPECT_EQ(sanitizeUtf8("\xE4\xBD\xA0"), "\xE4\xBD\xA0");
  EXPECT_FALSE(isValidUtf8("\xC3"));
  EXPECT_TRUE(isValidUtf8(""));
}

TEST(Unicode, ClassesHoldWhatTheyShould) {
  for (char32_t c : {U' ', U'\n', U'\x85', U'\xA0', U'\x3000', U'\x2028'})
    EXPECT_TRUE(isSpace(c)) << uint32_t(c);
  for (char32_t c : {U'a', U'\x180E', U'\x200B', U'\xFEFF'})
    EXPECT_FALSE(isSpace(c)) << uint32_t(c);
  for (char32_t c : {U'7', U'\xBD', U'\x2167', U'\x661'})
    EXPECT_TRUE(isNumeric(c)) << uint32_t(c);
  EXPECT_FALSE(isNumeric(U'x'));
  for (char32_t c : {U'!', U'$', U'~', U'\x2014', U'\x3002'})
    EXPECT_TRUE(isPunctuation(c)) << uint32_t(c);
  EXPECT_FALSE(isPunctuation(U'\x20AC'));
  for (char32_t c : {U'a', U'_', U'9', U'\xE9', U'\x4E16', U'\x301', U'\x24B6'})
    EXPECT_TRUE(isWord(c)) << uint32_t(c);
  for (char32_t c : {U'-', U'\xBD', U' '})
    EXPECT_FALSE(isWord(c)) << uint32_t(c);
}

TEST(Unicode, NormalFormsComposeAndDecompose) {
  std::string composed = "\xC3\xA9", decomposed = "e\xCC\x81";
  EXPECT_EQ(normalize(decomposed, NormalForm::Nfc), composed);
  EXPECT_EQ(normalize(composed, NormalForm::Nfd), decomposed);
  EXPECT_EQ(normalize("\xEF\xAC\x81", NormalForm::Nfkc), "fi");
  EXPECT_EQ(normalize("\xEF\xAC\x81", NormalForm::Nfc), "\xEF\xAC\x81");
  // Hangul, and two marks in the wrong order.
  EXPECT_EQ(normalize("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", NormalForm::Nfc),
            "\xED\x95\x9C");
  EXPECT_EQ(normalize("a\xCC\x95\xCC\x80", NormalForm::Nfd),
            "a\xCC\x80\xCC\x95");
}

TEST(Unicode, LongRunsOfMarksAreNotQuadratic) {
  std::string marks = "a";
  for (int i = 0; i < 300000; ++i)
    marks += i % 2 ? "\xCC\x80" : "\xCC\x95"; // Classes 230 and 232.
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(normalize(marks, NormalForm::Nfd).size(), marks.size());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Unicode, MarksOfOneClassKeepTheirOrder) {
  // Classes 230, 232, 220, 230 and 1.
  const std::pair<int, std::string> marks[] = {{230, "\xCC\x80"},
                                               {232, "\xCC\x95"},
                                               {220, "\xCC\x96"},
                                               {230, "\xCC\x8A"},
                                               {1, "\xCC\xB4"}};
  for (size_t count : {10u, 300u, 5000u}) {
    std::string text = "x";
    std::map<int, std::string> sorted;
    for (size_t i = 0; i < count; ++i) {
      const auto &[kind, mark] = marks[i * i % 7 % 5];
      text += mark;
      sorted[kind] += mark;
    }
    std::string expected = "x";
    for (const auto &[kind, run] : sorted)
      expected += run;
    EXPECT_EQ(normalize(text, NormalForm::Nfd), expected);
  }
}

TEST(Unicode, LowercaseMapsOneCharacterToTwoWhereItMust) {
  EXPECT_EQ(lowercase("A\xC3\x89\xCE\xA3z"), "a\xC3\xA9\xCF\x83z");
  EXPECT_EQ(lowercase("\xC4\xB0"), "i\xCC\x87");
}

TEST(Unicode, ByteAlphabetIsABijection) {
  std::set<char32_t> letters;
  for (int b = 0; b < 256; ++b) {
    char32_t letter = byteToLetter(uint8_t(b));
    letters.insert(letter);
    EXPECT_EQ(letterToByte(letter), b);
  }
  EXPECT_EQ(letters.size(), 256u);
  EXPECT_EQ(byteToLetter(' '), U'\x120');
  EXPECT_EQ(letterToByte(U' '), -1);
  EXPECT_EQ(letterToByte(U'\x10FFFF'), -1);
}
