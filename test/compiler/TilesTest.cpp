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

TEST(Tiles, GiveAModelTheBitsOfVectors) {
  CpuFeatures vectors = cpuFeatures();
  if (!vectors.v4 || !test::provideTiles())
    GTEST_SKIP() << "this processor has no AVX-512";
  vectors.amxInt8 = vectors.amxBf16 = false;
  CpuFeatures tiles = vectors;
  tiles.amxInt8 = tiles.amxBf16 = true;

  CompileOptions options;
  options.input = std::string(LLMC_TEST_DATA) + "/stories260K-optimum";
  options.output = std::filesystem::temp_directory_path() /
                   ("llmc-tiles-test-" + std::to_string(getpid()) + ".bin");
  options.stub = LLMC_STUB;
  options.dtype = "bf16";
  options.chunk = 50;
  auto summary = compileModel(options);
  ASSERT_TRUE(bool(summary)) << summary.error().render();
  EXPECT_EQ(summary->targets.back(), "x86-64-amx");
  ASSERT_TRUE(test::provideTiles());
  std::vector<float> expected = logitsOn(options.output, vectors);
  std::vector<float> actual = logitsOn(options.output, tiles);
  std::filesystem::remove(options.output);
  ASSERT_EQ(actual.size(), expected.size());
  ASSERT_GT(actual.size(), 0u);
  EXPECT_EQ(std::memcmp(actual.data(), expected.data(),
                        actual.size() * sizeof(float)),
            0);
}
