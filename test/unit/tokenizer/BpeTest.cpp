#include "TestModels.h"
#include "runtime/tokenizer/BpeModel.h"

#include <chrono>
#include <random>

using namespace llmc;
using namespace llmc::tokenizer;
using Ids = std::vector<int32_t>;

namespace {
/// Letters a to d and random merges of what there is.
TokenizerModel randomModel(std::mt19937 &random) {
  TokenizerModel m;
  for (const char *letter : {"a", "b", "c", "d"})
    m.tokens.push_back(letter);
  for (int i = 0; i < 30; ++i) {
    auto left = int32_t(random() % m.tokens.size());
    auto right = int32_t(random() % m.tokens.size());
    std::string text = m.tokens[size_t(left)] + m.tokens[size_t(right)];
    auto known = std::find(m.tokens.begin(), m.tokens.end(), text);
    auto result = int32_t(known - m.tokens.begin());
    if (known == m.tokens.end())
      m.tokens.push_back(text);
    m.merges.push_back({left, right, result});
  }
  std::shuffle(m.merges.begin(), m.merges.end(), random);
  return m;
}

/// The definition: the first merge of lowest rank, again and again.
Ids reference(const TokenizerModel &m, const std::string &text) {
  Ids ids;
  for (char c : text)
    ids.push_back(c - 'a');
  for (;;) {
    size_t bestRank = SIZE_MAX, at = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i)
      for (size_t r = m.merges.size(); r-- > 0;)
        if (m.merges[r].left == ids[i] && m.merges[r].right == ids[i + 1]) {
          if (r < bestRank) {
            bestRank = r;
            at = i;
          }
          break;
        }
    if (bestRank == SIZE_MAX)
      return ids;
    ids[at] = m.merges[bestRank].result;
    ids.erase(ids.begin() + ptrdiff_t(at) + 1);
  }
}

double secondsFor(const Tokenizer &t, const std::string &text, size_t &count) {
  auto start = std::chrono::steady_clock::now();
  auto ids = t.encode(text);
  EXPECT_TRUE(ids);
  count = ids ? ids->size() : 0;
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}
} // namespace

TEST(BpeModel, EveryWayGivesWhatTheDefinitionGives) {
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    TokenizerModel m = randomModel(random);
    BpeModel inPlace(m), window(m), windows(m);
    window.shortThreshold = windows.shortThreshold = 0;
    windows.windowSymbols = 6;
    windows.windowMargin = 2;
    for (int i = 0; i < 5; ++i) {
      std::string text(random() % 60, 'a');
      for (char &c : text)
        c = char('a' + random() % (round % 2 ? 4 : 2));
      Ids a, b, c;
      inPlace.encode(text, a);
      window.encode(text, b);
      windows.encode(text, c);
      ASSERT_EQ(a, reference(m, text)) << text;
      ASSERT_EQ(b, a) << text;
      ASSERT_EQ(c, a) << text;
    }
  }
}

TEST(BpeModel, WindowsAgreeWithTheWhole) {
  std::mt19937 random(4);
  for (int round = 0; round < 8; ++round) {
    TokenizerModel m = randomModel(random);
    BpeModel whole(m), windows(m), tight(m);
    whole.windowSymbols = SIZE_MAX;
    tight.windowSymbols = 70;
    tight.windowMargin = 3;
    std::string text(20000, 'a');
    for (size_t i = 0; i < text.size(); ++i)
      text[i] = round < 4 ? char('a' + random() % (2 + size_t(round) % 2))
                          : "aaabaac"[i % (2 + size_t(round) % 5)];
    Ids a, b, c;
    whole.encode(text, a);
    windows.encode(text, b);
    tight.encode(text, c);
    EXPECT_EQ(a, b);
    EXPECT_EQ(a, c);
  }
}

TEST(BpeModel, ATextThatIsDecidedAtItsEndIsMergedAsAWhole) {
  // The c takes the letters before it one by one, before they pair up: windows
  // that have not seen it are wrong about hundreds of them.
  TokenizerModel m;
  m.tokens = {"a", "b", "c"};
  for (int i = 1; i <= 400; ++i)
    m.tokens.push_back(std::string(size_t(i), 'a') + "c");
  m.tokens.push_back("aa");
  auto pair = int32_t(m.tokens.size() - 1);
  m.merges.push_back({0, 2, 3});
  for (int32_t i = 0; i < 399; ++i)
    m.merges.push_back({0, 3 + i, 4 + i});
  m.merges.push_back({0, 0, pair});
  BpeModel whole(m), windows(m);
  whole.windowSymbols = SIZE_MAX;
  windows.windowSymbols = 128;
  windows.windowMargin = 16;
  std::string text = std::string(1001, 'a') + "c" + std::string(501, 'a');
  Ids a, b;
  whole.encode(text, a);
  windows.encode(text, b);
  EXPECT_EQ(a, b);
  EXPECT_EQ(a[299], pair);
  EXPECT_EQ(a[300], 0);
}

TEST(BpeModel, AMillionEqualCharactersTakeNoTime) {
  Tokenizer t = make(smallModel());
  size_t count = 0;
  // Generous: it takes a tenth of a second.
  EXPECT_LT(secondsFor(t, std::string(1'000'000, 'a'), count), 10);
  EXPECT_EQ(count, 1'000'001u);
}

TEST(BpeModel, UnknownCharactersBecomeBytes) {
  Tokenizer t = make(smallModel());
  // <s> ▁ é = C3 A9
  EXPECT_EQ(*t.encode("\xC3\xA9"), (Ids{1, 259, 3 + 0xC3, 3 + 0xA9}));
}

TEST(BpeModel, UnknownCharactersWithoutBytesFuseOrVanish) {
  TokenizerModel m = smallModel();
  m.byteFallback = false;
  EXPECT_EQ(*make(m).encode("xyaz"), (Ids{1, 259, 0, 0, 260, 0}));
  m.fuseUnk = true;
  EXPECT_EQ(*make(m).encode("xyaz"), (Ids{1, 259, 0, 260, 0}));
  m.unkId = -1;
  EXPECT_EQ(*make(m).encode("xyaz"), (Ids{1, 264}));
}

TEST(BpeModel, IgnoreMergesTakesAPieceThatIsAToken) {
  TokenizerModel m = smallModel();
  m.normalizer.clear();
  m.merges.clear();
  EXPECT_EQ(*make(m).encode("abc"), (Ids{1, 260, 261, 262}));
  m.ignoreMerges = true;
  EXPECT_EQ(*make(m).encode("abc"), (Ids{1, 265}));
}
