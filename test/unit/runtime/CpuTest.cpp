#include "runtime/cpu/CpuLevel.h"

#include <gtest/gtest.h>

using namespace llmc;

namespace {

CpuFeatures cpu(bool v3, bool v4) {
  CpuFeatures features;
  features.brand = "Test CPU";
  features.v3 = v3;
  features.v4 = v4;
  return features;
}

std::vector<KernelImage> images(std::initializer_list<const char *> levels) {
  std::vector<KernelImage> result;
  for (const char *level : levels)
    result.push_back({level, {}, 0});
  return result;
}

} // namespace

TEST(CpuLevel, BestImageIsChosenWhateverTheOrder) {
  EXPECT_EQ(*chooseImage(images({"x86-64-v3", "x86-64-v4"}), cpu(true, true)), 1u);
  EXPECT_EQ(*chooseImage(images({"x86-64-v4", "x86-64-v3"}), cpu(true, true)), 0u);
  EXPECT_EQ(*chooseImage(images({"x86-64-v4", "x86-64-v3"}), cpu(true, false)), 1u);
  EXPECT_EQ(*chooseImage(images({"unknown", "x86-64-v3"}), cpu(true, true)), 1u);
}

TEST(CpuLevel, OfHalfTilesNeedsThemAndAllOfAmx) {
  CpuFeatures tiles = cpu(true, true);
  tiles.vnni = tiles.amxInt8 = tiles.amxBf16 = true;
  auto both = images({"x86-64-v4", "x86-64-amx", "x86-64-amx-fp16"});
  EXPECT_EQ(*chooseImage(both, tiles), 1u);
  tiles.amxFp16 = true;
  EXPECT_EQ(*chooseImage(both, tiles), 2u);
  EXPECT_EQ(supportedLevels(tiles).front(), "x86-64-amx-fp16");
  tiles.amxBf16 = false;
  EXPECT_EQ(*chooseImage(both, tiles), 0u);
}

TEST(CpuLevel, ErrorNamesLevelsAndCpu) {
  auto chosen = chooseImage(images({"x86-64-v4"}), cpu(true, false));
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code, Code::CpuTooOld);
  std::string text = chosen.error().render();
  EXPECT_NE(text.find("Test CPU"), std::string::npos);
  EXPECT_NE(text.find("kernels for x86-64-v4"), std::string::npos);
  EXPECT_NE(text.find("runs x86-64-v3"), std::string::npos);
}

TEST(CpuLevel, EachLevelImpliesTheOneBefore) {
  const CpuFeatures &here = cpuFeatures();
  EXPECT_TRUE(!here.v4 || here.v3);
  EXPECT_TRUE(!here.vnni || here.v4);
  EXPECT_TRUE(!here.amxInt8 || here.v4);
  EXPECT_TRUE(!here.amxFp16 || here.v4);
  EXPECT_FALSE(here.brand.empty());
}
