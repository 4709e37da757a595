#include "runtime/tokenizer/CharacterSteps.h"
#include "runtime/tokenizer/Unicode.h"

#include <gtest/gtest.h>
#include <random>
#include <vector>

using namespace llmc::tokenizer;
using Kind = NormalizerStep::Kind;
using Steps = std::vector<NormalizerStep>;

namespace {
/// What vanishes, combines, decomposes, grows, and what does none of it.
const char32_t characters[] = {
    'a',    'A',    ' ',    0x1,    0x300,   0x301,   0x323,  0x344,  0xC5,
    0xE9,   0x130,  0x915,  0x93C,  0x93F,   0x958,   0x1100, 0x1161, 0x11A8,
    0xAC00, 0xAC01, 0x1E9B, 0x212B, 0x3099,  0x304B,  0x3316, 0x4E2D, 0xFB2C,
    0xFDFA, 0xFF76, 0xFF9E, 0xFFFD, 0x1D15E, 0x1D165, 0x1F600};

const std::pair<Kind, NormalForm> forms[] = {{Kind::Nfc, NormalForm::Nfc},
                                             {Kind::Nfd, NormalForm::Nfd},
                                             {Kind::Nfkc, NormalForm::Nfkc},
                                             {Kind::Nfkd, NormalForm::Nfkd}};

NormalizerStep step(Kind kind) { return {kind, "", ""}; }

/// The same with every step on all of the text. Short texts go that way.
std::string whole(const Steps &steps, std::string text) {
  for (const NormalizerStep &s : steps) {
    std::string out;
    for (auto [kind, form] : forms)
      if (s.kind == kind)
        out = normalize(text, form);
    if (s.kind > Kind::Nfkd || s.kind < Kind::Nfc)
      while (!text.empty()) {
        size_t length = decodeOne(text).length;
        out += *applyCharacterSteps({&s, 1}, text.substr(0, length));
        text.erase(0, length);
      }
    text = out;
  }
  return text;
}
} // namespace

TEST(CharacterSteps, LongTextsBecomeWhatTheWholeBecomes) {
  std::vector<Steps> all;
  for (auto [kind, form] : forms)
    all.push_back({step(kind)});
  all.push_back({step(Kind::BertClean), step(Kind::SpaceCjk), step(Kind::Nfd),
                 step(Kind::StripNonspacing), step(Kind::Lowercase)});
  all.push_back({step(Kind::Nmt), step(Kind::Nfkc), step(Kind::Lowercase),
                 step(Kind::Nfd), step(Kind::StripMarks), step(Kind::Nfc)});
  all.push_back({{Kind::ReplaceLiteral, "A", "\xCC\x81"},
                 {Kind::ReplaceLiteral, " ", ""},
                 step(Kind::Nfc)});
  all.push_back({step(Kind::Nfc), step(Kind::ByteMap)});
  std::mt19937 random(1);
  for (int round = 0; round < 40; ++round) {
    // Later rounds have fewer characters, which meet more often.
    size_t most = std::size(characters) >> round / 10;
    std::vector<char32_t> some;
    for (size_t i = 0; i < most; ++i)
      some.push_back(characters[random() % std::size(characters)]);
    std::string text;
    while (text.size() < 3000)
      appendUtf8(text, some[random() % some.size()]);
    for (size_t i = 0; i < all.size(); ++i)
      ASSERT_EQ(*applyCharacterSteps(all[i], text), whole(all[i], text))
          << "steps " << i << ", round " << round;
  }
}

TEST(CharacterSteps, EveryCharacterKeepsToItsNeighbours) {
  std::string text;
  for (char32_t c = 0x80; c < 0x1FA00; ++c) {
    if (c >= 0x3400 && c < 0x9F00)
      c += 50; // Ideographs are all alike.
    if (c >= 0xD800 && c < 0xF900)
      c = 0xF900;
    for (char32_t each : {char32_t('e'), c, char32_t(0x301), c, c})
      appendUtf8(text, each);
  }
  for (auto [kind, form] : forms) {
    Steps steps = {step(kind)};
    std::string expected = normalize(text, form);
    EXPECT_TRUE(*applyCharacterSteps(steps, text) == expected)
        << "form " << int(form);
  }
}
