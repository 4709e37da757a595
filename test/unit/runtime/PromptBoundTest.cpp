#include "runtime/tokenizer/Tokenizer.h"

#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::tokenizer;

namespace {

/// Three tokens; unknown characters become the first.
TokenizerModel plainModel() {
  TokenizerModel model;
  model.tokens = {"?", "a", "abcdef"};
  model.unkId = 0;
  return model;
}

size_t boundOf(TokenizerModel model) {
  auto tokenizer = Tokenizer::create(std::move(model));
  EXPECT_TRUE(tokenizer) << tokenizer.error().render();
  return tokenizer ? tokenizer->mostTokenBytes() : 12345;
}

} // namespace

TEST(TokenBytes, AreThoseOfTheLongestToken) {
  EXPECT_EQ(boundOf(plainModel()), 6u);
  TokenizerModel folded = plainModel();
  folded.normalizer = {{NormalizerStep::Kind::Lowercase, "", ""}};
  EXPECT_EQ(boundOf(folded), 96u);
  TokenizerModel marked = plainModel();
  marked.normalizer = {{NormalizerStep::Kind::ReplaceLiteral, " ", "_"}};
  EXPECT_EQ(boundOf(marked), 6u);
}

TEST(TokenBytes, HaveNoBoundWhereTextCanVanish) {
  TokenizerModel unknown = plainModel();
  unknown.unkId = -1;
  EXPECT_EQ(boundOf(unknown), 0u);
  TokenizerModel fused = plainModel();
  fused.fuseUnk = true;
  EXPECT_EQ(boundOf(fused), 0u);
  TokenizerModel stripped = plainModel();
  stripped.normalizer = {{NormalizerStep::Kind::StripLeft, "", ""}};
  EXPECT_EQ(boundOf(stripped), 0u);
  TokenizerModel shorter = plainModel();
  shorter.normalizer = {{NormalizerStep::Kind::ReplaceLiteral, "  ", "_"}};
  EXPECT_EQ(boundOf(shorter), 0u);
  TokenizerModel cut = plainModel();
  cut.preTokenizer = {{PreTokenizerStep::Kind::SplitSpace, SplitBehavior::Removed,
                       false, true, PrependScheme::Never, ""}};
  EXPECT_EQ(boundOf(cut), 0u);
}

TEST(TokenBytes, HoldForEveryText) {
  auto tokenizer = Tokenizer::create(plainModel());
  ASSERT_TRUE(tokenizer);
  for (const char *text : {"abcdefabcdef", "aaaa", "zzzz", "\xff\xff", "a\xf0\x9f\x98\x80"}) {
    auto ids = tokenizer->encode(text);
    ASSERT_TRUE(ids);
    EXPECT_GE(ids->size() * tokenizer->mostTokenBytes(), std::string_view(text).size());
  }
}
