#include "TestModels.h"
#include "runtime/tokenizer/Unicode.h"

#include <random>

using namespace llmc;
using namespace llmc::tokenizer;
using Ids = std::vector<int32_t>;

namespace {
// Ids of smallModel().
constexpr int32_t mark = 259, a = 260, b = 261, markA = 264;
constexpr int32_t byteToken(int byte) { return 3 + byte; }
const std::string bad(replacementUtf8);

std::string stream(const Tokenizer &t, const Ids &ids,
                   DecodeOptions options = {}) {
  StreamDecoder decoder(t, {}, options);
  std::string text;
  for (int32_t id : ids) {
    std::string part = decoder.push(id);
    EXPECT_TRUE(isValidUtf8(part));
    text += part;
  }
  return text + decoder.flush();
}

Tokenizer byteLevel() {
  TokenizerModel m;
  for (int i = 0; i < 256; ++i) {
    std::string letter;
    appendUtf8(letter, byteToLetter(uint8_t(i)));
    m.tokens.push_back(letter);
  }
  m.tokens.push_back("\xE4\xB8\x96"); // Not of the alphabet: for itself.
  m.decoder = {{DecoderStep::Kind::ByteMap, 0, "", ""}};
  return make(std::move(m));
}
} // namespace

TEST(StreamDecoder, HoldsBackBytesUntilTheCharacterIsWhole) {
  Tokenizer t = make(smallModel());
  StreamDecoder d(t);
  EXPECT_EQ(d.push(a), "a");
  EXPECT_EQ(d.push(byteToken(0xF0)), "");
  EXPECT_EQ(d.push(byteToken(0x9F)), "");
  EXPECT_EQ(d.push(byteToken(0x99)), "");
  EXPECT_EQ(d.push(byteToken(0x82)), "\xF0\x9F\x99\x82");
  EXPECT_EQ(d.flush(), "");
}

TEST(StreamDecoder, FlushReplacesWhatStaysIncomplete) {
  Tokenizer t = make(smallModel());
  StreamDecoder d(t);
  (void)d.push(byteToken(0xE4));
  (void)d.push(byteToken(0xB8));
  EXPECT_EQ(d.flush(), bad + bad); // One for each byte token.
  Tokenizer bytes = byteLevel();
  StreamDecoder e(bytes);
  (void)e.push(0xE4);
  (void)e.push(0xB8);
  EXPECT_EQ(e.flush(), bad); // One for the ill-formed part.
}

TEST(StreamDecoder, ATokenBehindAnIncompleteCharacterReplacesIt) {
  Tokenizer t = make(smallModel());
  StreamDecoder d(t);
  (void)d.push(byteToken(0xE4));
  EXPECT_EQ(d.push(a), bad + "a");
}

TEST(StreamDecoder, OnlyTheBeginningOfATextLosesItsSpace) {
  Tokenizer t = make(smallModel());
  EXPECT_EQ(stream(t, {markA, markA}), "a a");
  EXPECT_EQ(stream(t, {mark, mark, a}), " a");
  // Special tokens give no text and leave the beginning where it is.
  EXPECT_EQ(stream(t, {1, markA, markA}), "a a");
  EXPECT_EQ(stream(t, {1, markA}, {false}), "<s> a");
}

TEST(StreamDecoder, BehindAPromptTheSpaceStays) {
  Tokenizer t = make(smallModel());
  StreamDecoder behind(t, Ids{1, markA});
  EXPECT_EQ(behind.push(markA), " a");
  StreamDecoder onlyBos(t, Ids{1});
  EXPECT_EQ(onlyBos.push(markA), "a");
  StreamDecoder halfCharacter(t, Ids{1, byteToken(0xC3)});
  EXPECT_EQ(halfCharacter.push(byteToken(0xA9)), "\xC3\xA9");
}

TEST(StreamDecoder, IdsThatAreNoTokenGiveNothing) {
  Tokenizer t = make(smallModel());
  EXPECT_EQ(stream(t, {a, -1, 100000, b}), "ab");
}

TEST(StreamDecoder, ByteLevelTokensOutsideTheAlphabetStandForThemselves) {
  Tokenizer t = byteLevel();
  EXPECT_EQ(stream(t, {'a', 256, ' '}), "a\xE4\xB8\x96 ");
  EXPECT_EQ(stream(t, {0xE4, 0xB8, 'x', 0x96}), bad + "x" + bad);
}

TEST(StreamDecoder, AByteRunThatIsNotUtf8IsReplacedWholeOnlyByDecode) {
  Tokenizer t = make(smallModel());
  Ids ids = {byteToken('x'), byteToken(0xC3), byteToken('y'), a};
  EXPECT_EQ(t.decode(ids), bad + bad + bad + "a");
  EXPECT_EQ(stream(t, ids), "x" + bad + "ya");
}

TEST(StreamDecoder, MetaspaceDropsMarksOfTheFirstToken) {
  TokenizerModel m = smallModel();
  m.decoder = {{DecoderStep::Kind::Metaspace, 1, "\xE2\x96\x81", ""}};
  EXPECT_EQ(stream(make(m), {1, markA, markA}), "a a");
  m.decoder[0].count = 0;
  EXPECT_EQ(stream(make(m), {markA, markA}), " a a");
}

TEST(StreamDecoder, WithoutADecoderTokensAreJoinedBySpaces) {
  TokenizerModel m = smallModel();
  m.decoder = {{DecoderStep::Kind::JoinSpace, 0, "", ""}};
  EXPECT_EQ(stream(make(m), {1, a, b}), "a b");
}

TEST(StreamDecoder, StreamAndDecodeAgreeOnAllTextThatWasEncoded) {
  Tokenizer t = make(smallModel());
  std::mt19937 random(6);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (uint32_t i = 0, n = random() % 12; i < n; ++i)
      appendUtf8(text, std::u32string_view(
                           U"abc \x2581\xE9\x4E16\x1F642")[random() % 8]);
    Ids ids = *t.encode(text);
    EXPECT_EQ(stream(t, ids), t.decode(ids)) << text;
    std::string expected = text;
    for (size_t at; (at = expected.find("\xE2\x96\x81")) != expected.npos;)
      expected.replace(at, 3, " ");
    EXPECT_EQ(t.decode(ids), expected);
  }
}

TEST(Tokenizer, TokenBytesAreThoseInsideAText) {
  Tokenizer t = make(smallModel());
  EXPECT_EQ(t.tokenBytes(markA), " a");
  EXPECT_EQ(t.tokenBytes(byteToken(0xC3)), "\xC3");
  EXPECT_EQ(t.tokenBytes(-1), "");
  EXPECT_EQ(byteLevel().tokenBytes(0xC3), "\xC3");
}
