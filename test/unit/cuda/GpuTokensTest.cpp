// Tokens that a device chooses: what comes back, and when logits do.
#include "test/unit/cuda/GpuFixture.h"

#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::test;

namespace {

constexpr int32_t refused = 7; // A topK for which the fake kernel finds no token.

// logits [R, V], choices [C, 8], tokens [C]; scalars R C C. A tile is a row. What is
// random is the token itself.
void chooseToken(void *const *buffers, const int64_t *, int64_t begin, int64_t end) {
  auto *logits = static_cast<const float *>(buffers[0]);
  auto *choices = static_cast<const TokenChoice *>(buffers[1]);
  auto *tokens = static_cast<int32_t *>(buffers[2]);
  for (int64_t row = begin; row < end; ++row) {
    const TokenChoice &choice = choices[row];
    auto *first = logits + row * fakeVocabulary, *last = first + fakeVocabulary;
    tokens[row] = choice.topK == refused ? choice::noToken
                  : choice.isGreedy()    ? int32_t(std::max_element(first, last) - first)
                                         : int32_t(choice.random % fakeVocabulary);
  }
}

/// Steps that end with that kernel.
void addChoice(ArtifactContent &content) {
  DeviceImage &device = content.model.devices[0];
  uint32_t number = uint32_t(device.kernels.size());
  DeviceKernel kernel;
  kernel.kernel = {"choose", "choose_token", 3, 3, {}};
  kernel.entry = "choose";
  device.kernels.push_back(std::move(kernel));
  for (Program &program : content.model.modules[0].schedules[0].programs) {
    auto value = [&](Value::Kind kind, int64_t number) {
      program.values.push_back({kind, number, 0, 0});
      return ValueId(program.values.size() - 1);
    };
    ValueId zero = value(Value::Kind::Constant, 0), eight = value(Value::Kind::Constant, 8);
    ValueId c = value(Value::Kind::Symbol, int64_t(program.symbols.size()));
    program.symbols.push_back("C");
    const Argument &logits = program.outputs[0];
    ValueId r = logits.shape[0];
    auto buffer = [&](Buffer::Space space, ElementType type, size_t index,
                      std::vector<ValueId> shape) {
      program.buffers.push_back({space, type, uint32_t(index), zero, std::move(shape), {}});
      return BufferId(program.buffers.size() - 1);
    };
    using Space = Buffer::Space;
    BufferId from = buffer(Space::Output, ElementType::F32, 0, logits.shape);
    BufferId how = buffer(Space::Input, ElementType::I32, program.inputs.size(), {c, eight});
    BufferId to = buffer(Space::Output, ElementType::I32, 1, {c});
    program.inputs.push_back({"choices", ElementType::I32, {c, eight}});
    program.outputs.push_back({"next_tokens", ElementType::I32, {c}});
    program.launches.push_back({number, c, {from, how, to}, {r, c, c}, "choose", {}});
  }
}

struct Chooser final : NextTokenChooser {
  std::optional<TokenChoice> how = TokenChoice();
  size_t rowsOfLogits = 0;
  std::vector<int32_t> tokens;
  std::vector<int64_t> positions;

  std::optional<TokenChoice> choice(size_t, int64_t at) override {
    positions.push_back(at);
    return how;
  }
  Result<int32_t> choose(size_t, int64_t, std::span<const float> logits) override {
    ++rowsOfLogits;
    return int32_t(std::ranges::max_element(logits) - logits.begin());
  }
  Status take(size_t part, int32_t token) override {
    EXPECT_EQ(part, tokens.size());
    tokens.push_back(token);
    return Status::ok();
  }
};

struct Opened : GpuFile, GpuDecoder {
  explicit Opened(int64_t sequences = 1) : GpuFile(addChoice) {
    EXPECT_TRUE(status) << status.error().render();
    driver.kernels["choose"] = {chooseToken, 3, 3};
    DecoderOptions options;
    options.maxSequences = sequences;
    GpuDecoder::open(path(), options);
    EXPECT_TRUE(failure) << failure.error().render();
  }

  /// \p tokens and \p more that \p chooser takes.
  std::vector<int32_t> speak(std::vector<int32_t> tokens, size_t more, Chooser &chooser) {
    int32_t sequence = decoder->start();
    size_t appended = 0;
    while (more-- > 0) {
      Continuation part = {sequence, std::span<const int32_t>(tokens).subspan(appended)};
      chooser.tokens.clear();
      Status done = decoder->next({&part, 1}, chooser);
      EXPECT_TRUE(done) << done.error().render();
      appended = tokens.size();
      if (!done || chooser.tokens.size() != 1)
        break;
      tokens.push_back(chooser.tokens[0]);
    }
    decoder->cache().release(sequence);
    return tokens;
  }
};

const std::vector<int32_t> prompt = {5, 9, 33, 2, 80, 41, 7, 7, 12, 3, 64, 90, 1, 18, 55, 20, 30, 4};

} // namespace

