#include "TestModels.h"
#include "runtime/tokenizer/TokenizerFormat.h"

#include <functional>
#include <random>

using namespace llmc;
using namespace llmc::tokenizer;

TEST(TokenizerFormat, BytesComeBackTheSame) {
  TokenizerModel m = smallModel();
  m.preTokenizer = {{PreTokenizerStep::Kind::Metaspace, SplitBehavior::Removed,
                     true, false, PrependScheme::First, "_"}};
  m.added[0].leftStrip = m.added[1].normalized = true;
  m.ignoreMerges = m.fuseUnk = true;
  m.endOfWordSuffix = "</w>";
  m.padId = 2;
  auto bytes = serialize(m);
  auto again = parse(bytes);
  ASSERT_TRUE(again) << again.error().render();
  EXPECT_EQ(serialize(*again), bytes);
  EXPECT_EQ(again->tokens, m.tokens);
  EXPECT_TRUE(again->added[0].leftStrip);
  EXPECT_EQ(again->preTokenizer[0].scheme, PrependScheme::First);
  EXPECT_FALSE(again->preTokenizer[0].split);
}

TEST(TokenizerFormat, EveryTruncationIsAnError) {
  auto bytes = serialize(smallModel());
  for (size_t n = 0; n < bytes.size(); ++n)
    ASSERT_FALSE(parse(std::span(bytes).first(n))) << n;
  bytes.push_back({});
  EXPECT_FALSE(parse(bytes));
}

TEST(TokenizerFormat, OtherVersionsAreNamed) {
  auto bytes = serialize(smallModel());
  bytes[4] = std::byte(99);
  auto m = parse(bytes);
  ASSERT_FALSE(m);
  EXPECT_EQ(m.error().code, Code::ArtifactVersion);
}

TEST(TokenizerFormat, DamageIsAnErrorOrATokenizerNeverACrash) {
  const auto bytes = serialize(smallModel());
  std::mt19937 random(1);
  for (int round = 0; round < 4000; ++round) {
    auto damaged = bytes;
    for (uint32_t i = 0, n = random() % 4 + 1; i < n; ++i) {
      size_t at = random() % 4 ? bytes.size() - 1 - random() % 300
                               : random() % bytes.size();
      damaged[at] = std::byte(random() % 3 ? random() : 0xFF);
    }
    auto t = Tokenizer::load(damaged);
    if (!t)
      continue;
    auto ids = t->encode("abc a\xF0\x9F\x98\x80</s>", {true, true});
    if (ids)
      (void)t->decode(*ids);
  }
}

TEST(CheckModel, RefusesContradictions) {
  using Change = std::function<void(TokenizerModel &)>;
  const std::pair<const char *, Change> changes[] = {
      {"no tokens", [](auto &m) { m = {}; }},
      {"token is not UTF-8", [](auto &m) { m.tokens[5] = "\xFF"; }},
      {"merge out of range", [](auto &m) { m.merges[0].left = 9999; }},
      {"merge negative", [](auto &m) { m.merges[0].result = -1; }},
      {"merge of nothing",
       [](auto &m) { m.tokens[size_t(m.merges[0].left)] = ""; }},
      {"merge spells another", [](auto &m) { m.merges[0].result = 5; }},
      {"added out of range", [](auto &m) { m.added[0].id = 9999; }},
      {"added twice", [](auto &m) { m.added[1].id = 0; }},
      {"unk out of range", [](auto &m) { m.unkId = 9999; }},
      {"bos out of range", [](auto &m) { m.bosId = -2; }},
      {"eos out of range", [](auto &m) { m.eosIds = {9999}; }},
      {"prefix out of range", [](auto &m) { m.prefixIds = {-1}; }},
      {"unknown kind",
       [](auto &m) { m.normalizer[0].kind = NormalizerStep::Kind(99); }},
      {"empty literal", [](auto &m) { m.normalizer[1].pattern = ""; }},
      {"long mark", [](auto &m) { m.decoder[3].pattern = "  "; }},
      {"empty replace", [](auto &m) { m.decoder[0].pattern = ""; }},
  };
  for (const auto &[name, change] : changes) {
    TokenizerModel m = smallModel();
    change(m);
    auto t = Tokenizer::create(std::move(m));
    ASSERT_FALSE(t) << name;
    EXPECT_EQ(t.error().code, Code::BadTokenizer) << name;
  }
  EXPECT_TRUE(checkModel(smallModel()));
}

TEST(CheckModel, RefusesDecodersThatCannotStream) {
  using D = DecoderStep::Kind;
  auto refused = [](std::vector<DecoderStep> decoder) {
    TokenizerModel m = smallModel();
    m.decoder = std::move(decoder);
    auto s = checkModel(m);
    return !s && s.error().code == Code::UnsupportedTokenizer;
  };
  EXPECT_TRUE(refused({{D::ByteMap, 0, "", ""}, {D::Fuse, 0, "", ""}}));
  EXPECT_TRUE(
      refused({{D::Fuse, 0, "", ""}, {D::ReplaceLiteral, 0, "a", "b"}}));
  EXPECT_TRUE(
      refused({{D::ByteFallback, 0, "", ""}, {D::StripLeft, 1, " ", ""}}));
  EXPECT_FALSE(refused({{D::ByteMap, 0, "", ""}}));
}

TEST(CheckModel, RefusesStepsThatBlowUpAText) {
  using N = NormalizerStep::Kind;
  TokenizerModel m = smallModel();
  m.normalizer = {{N::ReplaceLiteral, "a", "aaaaaaaa"},
                  {N::ReplaceRegex, "a", "aaaaaaaa"}};
  auto s = checkModel(m);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, Code::UnsupportedTokenizer);
  m = smallModel();
  m.decoder[0].content = std::string(200, 'x');
  EXPECT_FALSE(checkModel(m));
  m = smallModel();
  m.preTokenizer.resize(2);
  m.preTokenizer[0].kind = m.preTokenizer[1].kind =
      PreTokenizerStep::Kind::ByteMap;
  EXPECT_FALSE(checkModel(m));
}
