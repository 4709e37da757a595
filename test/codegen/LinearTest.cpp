/// kernel.linear against its canonical sum, bit by bit.
#include "test/codegen/LinearCase.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;

namespace {

void check(const LinearCase &c, const Kernel &kernel, int64_t step = 0) {
  const LinearShape &s = c.shape;
  Guarded<float> output(s.rows * s.columns, -1);
  kernel.run({c.input, c.packed, c.perRow, c.perColumn, output},
             {s.rows, s.rows, s.rows}, 0, s.tiles(), step);
  for (size_t i = 0; i < output.size(); ++i)
    ASSERT_EQ(output[i], c.expected[i])
        << "row " << i / s.columns << " column " << i % s.columns << " of T "
        << s.rows << " K " << s.length << " N " << s.columns << " " << s.type;
}

/// The same with rows of bf16 or f16.
void checkHalfRows(const LinearCase &c, const Kernel &kernel, int64_t step = 0) {
  const LinearShape &s = c.shape;
  // Rows of padding hold what is no number.
  Guarded<uint16_t> input(s.memoryRows() * s.length, 0xffff);
  Guarded<uint16_t> output(s.rows * s.columns);
  Guarded<float> scratch(s.blockLength ? s.memoryRows() * s.scratchColumns() : 0);
  for (size_t i = 0; i < c.input.size(); ++i)
    input[i] = toHalf(s.rowType, c.input[i]);
  std::vector<void *> buffers = {input, c.packed, c.perRow, c.perColumn, output};
  std::vector<int64_t> extents = {s.rows, s.rows, s.rows};
  if (s.blockLength) {
    buffers.push_back(scratch);
    extents.push_back(s.rows);
  }
  kernel.run(buffers, extents, 0, s.tiles(), step);
  for (size_t i = 0; i < output.size(); ++i)
    ASSERT_EQ(output[i], toHalf(s.rowType, c.expected[i])) << i << s.rowType;
}

} // namespace

TEST(Linear, HasTheCanonicalSumForAllShapes) {
  for (const std::string &level : runnableLevels())
    for (int64_t length : {1, 7, 8, 31, 32, 33, 64, 172})
      for (int64_t columns : {1, 8, 16, 17, 64, 172}) {
        LinearShape shape{0, length, columns};
        Kernel kernel(linearText(shape), level);
        for (int64_t rows : {0, 1, 2, 3, 5, 8, 33}) {
          shape.rows = rows;
          check(LinearCase(shape, 1), kernel);
        }
      }
}

TEST(Linear, TakesEveryTypeOfWeights) {
  for (const std::string &level : runnableLevels())
    for (const char *type : {"bf16", "f16", "w8"})
      for (int64_t length : {1, 7, 8, 33, 172})
        for (int64_t columns : {17, 64}) {
          LinearShape shape{5, length, columns};
          shape.type = type;
          check(LinearCase(shape, 2), Kernel(linearText(shape), level));
        }
}

TEST(Linear, TakesAndGivesRowsOfHalves) {
  for (const std::string &level : runnableLevels())
    for (const char *rowType : {"bf16", "f16"})
      for (const char *type : {"f32", "bf16", "f16", "w8"})
        for (int64_t length : {75, 96}) {
          LinearShape shape{7, length, 40};
          shape.type = type;
          shape.rowType = rowType;
          checkHalfRows(LinearCase(shape, 5), Kernel(linearText(shape), level));
        }
}

TEST(Linear, InterleavesTwoParts) {
  for (const std::string &level : runnableLevels())
    for (const char *type : {"f32", "bf16", "f16", "w8"}) {
      LinearShape shape{7, 72, 100, 6, 2, 2};
      shape.type = type;
      check(LinearCase(shape, 3), Kernel(linearText(shape), level));
    }
}

TEST(Linear, DoesNotDependOnTilesOrTheirPartition) {
  for (const std::string &level : runnableLevels())
    for (int64_t tileRows : {1, 3, 6, 12})
      for (int64_t tilePanels : {1, 2, 3, 4}) {
        LinearShape shape{23, 172, 120, tileRows, tilePanels};
        LinearCase numbers(shape, 4);
        Kernel kernel(linearText(shape), level);
        for (int64_t step : {0, 1, 2})
          check(numbers, kernel, step);
      }
}

/// The levels at which linears of a type of pairs differ.
static const std::vector<std::string> &levelsOf(const std::string &type) {
  return type == "f16" ? levelsOfHalves() : runnableLevels();
}

TEST(Linear, OfPairsHasTheSameBitsByTiles) {
  for (const char *type : {"bf16", "f16"})
    for (const std::string &level : levelsOf(type))
      for (int64_t length : {32, 96})
        for (int64_t columns : {1, 16, 17, 40, 64})
          for (int64_t parts : {1, 2}) {
            LinearShape shape{0, length, columns, 4, 2, parts, type, type, 16};
            Kernel kernel(linearText(shape), level);
            for (int64_t rows : {0, 1, 15, 16, 17, 32, 33, 65, 96}) {
              shape.rows = rows;
              checkHalfRows(LinearCase(shape, 6), kernel);
            }
          }
}

TEST(Linear, OfPairsDoesNotDependOnBlocksOfK) {
  for (const char *type : {"bf16", "f16"})
    for (const std::string &level : levelsOf(type))
      for (int64_t block : {32, 64, 96, 256})
        for (int64_t parts : {1, 2}) {
          LinearShape shape{37, 224, 72, 4, 3, parts, type, type, 16, block};
          Kernel kernel(linearText(shape), level);
          for (int64_t step : {0, 1})
            checkHalfRows(LinearCase(shape, 7), kernel, step);
        }
}

/// What tiles do not do, vectors do on their level too.
TEST(Linear, OfPairsTakesAnyLengthOnEveryLevel) {
  for (const char *type : {"bf16", "f16"})
    for (const std::string &level : levelsOf(type))
      for (int64_t length : {1, 2, 15, 16, 17, 31, 33, 48, 75}) {
        LinearShape shape{18, length, 40, 4, 2, 1, type, type, 16};
        checkHalfRows(LinearCase(shape, 8), Kernel(linearText(shape), level));
      }
}

/// Denormals of f16 are normal in f32, for tiles and for vectors.
TEST(Linear, OfHalvesKeepsTheirDenormals) {
  for (const std::string &level : levelsOfHalves())
    for (bool inputs : {false, true}) {
      LinearShape shape{20, 96, 40, 4, 2, 1, "f16", "f16", 16};
      (inputs ? shape.inputScale : shape.weightScale) = 0x1p-18f;
      (inputs ? shape.weightScale : shape.inputScale) = 0x1p10f;
      LinearCase numbers(shape, 9);
      ASSERT_GT(std::abs(numbers.expected[0]), 0);
      checkHalfRows(numbers, Kernel(linearText(shape), level));
    }
}

/// A linear of one row, of the blocks of rows that are left, and of whole ones.
TEST(Linear, OfHalvesTakesAnyRowsAndTiles) {
  for (const std::string &level : levelsOfHalves())
    for (const char *rowType : {"f32", "f16"})
      for (int64_t tileRows : {1, 4, 6})
        for (int64_t tilePanels : {1, 2, 4}) {
          LinearShape shape{0, 108, 120, tileRows, tilePanels, 1, "f16", rowType};
          Kernel kernel(linearText(shape), level);
          for (int64_t rows : {1, 2, 7, 23}) {
            shape.rows = rows;
            LinearCase numbers(shape, 10);
            if (shape.rowType == "f32")
              check(numbers, kernel);
            else
              checkHalfRows(numbers, kernel);
          }
        }
}
