#include "runtime/verbs/LineBuffer.h"

#include <gtest/gtest.h>

using namespace llmc;

namespace {

LineBuffer bufferOf(std::string_view bytes) {
  KeyReader keys;
  LineBuffer buffer;
  for (char byte : bytes) {
    Key key = keys.push(byte);
    if (key == Key::Enter)
      buffer.take();
    else
      buffer.apply(key, keys.text());
  }
  return buffer;
}

/// Types \p bytes; the line, with `|` where the cursor is.
std::string typed(std::string_view bytes) {
  LineBuffer buffer = bufferOf(bytes);
  std::string line = buffer.line();
  return line.insert(buffer.cursor(), "|");
}

/// Types \p bytes; a row of \p columns, with `|` where the cursor is.
std::string shown(std::string_view bytes, size_t columns) {
  LineRow row = bufferOf(bytes).row(columns);
  return row.left + "|" + row.right;
}

} // namespace

TEST(LineBuffer, InsertsAndDeletesWholeCharacters) {
  EXPECT_EQ(typed("a\xc3\xa9\xe6\x97\xa5"), "a\xc3\xa9\xe6\x97\xa5|");
  EXPECT_EQ(typed("a\xc3\xa9\xe6\x97\xa5\x7f\x7f"), "a|");
  EXPECT_EQ(typed("a\xc3\xa9\x1b[D\x1b[D\x1b[3~"), "|\xc3\xa9");
  EXPECT_EQ(typed("\x7f\x1b[D\x1b[C\x1b[3~"), "|");
}

TEST(LineBuffer, MovesByKeys) {
  EXPECT_EQ(typed("ab cd\x01x"), "x|ab cd");
  EXPECT_EQ(typed("ab cd\x01\x05x"), "ab cdx|");
  EXPECT_EQ(typed("ab cd\x1b[1;5D"), "ab |cd");
  EXPECT_EQ(typed("ab cd\x1b[H\x1b[1;5C"), "ab| cd");
}

TEST(LineBuffer, KillsAndYanks) {
  EXPECT_EQ(typed("ab cd\x17"), "ab |");
  EXPECT_EQ(typed("ab cd\x17\x19\x19"), "ab cdcd|");
  EXPECT_EQ(typed("ab cd\x02\x02\x0b"), "ab |");
  EXPECT_EQ(typed("ab cd\x02\x02\x15"), "|cd");
}

TEST(LineBuffer, RecallsEarlierLines) {
  EXPECT_EQ(typed("one\rtwo\r\x1b[A"), "two|");
  EXPECT_EQ(typed("one\rtwo\r\x1b[A\x1b[A\x1b[A"), "one|");
  EXPECT_EQ(typed("one\rtwo\rnow\x1b[A\x1b[B"), "now|");
}

TEST(LineBuffer, TakesAPasteAsOneText) {
  EXPECT_EQ(typed("a\x1b[200~b\rc\nd\x1b[201~e"), "ab\nc\nde|");
}

TEST(LineBuffer, IgnoresKeysThatMeanNothing) {
  EXPECT_EQ(typed("a\x1b[99~\x1b[1;9Z\x1bq\x07"
                  "b"),
            "ab|");
  EXPECT_EQ(typed("\xff"), "\xEF\xBF\xBD|");
}

TEST(LineBuffer, ShowsControlsAsSigns) {
  EXPECT_EQ(displayed("a\nb\x1b"), "a\xE2\x86\xB5"
                                   "b ");
  EXPECT_EQ(displayWidth("a\xe6\x97\xa5"), 3u);
}

TEST(LineRow, IsTheWholeLineWhereItFits) {
  EXPECT_EQ(shown("caf\xc3\xa9\x1b[D", 10), "caf|\xc3\xa9");
  EXPECT_EQ(shown("\xe6\xa8\xa1\xe5\x9e\x8b\x01", 10), "|\xe6\xa8\xa1\xe5\x9e\x8b");
  EXPECT_EQ(shown("a\x1b[200~\r\x1b[201~b", 4), "a\xE2\x86\xB5"
                                             "b|");
}

TEST(LineRow, IsCutBetweenCharacters) {
  EXPECT_EQ(shown("abcdef", 4), "def|");
  EXPECT_EQ(shown("abcdef\x01", 4), "|abcd");
  EXPECT_EQ(shown("abcdef\x1b[D\x1b[D", 4), "bcd|e");
  EXPECT_EQ(shown("\xc3\xa9\xc3\xa9\xc3\xa9\x01", 2), "|\xc3\xa9\xc3\xa9");
  // Two columns each.
  EXPECT_EQ(shown("\xe6\xa8\xa1\xe5\x9e\x8b\x01", 3), "|\xe6\xa8\xa1");
  EXPECT_EQ(shown("\xe6\xa8\xa1\xe5\x9e\x8b", 3), "\xe5\x9e\x8b|");
  EXPECT_EQ(shown("\xe6\xa8\xa1\xe5\x9e\x8b", 2), "|");
}
