#include "runtime/model/Decoder.h"
#include "test/unit/runtime/FakeModel.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>

using namespace llmc;
using namespace llmc::test;

namespace {

int32_t largest(std::span<const float> logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) -
                              logits.begin());
}

/// The fake model opened with a number of threads.
struct Fixture {
  TemporaryFile file{"model.bin"};
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Decoder> decoder;

  explicit Fixture(unsigned threads = 2, DecoderOptions options = {}) {
    writeFake(file.path());
    auto opened = LoadedModel::open(file.path(), threads);
    if (!opened) {
      ADD_FAILURE() << opened.error().render();
      return;
    }
    model = *std::move(opened);
    auto made = Decoder::create(*model, options);
    if (!made) {
      ADD_FAILURE() << made.error().render();
      return;
    }
    decoder = *std::move(made);
  }
};

std::vector<int32_t> someTokens(size_t count, int32_t seed = 5) {
  std::vector<int32_t> tokens(count);
  for (int32_t &token : tokens)
    token = seed = (seed * 31 + 7) % static_cast<int32_t>(fakeVocabulary);
  return tokens;
}

} // namespace

TEST(Decoder, ContinuesAsTheModelSays) {
  for (unsigned threads : {1u, 2u, 3u}) {
    Fixture f(threads);
    ASSERT_TRUE(f.decoder);
    int32_t sequence = f.decoder->start();
    std::vector<int32_t> tokens = someTokens(20);
    auto logits = f.decoder->prefill(sequence, tokens);
    ASSERT_TRUE(logits) << logits.error().render();
    while (tokens.size() < 150) {
      int32_t token = largest(*logits);
      ASSERT_EQ(token, fakeNext(tokens)) << tokens.size();
      tokens.push_back(token);
      NextToken next = {sequence, token};
      logits = f.decoder->decode({&next, 1});
      ASSERT_TRUE(logits) << logits.error().render();
    }
  }
}

TEST(Decoder, ResultIsTheSameForEveryChunk) {
  std::vector<int32_t> tokens = someTokens(70);
  for (int64_t chunk = 1; chunk <= fakeChunk; ++chunk) {
    DecoderOptions options;
    options.chunk = chunk;
    Fixture f(2, options);
    ASSERT_TRUE(f.decoder);
    auto logits = f.decoder->prefill(f.decoder->start(), tokens);
    ASSERT_TRUE(logits) << logits.error().render();
    EXPECT_EQ(largest(*logits), fakeNext(tokens)) << "chunk " << chunk;
  }
}

TEST(Decoder, EveryRowGivesEachPositionsLogits) {
  Fixture f;
  ASSERT_TRUE(f.decoder);
  std::vector<int32_t> tokens = someTokens(45);
  size_t seen = 0;
  Status status = f.decoder->everyRow(
      f.decoder->start(), tokens,
      [&](size_t row, std::span<const float> logits) {
        EXPECT_EQ(row, seen++);
        EXPECT_EQ(largest(logits),
                  fakeNext(std::span<const int32_t>(tokens).first(row + 1)));
        return Status::ok();
      });
  ASSERT_TRUE(status) << status.error().render();
  EXPECT_EQ(seen, tokens.size());
}

TEST(Decoder, SequencesOfABatchDoNotMix) {
  DecoderOptions options;
  options.maxSequences = 20; // more than a chunk
  Fixture f(2, options);
  ASSERT_TRUE(f.decoder);
  std::vector<std::vector<int32_t>> texts;
  std::vector<NextToken> batch;
  for (int32_t i = 0; i < 20; ++i) {
    texts.push_back(someTokens(static_cast<size_t>(3 * i + 1), i));
    int32_t sequence = f.decoder->start();
    auto logits = f.decoder->prefill(sequence, texts.back());
    ASSERT_TRUE(logits) << logits.error().render();
    batch.push_back({sequence, largest(*logits)});
  }
  for (int step = 0; step < 40; ++step) {
    for (size_t i = 0; i < batch.size(); ++i) {
      ASSERT_EQ(batch[i].token, fakeNext(texts[i]));
      texts[i].push_back(batch[i].token);
    }
    auto logits = f.decoder->decode(batch);
    ASSERT_TRUE(logits) << logits.error().render();
    for (size_t i = 0; i < batch.size(); ++i)
      batch[i].token = largest(logits->subspan(i * fakeVocabulary, fakeVocabulary));
  }
}

