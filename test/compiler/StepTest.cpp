/// A sequence has the same bits whatever else is in its steps.
#include "compiler/Compiler.h"
#include "runtime/model/Decoder.h"

#include "gtest/gtest.h"

#include <cstring>
#include <filesystem>
#include <unistd.h>

using namespace llmc;

namespace {
/// The sample, compiled once for all tests.
class Step : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    path = std::filesystem::temp_directory_path() /
           ("llmc-step-test-" + std::to_string(getpid()) + ".bin");
    CompileOptions options;
    options.input = std::string(LLMC_TEST_DATA) + "/stories260K-optimum";
    options.output = path;
    options.stub = LLMC_STUB;
    auto summary = compileModel(options);
    ASSERT_TRUE(bool(summary)) << summary.error().render();
  }
  static void TearDownTestSuite() { std::filesystem::remove(path); }

  void SetUp() override {
    auto opened = LoadedModel::open(path, 2);
    ASSERT_TRUE(bool(opened)) << opened.error().render();
    model = std::move(*opened);
    DecoderOptions options;
    options.maxSequences = 4;
    auto created = Decoder::create(*model, options);
    ASSERT_TRUE(bool(created)) << created.error().render();
    decoder = std::move(*created);
  }

  /// Tokens of sequence \p seed; any do.
  static std::vector<int32_t> tokens(int seed, size_t count) {
    std::vector<int32_t> list;
    for (size_t i = 0; i < count; ++i)
      list.push_back(int32_t(3 + (seed * 131 + i * 29 + i * i) % 500));
    return list;
  }

  std::vector<float> keep(std::span<const float> logits) {
    return {logits.begin(), logits.end()};
  }

  static std::string path;
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Decoder> decoder;
};
std::string Step::path;

bool sameBits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

TEST_F(Step, OfAChunkBesideThreeDecodingSequencesGivesEachItsOwnBits) {
  constexpr size_t lengths[3] = {5, 64, 130};
  std::vector<int32_t> chunk = tokens(9, 17);
  int64_t vocabulary = decoder->config().vocabulary;

  // Each alone: three sequences decode one token, a fourth prefills 17.
  std::vector<std::vector<float>> alone;
  std::vector<int32_t> numbers;
  for (int s = 0; s < 3; ++s) {
    int32_t number = decoder->start();
    numbers.push_back(number);
    ASSERT_TRUE(bool(decoder->prefill(number, tokens(s, lengths[s]))));
    NextToken next{number, 7 + s};
    auto logits = decoder->decode({&next, 1});
    ASSERT_TRUE(bool(logits));
    alone.push_back(keep(*logits));
  }
  int32_t number = decoder->start();
  auto logits = decoder->prefill(number, chunk);
  ASSERT_TRUE(bool(logits));
  alone.push_back(keep(*logits));

  // The same in one step of 17 + 3 rows, in another order.
  SetUp();
  std::vector<StepSequence> parts;
  std::vector<int32_t> rows, all;
  for (int s = 0; s < 3; ++s) {
    int32_t sequence = decoder->start();
    ASSERT_TRUE(bool(decoder->prefill(sequence, tokens(s, lengths[s]))));
    parts.push_back({sequence, 1});
  }
  parts.insert(parts.begin() + 1, {decoder->start(), 17});
  for (int part : {0, 3, 1, 2}) {
    if (part == 3)
      all.insert(all.end(), chunk.begin(), chunk.end());
    else
      all.push_back(7 + part);
    rows.push_back(int32_t(all.size()) - 1);
  }
  std::vector<float> together(rows.size() * vocabulary);
  Status status = decoder->executor().run({all, parts, rows}, together);
  ASSERT_TRUE(bool(status)) << status.error().render();
  const int order[4] = {0, 3, 1, 2};
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(sameBits(
        alone[order[i]],
        std::span(together).subspan(i * vocabulary, vocabulary)))
        << "sequence " << order[i];
}

TEST_F(Step, OfATokenGivesTheBitsOfAPrefill) {
  std::vector<int32_t> all = tokens(4, 70);
  auto prefilled = decoder->prefill(decoder->start(), all);
  ASSERT_TRUE(bool(prefilled));
  std::vector<float> expected = keep(*prefilled);
  int32_t sequence = decoder->start();
  std::vector<float> actual;
  for (int32_t token : all) {
    NextToken next{sequence, token};
    auto logits = decoder->decode({&next, 1});
    ASSERT_TRUE(bool(logits));
    actual = keep(*logits);
  }
  EXPECT_TRUE(sameBits(actual, expected));
}
} // namespace
