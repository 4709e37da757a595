/// A model has the same bits by matrix registers as by vectors, whole steps of
/// it, chunk and decode, on several threads.
#include "compiler/Compiler.h"
#include "runtime/model/Decoder.h"
#include "test/codegen/TileEmulator.h"

#include "gtest/gtest.h"

#include <cstring>
#include <filesystem>
#include <unistd.h>

using namespace llmc;

namespace {

std::vector<int32_t> someTokens(size_t count) {
  std::vector<int32_t> list;
  for (size_t i = 0; i < count; ++i)
    list.push_back(int32_t(3 + (17 + i * 29 + i * i) % 500));
  return list;
}

/// The logits of a prompt in chunks, and then of tokens one by one.
std::vector<float> logitsOn(const std::string &path, const CpuFeatures &cpu) {
  std::vector<float> all;
  auto keep = [&](Result<std::span<const float>> logits) {
    ASSERT_TRUE(bool(logits)) << logits.error().render();
    all.insert(all.end(), logits->begin(), logits->end());
  };
  auto model = LoadedModel::open(path, 2, cpu);
  EXPECT_TRUE(bool(model)) << model.error().render();
  if (!model)
    return all;
  auto decoder = Decoder::create(**model, {});
  EXPECT_TRUE(bool(decoder)) << decoder.error().render();
  if (!decoder)
    return all;
  int32_t sequence = (*decoder)->start();
  keep((*decoder)->prefill(sequence, someTokens(115)));
  for (int32_t token : someTokens(3)) {
    NextToken next{sequence, token};
    keep((*decoder)->decode({&next, 1}));
  }
  return all;
}

} // namespace

/// What is compiled: weights in bf16 or f16, or products of bytes.
class Tiles : public ::testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(Of, Tiles, ::testing::Values("bf16", "f16", "w8a8"));

TEST_P(Tiles, GiveAModelTheBitsOfVectors) {
  CpuFeatures vectors = cpuFeatures();
  if (!vectors.v4 || !test::provideTiles())
    GTEST_SKIP() << "this processor has no AVX-512";
  if (!vectors.vnni)
    GTEST_SKIP() << "this processor has no AVX512-VNNI";
  bool halves = std::string(GetParam()) == "f16";
  if (halves && !test::provideHalfTiles())
    GTEST_SKIP() << "this processor has AMX without AMX-FP16";
  vectors.vnni = vectors.amxInt8 = vectors.amxBf16 = vectors.amxFp16 = false;
  CpuFeatures bytes = vectors;
  bytes.vnni = true;
  CpuFeatures tiles = bytes;
  tiles.amxInt8 = tiles.amxBf16 = true;
  tiles.amxFp16 = halves;

  bool pairs = halves || std::string(GetParam()) == "bf16";
  CompileOptions options;
  options.input = std::string(LLMC_TEST_DATA) + "/stories260K-optimum";
  options.output = std::filesystem::temp_directory_path() /
                   ("llmc-tiles-test-" + std::to_string(getpid()) + ".bin");
  options.stub = LLMC_STUB;
  (pairs ? options.dtype : options.quantize) = GetParam();
  options.chunk = 50;
  auto summary = compileModel(options);
  ASSERT_TRUE(bool(summary)) << summary.error().render();
  EXPECT_EQ(summary->targets.back(), halves ? "x86-64-amx-fp16" : "x86-64-amx");
  EXPECT_EQ(summary->targets.size(), pairs ? 3u : 4u);
  ASSERT_TRUE(test::provideTiles());
  std::vector<float> expected = logitsOn(options.output, vectors);
  ASSERT_GT(expected.size(), 0u);
  for (const CpuFeatures &cpu : {bytes, tiles}) {
    std::vector<float> actual = logitsOn(options.output, cpu);
    ASSERT_EQ(actual.size(), expected.size());
    EXPECT_EQ(std::memcmp(actual.data(), expected.data(),
                          actual.size() * sizeof(float)),
              0)
        << (cpu.amxBf16 ? "tiles" : "bytes");
  }
  std::filesystem::remove(options.output);
}