TEST(GpuTokens, AreAllThatComesBack) {
  Opened f;
  ASSERT_TRUE(f.decoder);
  Chooser chooser;
  EXPECT_EQ(f.speak(prompt, 40, chooser), expected(prompt, 40));
  EXPECT_EQ(f.driver.bytesToHost, 40 * sizeof(int32_t));
  EXPECT_EQ(f.driver.countOf("memcpyDtoHAsync"), 40u);
  EXPECT_EQ(chooser.rowsOfLogits, 0u);
  ASSERT_EQ(chooser.positions.size(), 40u);
  EXPECT_EQ(chooser.positions[0], 18);
  EXPECT_EQ(chooser.positions[39], 57);
  // As before, one graph for all steps but the first two.
  EXPECT_EQ(f.driver.countOf("streamBeginCapture"), 1u);
  EXPECT_EQ(f.driver.countOf("graphLaunch"), 38u);
}

TEST(GpuTokens, FollowTheNumbersOfTheirChoice) {
  Opened f;
  ASSERT_TRUE(f.decoder);
  Chooser chooser;
  chooser.how->inverseTemperature = 1;
  chooser.how->random = 97 * (uint64_t(1) << 40) + 31;
  EXPECT_EQ(f.speak({1, 2}, 2, chooser), (std::vector<int32_t>{1, 2, 31, 31}));
}

TEST(GpuTokens, AreChosenOnTheHostWhereNumbersDoNotSuffice) {
  Opened f;
  ASSERT_TRUE(f.decoder);
  Chooser chooser;
  chooser.how = std::nullopt;
  EXPECT_EQ(f.speak(prompt, 5, chooser), expected(prompt, 5));
  EXPECT_EQ(chooser.rowsOfLogits, 5u);
  EXPECT_EQ(f.driver.bytesToHost, 5 * fakeVocabulary * sizeof(float));
  // Nothing is launched for it: the last chunk and 4 steps have 6 launches each.
  f.driver.launches.clear();
  EXPECT_EQ(f.speak({1}, 1, chooser).size(), 2u);
  EXPECT_EQ(std::ranges::count(f.driver.launches, "choose", &FakeDriver::Launched::entry), 0);
}

TEST(GpuTokens, ThatCannotBeChosenBringLogits) {
  Opened f;
  ASSERT_TRUE(f.decoder);
  Chooser chooser;
  chooser.how->topK = refused;
  EXPECT_EQ(f.speak(prompt, 3, chooser), expected(prompt, 3));
  EXPECT_EQ(chooser.rowsOfLogits, 3u);
  EXPECT_EQ(f.driver.bytesToHost, 3 * (4 + fakeVocabulary * sizeof(float)));
}

TEST(GpuTokens, OfSeveralSequencesComeTogether) {
  Opened f(3);
  ASSERT_TRUE(f.decoder);
  std::vector<int32_t> texts[3] = {prompt, {1, 2, 3}, {50}};
  std::vector<Continuation> parts;
  for (auto &text : texts)
    parts.push_back({f.decoder->start(), text});
  Chooser chooser;
  ASSERT_TRUE(f.decoder->next(parts, chooser));
  EXPECT_EQ(f.driver.bytesToHost, 12u);
  for (int step = 0; step < 4; ++step) {
    ASSERT_EQ(chooser.tokens.size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(chooser.tokens[i], fakeNext(texts[i]));
      texts[i].push_back(chooser.tokens[i]);
      parts[i].tokens = std::span<const int32_t>(texts[i]).last(1);
    }
    chooser.tokens.clear();
    ASSERT_TRUE(f.decoder->next(parts, chooser));
  }
  EXPECT_EQ(f.driver.bytesToHost, 5 * 12u);
}

TEST(GpuTokens, OfADecoderOnTheCpuAreChosenFromLogits) {
  TemporaryFile file("model.bin");
  writeFake(file.path());
  auto model = LoadedModel::open(file.path(), 1);
  ASSERT_TRUE(model) << model.error().render();
  auto decoder = Decoder::create(**model, {});
  ASSERT_TRUE(decoder);
  EXPECT_FALSE((*decoder)->executor().choosesTokens());
  Chooser chooser;
  Continuation part = {(*decoder)->start(), prompt};
  ASSERT_TRUE((*decoder)->next({&part, 1}, chooser));
  EXPECT_EQ(chooser.tokens, std::vector<int32_t>{fakeNext(prompt)});
  EXPECT_EQ(chooser.rowsOfLogits, 1u);
}