TEST(Decoder, ForkedSequencesGoTheirOwnWays) {
  DecoderOptions options;
  options.maxSequences = 2;
  Fixture f(2, options);
  ASSERT_TRUE(f.decoder);
  std::vector<int32_t> common = someTokens(100);
  int32_t left = f.decoder->start();
  ASSERT_TRUE(f.decoder->prefill(left, common));
  int32_t right = f.decoder->cache().fork(left);
  ASSERT_GE(right, 0);
  std::vector<int32_t> leftText = common, rightText = common;
  for (int32_t i = 0; i < 60; ++i) {
    leftText.push_back(i);
    rightText.push_back(96 - i);
    NextToken batch[] = {{left, i}, {right, 96 - i}};
    auto logits = f.decoder->decode(batch);
    ASSERT_TRUE(logits) << logits.error().render();
    ASSERT_EQ(largest(logits->first(fakeVocabulary)), fakeNext(leftText));
    ASSERT_EQ(largest(logits->subspan(fakeVocabulary)), fakeNext(rightText));
  }
}

TEST(Decoder, TruncatedSequenceContinuesFromThere) {
  Fixture f;
  ASSERT_TRUE(f.decoder);
  int32_t sequence = f.decoder->start();
  std::vector<int32_t> tokens = someTokens(90);
  ASSERT_TRUE(f.decoder->prefill(sequence, tokens));
  tokens.resize(50);
  f.decoder->cache().truncate(sequence, 50);
  std::vector<int32_t> more = someTokens(30, 9);
  auto logits = f.decoder->prefill(sequence, more);
  ASSERT_TRUE(logits) << logits.error().render();
  tokens.insert(tokens.end(), more.begin(), more.end());
  EXPECT_EQ(largest(*logits), fakeNext(tokens));
}

TEST(Decoder, RefusesTokensOutsideTheVocabulary) {
  Fixture f;
  ASSERT_TRUE(f.decoder);
  int32_t sequence = f.decoder->start();
  for (int32_t token : {-1, 97, INT32_MAX}) {
    int32_t tokens[] = {1, token};
    auto logits = f.decoder->prefill(sequence, tokens);
    ASSERT_FALSE(logits);
    EXPECT_EQ(logits.error().code, Code::BadTokenId);
  }
  EXPECT_EQ(f.decoder->cache().length(sequence), 0);
}

TEST(Decoder, RefusesAPromptThatExceedsTheContextBeforeComputing) {
  Fixture f;
  ASSERT_TRUE(f.decoder);
  int32_t sequence = f.decoder->start();
  auto logits = f.decoder->prefill(sequence, someTokens(fakeContext + 1));
  ASSERT_FALSE(logits);
  EXPECT_EQ(logits.error().code, Code::PromptTooLong);
  EXPECT_EQ(logits.error().fix,
            "shorten the prompt, or compile with a larger --max-context");
  EXPECT_EQ(f.decoder->cache().length(sequence), 0);
  EXPECT_TRUE(f.decoder->prefill(sequence, someTokens(fakeContext)));
  NextToken next = {sequence, 1};
  auto beyond = f.decoder->decode({&next, 1});
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Code::PromptTooLong);
}

TEST(Decoder, RefusesOptionsBeyondTheModel) {
  Fixture f;
  ASSERT_TRUE(f.model);
  DecoderOptions chunk, context;
  chunk.chunk = fakeChunk + 1;
  context.maxContext = fakeContext + 1;
  for (const DecoderOptions &options : {chunk, context}) {
    auto decoder = Decoder::create(*f.model, options);
    ASSERT_FALSE(decoder);
    EXPECT_EQ(decoder.error().code, Code::BadFlagValue);
  }
}

TEST(Decoder, RecycledPagesLeaveNoTrace) {
  Fixture f;
  ASSERT_TRUE(f.decoder);
  KvCache &cache = f.decoder->cache();
  std::vector<int32_t> tokens = someTokens(90);
  std::vector<float> clean;
  for (int round = 0; round < 3; ++round) {
    int32_t sequence = f.decoder->start();
    auto logits = f.decoder->prefill(sequence, tokens);
    ASSERT_TRUE(logits) << logits.error().render();
    if (round == 0)
      clean.assign(logits->begin(), logits->end());
    EXPECT_EQ(std::memcmp(clean.data(), logits->data(), logits->size_bytes()), 0);
    // What a sequence whose numbers overflowed leaves: NaN in every row.
    for (int32_t page : cache.pages(sequence))
      std::memset(cache.base() + page * cache.pageBytes(), 0xff,
                  static_cast<size_t>(cache.pageBytes()));
    cache.release(sequence);
  }
}
