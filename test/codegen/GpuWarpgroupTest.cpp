/// kernel.linear by wgmma on a simulated sm_90a: near the canonical sum, whatever is
/// no whole tile, and the same bits whatever rows and blocks a launch has.
#include "codegen/nvptx/PtxModule.h"
#include "test/codegen/LinearCheck.h"

#include "gtest/gtest.h"

using namespace llmc::test;
using llmc::llm::parseGroupScheme;

namespace {

constexpr const char *level = "sm_90a";

LinearShape shapeOf(int64_t length, int64_t columns, int64_t tileRows,
                    int64_t tilePanels, int64_t parts, const char *type,
                    const char *rowType) {
  LinearShape shape{0, length, columns, tileRows, tilePanels, parts, type, rowType};
  shape.engine = "wgmma";
  return shape;
}

} // namespace

TEST(GpuWarpgroup, TakesWeightsOfTwoBytes) {
  for (const char *type : {"bf16", "f16"})
    for (int64_t length : {8, 72, 200, 520})
      check(shapeOf(length, 136, 128, 8, 1, type, type), {0, 1, 130}, level);
}

TEST(GpuWarpgroup, TakesWeightsOfAByte) {
  for (const char *rowType : {"bf16", "f16"})
    for (int64_t length : {8, 72, 320})
      check(shapeOf(length, 136, 128, 8, 1, "w8", rowType), {1, 130}, level);
}

TEST(GpuWarpgroup, TakesTilesOfAnySize) {
  for (int64_t tileRows : {8, 40, 64})
    for (int64_t tilePanels : {1, 3, 8})
      check(shapeOf(136, 200, tileRows, tilePanels, 1, "bf16", "bf16"), {45}, level);
}

TEST(GpuWarpgroup, InterleavesTwoParts) {
  for (const char *type : {"bf16", "w8"})
    check(shapeOf(136, 100, 64, 4, 2, type, "bf16"), {3, 70}, level);
}

TEST(GpuWarpgroup, TakesDrawnShapes) {
  const std::pair<const char *, const char *> types[] = {
      {"bf16", "bf16"}, {"f16", "f16"}, {"w8", "bf16"}, {"w8", "f16"}};
  Numbers numbers(43);
  for (int i = 0; i < 24; ++i) {
    auto [type, rowType] = types[i % 4];
    int64_t parts = 1 + numbers.below(2), tileRows = 8 * (1 + numbers.below(16));
    check(shapeOf(8 * (1 + numbers.below(60)), 1 + numbers.below(250), tileRows,
                  1 + numbers.below(8 / parts), parts, type, rowType),
          {1 + int64_t(numbers.below(tileRows + 20))}, level);
    if (HasFailure())
      return;
  }
}

TEST(GpuWarpgroup, HasTheSameBitsForAnyRowsAndBlocks) {
  LinearShape shape = shapeOf(200, 280, 64, 8, 1, "bf16", "bf16");
  shape.rows = 150;
  checkSameBits(shape, {1, 66, 150}, level);
}

/// What folded norms add: factors of rows, sums of squares.
TEST(GpuWarpgroup, NormalisesRowsAndSumsTheirSquares) {
  checkFoldedNorms({8, 128}, "wgmma", level);
}

TEST(GpuWarpgroup, TakesGroups) {
  for (const char *scheme : {"w4g32", "w4g64", "w4g128", "w8g32", "w8g128"})
    for (const char *rowType : {"bf16", "f16"})
      for (int64_t length : {40, 256, 520}) {
        GroupedCase shape(*parseGroupScheme(scheme), 0, length, 136, rowType);
        Kernel kernel(groupedText(shape, 128, 8, "wgmma"), level);
        for (int64_t rows : {3, 70}) {
          checkGroups({shape.scheme, rows, length, 136, rowType}, kernel, 8);
          if (HasFailure())
            return;
        }
      }
}

TEST(GpuWarpgroup, TakesDrawnGroups) {
  const char *schemes[] = {"w4g32", "w4g64", "w4g128", "w8g32", "w8g64", "w8g128"};
  Numbers numbers(44);
  for (int i = 0; i < 12; ++i) {
    const char *rowType = numbers.below(2) ? "bf16" : "f16";
    int64_t tileRows = 8 * (1 + numbers.below(16)), tilePanels = 1 + numbers.below(8);
    GroupedCase c(*parseGroupScheme(schemes[i % 6]), 1 + numbers.below(tileRows + 20),
                  8 * (1 + numbers.below(70)), 1 + numbers.below(250), rowType, i);
    SCOPED_TRACE(testing::Message() << "draw " << i << ", tiles of " << tileRows
                                    << " rows, " << tilePanels << " panels");
    checkGroups(c, Kernel(groupedText(c, tileRows, tilePanels, "wgmma"), level),
                tilePanels);
    if (HasFailure())
      return;
  }
}

TEST(GpuWarpgroup, SpillsNothing) {
  std::string ptxas = llmc::codegen::findPtxas();
  if (ptxas.empty())
    GTEST_SKIP() << "there is no ptxas";
  GroupedCase groups(*parseGroupScheme("w4g128"), 0, 1024, 256, "bf16");
  GroupedCase halves(*parseGroupScheme("w4g128"), 0, 1024, 256, "f16");
  for (const std::string &text :
       {linearText(shapeOf(1024, 256, 128, 8, 1, "bf16", "bf16")),
        linearText(shapeOf(1024, 256, 128, 8, 1, "w8", "bf16")),
        groupedText(groups, 64, 8, "wgmma"), groupedText(halves, 64, 8, "wgmma")}) {
    std::string name, object = objectOf(text, level, name);
    auto module = llmc::codegen::joinPtx({{name, level, name, object}}, level);
    ASSERT_TRUE(module) << module.error().render();
    EXPECT_EQ(module->entries[0].matrix, "wgmma");
    llmc::Status done = llmc::codegen::assemble(*module, ptxas);
    ASSERT_TRUE(done) << done.error().render();
    EXPECT_EQ(module->entries[0].spillBytes, 0u) << text;
    EXPECT_LE(module->entries[0].registers, 128u) << text;
  }
}
