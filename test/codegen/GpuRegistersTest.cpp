/// What ptxas makes of attention over heads of many widths, and of linears whose warps
/// have different numbers of chunks.
#include "codegen/nvptx/PtxModule.h"
#include "test/codegen/AttentionWorld.h"
#include "test/codegen/GroupedCase.h"

#include "gtest/gtest.h"

using namespace llmc::test;
using namespace llmc::codegen;

namespace {

/// The kernel of a text, named apart from others in its module.
KernelObject named(std::string text, const std::string &level, size_t number) {
  std::string name = "k" + std::to_string(number);
  text.replace(text.find("@k("), 3, "@" + name + "(");
  std::string object = objectOf(text, level, name);
  return {name, level, name, object};
}

} // namespace

TEST(GpuRegisters, SufficeForHeadsOfAnyWidth) {
  std::string ptxas = findPtxas();
  if (ptxas.empty())
    GTEST_SKIP() << "there is no ptxas";
  std::vector<Variant> variants;
  const std::pair<int64_t, const char *> heads[] = {
      {224, "bf16"}, {256, "bf16"}, {256, "i8"}, {512, "i8"}};
  for (auto [headDim, type] : heads) {
    Variant variant;
    variant.headDim = headDim;
    variant.cacheType = type;
    variant.group = 4;
    variant.slots = 8;
    variants.push_back(variant);
  }
  for (const char *level : {"sm_80", "sm_90a", "sm_100a"}) {
    std::vector<KernelObject> objects;
    for (const Variant &variant : variants)
      for (const std::string &text :
           {attentionText(variant), splitText(variant, /*merges=*/true)})
        objects.push_back(named(text, level, objects.size()));
    auto module = joinPtx(objects, level);
    ASSERT_TRUE(module) << module.error().render();
    llmc::Status done = assemble(*module, ptxas);
    ASSERT_TRUE(done) << done.error().render();
    ASSERT_EQ(module->entries.size(), 2 * variants.size());
    for (size_t i = 0; i < module->entries.size(); ++i) {
      EXPECT_EQ(module->entries[i].spillBytes, 0u)
          << level << " " << variants[i / 2].cacheType << " head of "
          << variants[i / 2].headDim << (i % 2 ? " by pieces" : "");
      EXPECT_GT(module->entries[i].registers, 0u);
    }
  }
}

TEST(GpuRegisters, SufficeForTwoBlocksOfFewRowsWithGroups) {
  std::string ptxas = findPtxas();
  if (ptxas.empty())
    GTEST_SKIP() << "there is no ptxas";
  for (const char *level : {"sm_80", "sm_90a", "sm_100a"})
    for (const char *scheme : {"w4g32", "w4g64", "w4g128", "w8g128"}) {
      GroupedCase groups(*llmc::llm::parseGroupScheme(scheme), 0, 6912, 32);
      std::vector<KernelObject> objects = {
          named(groupedText(groups, 8, 2), level, 0)};
      auto module = joinPtx(objects, level);
      ASSERT_TRUE(module) << module.error().render();
      llmc::Status done = assemble(*module, ptxas);
      ASSERT_TRUE(done) << done.error().render();
      EXPECT_EQ(module->entries[0].spillBytes, 0u) << level << " " << scheme;
      EXPECT_LE(module->entries[0].registers, 128u) << level << " " << scheme;
    }
}

// K of Llama 3's narrow and of small models' rows: chunks for all warps and few.
TEST(GpuRegisters, SufficeForGroupsOfAnyNumberOfRows) {
  std::string ptxas = findPtxas();
  if (ptxas.empty())
    GTEST_SKIP() << "there is no ptxas";
  for (const char *level : {"sm_80", "sm_90a", "sm_100a"}) {
    std::vector<KernelObject> objects;
    std::vector<std::string> cases;
    for (const char *scheme : {"w4g32", "w4g64z", "w4g128z"})
      for (const char *rowType : {"f32", "bf16", "f16"})
        for (auto [length, rows] :
             {std::pair<int64_t, int64_t>{14336, 8}, {14336, 32}, {1152, 32}}) {
          GroupedCase groups(*llmc::llm::parseGroupScheme(scheme), 0, length, 32, rowType);
          objects.push_back(named(groupedText(groups, rows, 2), level, objects.size()));
          cases.push_back(std::string(level) + " " + scheme + " " + rowType + " " +
                          std::to_string(length) + " " + std::to_string(rows));
        }
    auto module = joinPtx(objects, level);
    ASSERT_TRUE(module) << module.error().render();
    llmc::Status done = assemble(*module, ptxas);
    ASSERT_TRUE(done) << done.error().render();
    for (size_t i = 0; i < cases.size(); ++i)
      EXPECT_EQ(module->entries[i].spillBytes, 0u) << cases[i];
  }
}
