/// Models and files that several tests use.
#ifndef LLMC_TEST_UNIT_TOKENIZER_TESTMODELS_H
#define LLMC_TEST_UNIT_TOKENIZER_TESTMODELS_H

#include "runtime/tokenizer/Tokenizer.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace llmc::tokenizer {

inline std::string readText(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

/// SentencePiece-like: 0 <unk>, 1 <s>, 2 </s>, 3..258 bytes, then letters and
/// a few merges; "▁" is put in front and read as a space.
inline TokenizerModel smallModel() {
  TokenizerModel m;
  auto add = [&](std::string text) {
    m.tokens.push_back(std::move(text));
    return int32_t(m.tokens.size() - 1);
  };
  for (const char *text : {"<unk>", "<s>", "</s>"})
    m.added.push_back({add(text), true, false, false, false, false, true});
  const char *hex = "0123456789ABCDEF";
  for (int b = 0; b < 256; ++b)
    add(std::string("<0x") + hex[b >> 4] + hex[b & 15] + ">");
  int32_t mark = add("\xE2\x96\x81"), a = add("a"), b = add("b"), c = add("c");
  int32_t ab = add("ab"),
          markA = add("\xE2\x96\x81"
                      "a"),
          abc = add("abc");
  m.merges = {{a, b, ab}, {mark, a, markA}, {ab, c, abc}};
  m.unkId = 0;
  m.byteFallback = true;
  using N = NormalizerStep::Kind;
  m.normalizer = {{N::Prepend, "", "\xE2\x96\x81"},
                  {N::ReplaceLiteral, " ", "\xE2\x96\x81"}};
  using D = DecoderStep::Kind;
  m.decoder = {{D::ReplaceLiteral, 0, "\xE2\x96\x81", " "},
               {D::ByteFallback, 0, "", ""},
               {D::Fuse, 0, "", ""},
               {D::StripLeft, 1, " ", ""}};
  m.prefixIds = {1};
  m.bosId = 1;
  m.eosIds = {2};
  return m;
}

inline Tokenizer make(TokenizerModel model) {
  auto t = Tokenizer::create(std::move(model));
  if (!t)
    ADD_FAILURE() << t.error().render();
  return *std::move(t);
}

} // namespace llmc::tokenizer

#endif // LLMC_TEST_UNIT_TOKENIZER_TESTMODELS_H
