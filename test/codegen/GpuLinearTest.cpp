/// kernel.linear on a simulated GPU: near the canonical sum, and the same bits
/// whatever rows and blocks a launch has.
#include "test/codegen/LinearCheck.h"

#include "gtest/gtest.h"

using namespace llmc::test;
using llmc::llm::parseGroupScheme;

TEST(GpuLinear, TakesWeightsOfF32) {
  for (int64_t length : {1, 7, 33, 64, 300})
    for (int64_t columns : {1, 17, 64})
      check({0, length, columns}, {0, 1, 5, 11});
}

TEST(GpuLinear, TakesAllTypesOfWeightsAndRows) {
  const std::pair<const char *, const char *> types[] = {
      {"bf16", "bf16"}, {"bf16", "f32"}, {"f16", "f32"}, {"f16", "f16"},
      {"f16", "bf16"},  {"w8", "f32"},   {"w8", "bf16"}, {"w8", "f16"},
      {"f32", "bf16"}};
  for (auto [type, rowType] : types)
    for (int64_t length : {7, 75, 160, 1100})
      check({0, length, 40, 8, 2, 1, type, rowType}, {1, 9});
}

TEST(GpuLinear, TakesUpToFourTilesOfRowsAndPairsOfPanels) {
  for (int64_t tileRows : {1, 16, 24, 32})
    for (int64_t tilePanels : {1, 2, 3, 4})
      check({0, 352, 88, tileRows, tilePanels, 1, "bf16", "bf16"}, {0, 3, 45});
}

TEST(GpuLinear, InterleavesTwoParts) {
  for (const char *type : {"f32", "bf16", "w8"})
    for (int64_t tilePanels : {1, 2})
      check({0, 96, 100, 8, tilePanels, 2, type}, {1, 10});
}

TEST(GpuLinear, TakesManyRowsThroughSharedMemory) {
  for (int64_t tilePanels : {2, 4, 8, 16})
    check({0, 96, 200, 128, tilePanels, 1, "bf16", "bf16"}, {1, 130});
  check({0, 264, 72, 64, 4, 2, "bf16", "bf16"}, {70});
  check({0, 72, 72, 64, 4, 1, "bf16", "f32"}, {70});
  for (const char *rowType : {"f32", "bf16", "f16"})
    check({0, 104, 72, 64, 4, 1, "w8", rowType}, {70});
}

TEST(GpuLinear, TakesDrawnShapes) {
  const std::pair<const char *, const char *> types[] = {
      {"f32", "f32"}, {"bf16", "bf16"}, {"bf16", "f32"}, {"f16", "f16"},
      {"f16", "f32"}, {"w8", "f32"},    {"w8", "bf16"},  {"w8", "f16"}};
  const int64_t fewRows[] = {1, 8, 16, 24, 32}, manyRows[] = {40, 64, 128};
  Numbers numbers(41);
  for (int i = 0; i < 64; ++i) {
    auto [type, rowType] = types[i % 8];
    bool many = i % 8 != 0 && numbers.below(2);
    int64_t tileRows = i % 8 == 0 ? 1 + numbers.below(8)
                       : many     ? manyRows[numbers.below(3)]
                                  : fewRows[numbers.below(5)];
    int64_t parts = 1 + numbers.below(2);
    int64_t panels = many ? 2 << numbers.below(3) : 1 + numbers.below(4);
    LinearShape shape{0,        1 + int64_t(numbers.below(700)),
                      1 + int64_t(numbers.below(150)), tileRows,
                      std::max<int64_t>(1, panels / parts), parts, type, rowType};
    SCOPED_TRACE(testing::Message() << "draw " << i << ", tiles of " << tileRows
                                    << " rows, " << shape.tilePanels << " panels");
    check(shape, {1 + int64_t(numbers.below(tileRows + 10))});
    if (HasFailure())
      return;
  }
}

TEST(GpuLinear, HasTheSameBitsForAnyRowsAndBlocks) {
  for (int64_t tileRows : {8, 128})
    checkSameBits({33, 200, 120, tileRows, 2, 1, "bf16", "bf16"}, {1, 9, 33});
}

TEST(GpuLinear, NormalisesRowsAndSumsTheirSquares) {
  checkFoldedNorms({8, 32, 128});
}

TEST(GpuLinear, TakesGroups) {
  for (const char *scheme : {"w4g32", "w4g128", "w4g64z", "w8g32", "w8g128z"})
    for (const char *rowType : {"f32", "bf16", "f16"})
      for (int64_t tileRows : {8, 64})
        for (int64_t length : {7, 168, 256, 1100}) {
          GroupedCase shape(*parseGroupScheme(scheme), 0, length, 40, rowType);
          Kernel kernel(groupedText(shape, tileRows), gpuLevel);
          for (int64_t rows : {1, 9}) {
            checkGroups({shape.scheme, rows, length, 40, rowType}, kernel);
            if (HasFailure())
              return;
          }
        }
}

TEST(GpuLinear, TakesDrawnGroups) {
  const char *schemes[] = {"w4g32", "w4g64", "w4g128", "w8g32", "w8g128"};
  const char *rowTypes[] = {"f32", "bf16", "f16"};
  const int64_t tilesOfRows[] = {1, 8, 16, 32, 40, 64, 128};
  Numbers numbers(42);
  for (int i = 0; i < 30; ++i) {
    std::string scheme = schemes[i % 5];
    if (numbers.below(2))
      scheme += "z";
    const char *rowType = rowTypes[i % 3];
    int64_t tileRows = tilesOfRows[numbers.below(7)], tilePanels = 1 + numbers.below(4);
    GroupedCase c(*parseGroupScheme(scheme), 1 + numbers.below(tileRows + 10),
                  1 + numbers.below(700), 1 + numbers.below(150), rowType, i);
    SCOPED_TRACE(testing::Message() << "draw " << i << ", tiles of " << tileRows
                                    << " rows, " << tilePanels << " panels");
    checkGroups(c, Kernel(groupedText(c, tileRows, tilePanels), gpuLevel), tilePanels);
    if (HasFailure())
      return;
  }
}
