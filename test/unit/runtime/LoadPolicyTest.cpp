#include "runtime/format/Sections.h"
#include "runtime/model/CopyPlan.h"
#include "runtime/model/LoadPolicy.h"

#include <gtest/gtest.h>
#include <set>

using namespace llmc;

namespace {

constexpr ReadRates good = {35e9, 36e9}, slow = {20e9, 36e9}, none = {0, 0};

/// A decoder of two programs that read weights in the given order.
Model readingWeights(std::vector<uint64_t> blockStarts, uint64_t blocksEach,
                     std::vector<std::vector<uint32_t>> programs) {
  Model model;
  for (uint64_t start : blockStarts) {
    Weight weight;
    weight.offset = start;
    weight.bytes = blocksEach;
    model.weights.push_back(weight);
  }
  Module module;
  for (const std::vector<uint32_t> &reads : programs) {
    Program program;
    for (uint32_t weight : reads) {
      Buffer buffer;
      buffer.space = Buffer::Space::Weight;
      buffer.index = weight;
      Launch launch;
      launch.buffers = {static_cast<BufferId>(program.buffers.size())};
      program.buffers.push_back(buffer);
      program.launches.push_back(launch);
    }
    module.programs.push_back(program);
  }
  model.modules = {module};
  return model;
}

constexpr uint64_t block = hashBlockBytes;

} // namespace

TEST(LoadPolicy, AGoodMapIsMeasuredOnce) {
  EXPECT_EQ(judge({{good}}), Verdict::Stay);
  EXPECT_EQ(judge({{ReadRates{90, 100}}}), Verdict::Stay); // on the border
  EXPECT_EQ(judge({{none}}), Verdict::Stay);
}

TEST(LoadPolicy, ASlowMapMustBeSlowTwice) {
  EXPECT_EQ(judge({{slow}}), Verdict::MeasureAgain);
  EXPECT_EQ(judge({{slow, slow}}), Verdict::Copy);
  EXPECT_EQ(judge({{slow, good}}), Verdict::Stay);
}

TEST(LoadPolicy, ACopyNeedsLargePagesAndRoomForItself) {
  constexpr int64_t gib = 1 << 30;
  EXPECT_EQ(whyNotCopy(gib, {2 * gib, true}), "");
  EXPECT_NE(whyNotCopy(gib, {2 * gib, false}).find("2 MiB pages"),
            std::string::npos);
  EXPECT_EQ(whyNotCopy(gib, {gib + 99 * copyMargin / 100, true}),
            "a copy needs 1024 MiB and 1277 MiB are left");
  EXPECT_NE(whyNotCopy(gib, {-1, true}), "");
  EXPECT_NE(whyNotCopy(UINT64_MAX, {INT64_MAX, true}), "");
  EXPECT_EQ(whyNotCopy(gib, {INT64_MAX, true}), "");
}

TEST(LoadPolicy, TheSystemsCacheGoesOnlyWhereMemoryIsShort) {
  constexpr int64_t gib = 1 << 30;
  EXPECT_TRUE(dropsCache(gib, {gib + copyMargin, true}));
  EXPECT_TRUE(dropsCache(gib, {2 * gib, true}));
  EXPECT_FALSE(dropsCache(gib, {2 * gib + copyMargin, true}));
  EXPECT_FALSE(dropsCache(gib, {INT64_MAX, true}));
}

TEST(LoadPolicy, ModesHaveNames) {
  for (LoadMode mode : {LoadMode::Auto, LoadMode::Map, LoadMode::Copy})
    EXPECT_EQ(parseLoadMode(loadModeName(mode)), mode);
  EXPECT_EQ(parseLoadMode("mmap"), std::nullopt);
  EXPECT_EQ(parseLoadMode(""), std::nullopt);
}

TEST(CopyPlan, FollowsTheOrderOfUse) {
  // Weights 0, 1, 2 begin in the blocks 0, 1, 2 and end there.
  Model model = readingWeights({0, block, 2 * block}, block, {{2, 0}, {0, 1}});
  CopyPlan plan = planCopy(model, 4 * block, /*everyBlock=*/false);
  EXPECT_EQ(plan.blocks, (std::vector<uint64_t>{2, 0, 1}));
  ASSERT_EQ(plan.moves.size(), 3u);
  EXPECT_EQ(plan.moves[0].weight, 2u);
  EXPECT_EQ(plan.moves[1].weight, 0u);
  EXPECT_EQ(plan.moves[2].weight, 1u);
  EXPECT_EQ(plan.largestStep(), 1u);
}

TEST(CopyPlan, CopiesABlockOnceThatWeightsShare) {
  // 0: blocks 0 and 1; 1: blocks 1 and 2; 2: block 2.
  Model model =
      readingWeights({block / 2, 3 * block / 2, 5 * block / 2}, block, {{2, 1, 0}});
  model.weights[2].bytes = block / 2;
  CopyPlan plan = planCopy(model, 3 * block, /*everyBlock=*/false);
  EXPECT_EQ(plan.blocks, (std::vector<uint64_t>{2, 1, 0}));
  ASSERT_EQ(plan.moves.size(), 3u);
  EXPECT_EQ(plan.moves[0].ready, 1u); // weight 2
  EXPECT_EQ(plan.moves[1].ready, 2u); // weight 1
  EXPECT_EQ(plan.moves[2].ready, 3u); // weight 0
}

TEST(CopyPlan, TakesUnusedBlocksOnlyWhenAsked) {
  Model model = readingWeights({4 * block, 0}, 3 * block, {{0}});
  CopyPlan used = planCopy(model, 8 * block, /*everyBlock=*/false);
  EXPECT_EQ(used.blocks, (std::vector<uint64_t>{4, 5, 6}));
  EXPECT_EQ(used.largestStep(), 3u);
  CopyPlan all = planCopy(model, 8 * block - 1, /*everyBlock=*/true);
  EXPECT_EQ(all.blocks.size(), 8u);
  EXPECT_EQ(std::set<uint64_t>(all.blocks.begin(), all.blocks.end()).size(), 8u);
  EXPECT_EQ(all.moves.size(), 1u);
}

TEST(CopyPlan, PassesOverEmptyWeightsAndModels) {
  Model model = readingWeights({0, 0}, 0, {{0, 1}});
  EXPECT_TRUE(planCopy(model, 0, /*everyBlock=*/true).blocks.empty());
  EXPECT_EQ(planCopy(Model(), 0, /*everyBlock=*/false).largestStep(), 0u);
}
