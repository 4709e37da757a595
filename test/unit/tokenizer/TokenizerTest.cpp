#include "TestModels.h"
#include "frontends/tokenizer/TokenizerReader.h"

using namespace llmc;
using namespace llmc::tokenizer;
using Ids = std::vector<int32_t>;

namespace {
/// smallModel() with one more added token.
Tokenizer withAdded(const std::string &text, AddedToken token) {
  TokenizerModel m = smallModel();
  token.id = int32_t(m.tokens.size());
  m.tokens.push_back(text);
  m.added.push_back(token);
  return make(std::move(m));
}
constexpr int32_t addedId = 266, mark = 259, a = 260, b = 261, markA = 264;
const EncodeOptions bare{false, false};
} // namespace

TEST(Tokenizer, TextNeverGivesASpecialTokenUnlessAsked) {
  Tokenizer t = make(smallModel());
  Ids plain = *t.encode("</s>a<s>");
  EXPECT_EQ(std::count(plain.begin(), plain.end(), 1), 1); // The template's.
  EXPECT_EQ(std::count(plain.begin(), plain.end(), 2), 0);
  EXPECT_EQ(*t.encode("</s>a<s>", {true, true}), (Ids{1, 2, markA, 1}));
  EXPECT_EQ(*t.encode("a", bare), (Ids{markA}));
}

TEST(Tokenizer, AddedTokensThatAreNotSpecialAlwaysMatch) {
  Tokenizer t = withAdded("bb", {});
  EXPECT_EQ(*t.encode("abba", bare), (Ids{markA, addedId, markA}));
}

TEST(Tokenizer, TheLongestAddedTokenMatches) {
  TokenizerModel m = smallModel();
  for (const char *text : {"bb", "bbb"}) {
    m.added.push_back(
        {int32_t(m.tokens.size()), false, false, false, false, false, false});
    m.tokens.push_back(text);
  }
  Tokenizer t = make(std::move(m));
  EXPECT_EQ(*t.encode("bbbbb", bare), (Ids{267, 266}));
}

TEST(Tokenizer, StripFlagsTakeTheWhiteSpaceAround) {
  AddedToken left{}, right{};
  left.leftStrip = right.rightStrip = true;
  EXPECT_EQ(*withAdded("<t>", left).encode("a \n<t> a", bare),
            (Ids{markA, addedId, mark, markA}));
  EXPECT_EQ(*withAdded("<t>", right).encode("a <t> \na", bare),
            (Ids{markA, mark, addedId, markA}));
  EXPECT_EQ(*withAdded("<t>", left).encode("<t> <t>", bare),
            (Ids{addedId, addedId}));
}

TEST(Tokenizer, SingleWordTokensDoNotMatchWithinWords) {
  AddedToken whole{};
  whole.singleWord = true;
  Tokenizer t = withAdded("bb", whole);
  EXPECT_EQ(*t.encode("bb", bare), (Ids{addedId}));
  EXPECT_EQ(*t.encode("a bb", bare), (Ids{markA, mark, addedId}));
  EXPECT_EQ(*t.encode("abb", bare), (Ids{mark, 263, b}));
}

TEST(Tokenizer, NormalizedTokensAreFoundInNormalizedText) {
  AddedToken token{};
  token.normalized = true;
  TokenizerModel m = smallModel();
  m.normalizer = {{NormalizerStep::Kind::Lowercase, "", ""}};
  token.id = int32_t(m.tokens.size());
  m.tokens.push_back("Bb");
  m.added.push_back(token);
  EXPECT_EQ(*make(m).encode("aBBa", bare), (Ids{a, addedId, a}));
}

TEST(Tokenizer, EmptyTextGivesTheTemplateOnly) {
  Tokenizer t = make(smallModel());
  EXPECT_EQ(*t.encode(""), (Ids{1}));
  EXPECT_EQ(*t.encode("", bare), Ids{});
  EXPECT_EQ(t.decode({}), "");
}

TEST(Tokenizer, BytesThatAreNotUtf8CountAsReplacementCharacters) {
  Tokenizer t = make(smallModel());
  EXPECT_EQ(*t.encode("a\xFF"), *t.encode("a\xEF\xBF\xBD"));
}

TEST(Tokenizer, AnswersWhatInspectAsks) {
  Tokenizer t = make(smallModel());
  EXPECT_EQ(t.vocabSize(), 266);
  EXPECT_TRUE(t.isSpecial(2));
  EXPECT_FALSE(t.isSpecial(a));
  EXPECT_FALSE(t.isSpecial(-1));
  EXPECT_FALSE(t.isSpecial(266));
  EXPECT_EQ(t.tokenText(markA), "\xE2\x96\x81"
                                "a");
  EXPECT_EQ(t.tokenText(266), "");
  EXPECT_EQ(t.findToken("</s>"), 2);
  EXPECT_EQ(t.findToken("ab"), 263);
  EXPECT_EQ(t.findToken("nope"), -1);
  EXPECT_EQ(t.bosId(), 1);
  EXPECT_TRUE(t.isEos(2));
  EXPECT_FALSE(t.isEos(1));
}

TEST(Tokenizer, LongTextsHaveTheIdsOfTheirParts) {
  // Words that a long text has again are remembered, each at its own step.
  TokenizerModel m;
  m.tokens = {"?", "a", "b", "ab", "1", "11", "-a"};
  m.kind = ModelKind::WordLevel;
  m.unkId = 0;
  PreTokenizerStep spaces{}, letters{};
  spaces.kind = PreTokenizerStep::Kind::SplitSpace;
  spaces.behavior = SplitBehavior::Removed;
  letters.kind = PreTokenizerStep::Kind::SplitLiteral;
  letters.pattern = "a";
  letters.behavior = SplitBehavior::MergedWithPrevious;
  m.preTokenizer = {spaces, letters};
  Tokenizer t = make(m);
  const std::string unit = "ab -ab 11 ab 1 -a- 11111111111111111111 b ";
  std::vector<int32_t> once = *t.encode(unit), many;
  std::string text;
  for (int i = 0; i < 500; ++i) {
    text += unit;
    many.insert(many.end(), once.begin(), once.end());
  }
  EXPECT_EQ(once, (std::vector<int32_t>{1, 2, 6, 2, 5, 1, 2, 4, 6, 0, 0, 2}));
  EXPECT_EQ(*t.encode(text), many);
}
