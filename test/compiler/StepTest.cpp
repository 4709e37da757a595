/// A sequence has the same bits whatever else is in its steps, and however many
/// threads share the pieces of its cache.
#include "compiler/Compiler.h"
#include "runtime/model/Decoder.h"

#include "gtest/gtest.h"

#include <cstring>
#include <filesystem>
#include <unistd.h>

using namespace llmc;

namespace {
/// How a model is compiled.
struct Way {
  int64_t split; ///< Of attention; 0: chosen, more than the model's context.
  const char *dtype;
};
constexpr Way ways[] = {{0, ""}, {64, ""}, {64, "bf16"}, {64, "f16"}};

void PrintTo(const Way &way, std::ostream *out) {
  *out << "split " << way.split << " " << way.dtype;
}

/// The sample, compiled for all tests: as it is, with its cache cut at 64
/// positions, and with weights and cache of bf16 or f16 as well. When cut, the steps of
/// up to 4 rows do the pieces as work of their own, while chunks, which have a
/// tile for every thread, do them one after the other.
class Step : public ::testing::TestWithParam<Way> {
protected:
  static std::string pathFor(const Way &way) {
    return std::filesystem::temp_directory_path() /
           ("llmc-step-test-" + std::to_string(getpid()) + "-" +
            std::to_string(way.split) + way.dtype + ".bin");
  }
  static void SetUpTestSuite() {
    for (const Way &way : ways) {
      CompileOptions options;
      options.input = std::string(LLMC_TEST_DATA) + "/stories260K-optimum";
      options.output = pathFor(way);
      options.dtype = way.dtype;
      options.stub = LLMC_STUB;
      options.chunk = 256;
      options.attentionSplit = way.split;
      auto summary = compileModel(options);
      ASSERT_TRUE(bool(summary)) << summary.error().render();
    }
  }
  static void TearDownTestSuite() {
    for (const Way &way : ways)
      std::filesystem::remove(pathFor(way));
  }

  void SetUp() override { open(2); }
  void open(unsigned threads) {
    decoder.reset();
    auto opened = LoadedModel::open(pathFor(GetParam()), threads);
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

  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Decoder> decoder;
};
INSTANTIATE_TEST_SUITE_P(Pieces, Step, ::testing::ValuesIn(ways));

bool sameBits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

TEST_P(Step, OfAChunkBesideThreeDecodingSequencesGivesEachItsOwnBits) {
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

TEST_P(Step, OfATokenGivesTheBitsOfAPrefill) {
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

TEST_P(Step, OverSeveralPiecesGivesTheBitsOfAPrefillWithAnyNumberOfThreads) {
  std::vector<int32_t> all = tokens(5, 330);
  std::vector<float> expected;
  for (unsigned threads : {1, 2, 3}) {
    open(threads);
    auto prefilled = decoder->prefill(decoder->start(), all);
    ASSERT_TRUE(bool(prefilled));
    if (expected.empty())
      expected = keep(*prefilled);
    EXPECT_TRUE(sameBits(*prefilled, expected)) << threads << " threads";
    // The same, its end token by token over a border of pieces.
    int32_t sequence = decoder->start();
    ASSERT_TRUE(bool(decoder->prefill(sequence, std::span(all).first(310))));
    std::vector<float> actual;
    for (int32_t token : std::span(all).subspan(310)) {
      NextToken next{sequence, token};
      auto logits = decoder->decode({&next, 1});
      ASSERT_TRUE(bool(logits));
      actual = keep(*logits);
    }
    EXPECT_TRUE(sameBits(actual, expected)) << threads << " threads";
  }
}

TEST_P(Step, SharesPiecesInProgramsOfFewRows) {
  auto programsWith = [&](std::string_view op) {
    std::string programs;
    for (const Program &program : model->artifact.model().modules[0].programs)
      for (const Launch &launch : program.launches)
        if (model->artifact.model().kernels[launch.kernel].op == op) {
          programs += program.name + " ";
          break;
        }
    return programs;
  };
  bool cut = GetParam().split > 0;
  EXPECT_EQ(programsWith("attention_split"), cut ? "decode " : "");
  EXPECT_EQ(programsWith("attention_merge"), cut ? "decode " : "");
  EXPECT_EQ(programsWith("attention"), cut ? "prefill " : "decode prefill ");
}

TEST_P(Step, KeepsItsCacheInTheTypeOfItsWeights) {
  std::string_view dtype = GetParam().dtype;
  bool narrow = !dtype.empty();
  const DecoderConfig &config = decoder->config();
  EXPECT_EQ(config.cacheType, dtype == "bf16"  ? ElementType::BF16
                              : dtype == "f16" ? ElementType::F16
                                               : ElementType::F32);
  EXPECT_EQ(decoder->cache().pageBytes(),
            config.cache.pageElements() * (narrow ? 2 : 4));
}
} // namespace
