#include "runtime/sampling/StopMatcher.h"

#include <gtest/gtest.h>
#include <random>

using namespace llmc::sampling;
using Stops = std::vector<std::string>;

TEST(StopMatcher, WithoutStopsAllTextPasses) {
  StopMatcher m({});
  EXPECT_EQ(m.push("abc"), "abc");
  EXPECT_EQ(m.flush(), "");
  EXPECT_FALSE(m.stopped());
}

TEST(StopMatcher, EmptyStopsAreIgnored) {
  StopMatcher m({""});
  EXPECT_EQ(m.push("abc"), "abc");
}

TEST(StopMatcher, CutsTheTextBeforeTheStop) {
  StopMatcher m({"\nUser:"});
  EXPECT_EQ(m.push("Hello\nUser: hi"), "Hello");
  EXPECT_TRUE(m.stopped());
  EXPECT_EQ(m.matchedStop(), 0);
  EXPECT_EQ(m.textLength(), 5u);
  EXPECT_EQ(m.push("more"), "");
  EXPECT_EQ(m.flush(), "");
}

TEST(StopMatcher, HoldsBackWhatMayBecomeAStop) {
  StopMatcher m({"STOP"});
  EXPECT_EQ(m.push("xST"), "x");
  EXPECT_EQ(m.push("A"), "STA");
  EXPECT_EQ(m.push("STO"), "");
  EXPECT_EQ(m.push("STOP"), "STO");
  EXPECT_TRUE(m.stopped());
  EXPECT_EQ(m.textLength(), 7u);
}

TEST(StopMatcher, FlushGivesWhatWasHeldBack) {
  StopMatcher m({"STOP"});
  EXPECT_EQ(m.push("xSTO"), "x");
  EXPECT_EQ(m.flush(), "STO");
  EXPECT_FALSE(m.stopped());
  EXPECT_EQ(m.textLength(), 4u);
}

TEST(StopMatcher, FindsAStopThatOverlapsAFailedOne) {
  StopMatcher m({"aab"});
  EXPECT_EQ(m.push("aaab"), "a");
  EXPECT_TRUE(m.stopped());
  StopMatcher n({"abcd", "bc"});
  EXPECT_EQ(n.push("xabc"), "xa");
  EXPECT_EQ(n.matchedStop(), 1);
}

TEST(StopMatcher, OfStopsThatEndTogetherTheLongestCounts) {
  StopMatcher m({"b", "ab"});
  EXPECT_EQ(m.push("xab"), "x");
  EXPECT_EQ(m.matchedStop(), 1);
}

TEST(StopMatcher, ResetForgetsTheText) {
  StopMatcher m({"ab"});
  (void)m.push("xab");
  m.reset();
  EXPECT_FALSE(m.stopped());
  EXPECT_EQ(m.push("ya"), "y");
  EXPECT_EQ(m.flush(), "a");
}

TEST(StopMatcher, PartsDoNotChangeWhatIsFound) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    auto word = [&](size_t most) {
      std::string s(random() % most + 1, 'a');
      for (char &c : s)
        c = char('a' + random() % 2);
      return s;
    };
    Stops stops = {word(5), word(5)};
    std::string text = word(24);
    // The plain way: the first end of a stop, then the longest ending there.
    std::string expected = text;
    int found = -1;
    for (size_t end = 1; end <= text.size() && found < 0; ++end)
      for (int s = 0; s < 2; ++s)
        if (std::string_view(text).substr(0, end).ends_with(stops[size_t(s)]) &&
            (found < 0 ||
             stops[size_t(s)].size() > stops[size_t(found)].size())) {
          found = s;
          expected = text.substr(0, end - stops[size_t(s)].size());
        }
    StopMatcher m(stops);
    std::string got;
    for (size_t at = 0; at < text.size();) {
      size_t n = random() % 4;
      got += m.push(std::string_view(text).substr(at, n));
      at += std::min(n, text.size() - at);
    }
    got += m.flush();
    EXPECT_EQ(got, expected) << stops[0] << ' ' << stops[1] << ' ' << text;
    EXPECT_EQ(m.matchedStop(), found);
  }
}
