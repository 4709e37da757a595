/// kernel.linear on a simulated GPU: near the canonical sum, and the same bits
/// whatever rows and blocks a launch has.
#include "test/codegen/GroupedCase.h"
#include "test/codegen/LinearCase.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;
using llmc::llm::parseGroupScheme;

namespace {

/// Sums of products near 1, in another order.
void expectNear(float got, float want, int64_t parts, const std::string &where) {
  // An error of one part is multiplied by the other.
  float factor = parts == 2 ? 20 : 1;
  ASSERT_NEAR(got, want, factor * 4e-5f * (1 + std::abs(want))) << where;
}

std::string nameOf(const LinearShape &s, size_t at) {
  return s.type + " x " + s.rowType + " T " + std::to_string(s.rows) + " K " +
         std::to_string(s.length) + " N " + std::to_string(s.columns) + " row " +
         std::to_string(at / s.columns) + " column " +
         std::to_string(at % s.columns);
}

/// Outputs, as f32, of rows of any type.
std::vector<float> outputs(const LinearCase &c, const Kernel &kernel,
                           int64_t rows, int64_t step = 0) {
  const LinearShape &s = c.shape;
  std::vector<int64_t> extents = {rows, rows, rows};
  std::vector<float> result(rows * s.columns);
  Guarded<float> perRow(rows * s.columns);
  std::copy_n(c.perRow.data(), perRow.size(), perRow.data());
  if (s.rowType == "f32") {
    Guarded<float> input(rows * s.length), output(rows * s.columns, -1);
    std::copy_n(c.input.data(), input.size(), input.data());
    kernel.run({input, c.packed, perRow, c.perColumn, output}, extents, 0,
               s.tiles(), step);
    std::copy_n(output.data(), output.size(), result.begin());
    return result;
  }
  Guarded<uint16_t> input(rows * s.length), output(rows * s.columns);
  for (size_t i = 0; i < input.size(); ++i)
    input[i] = toHalf(s.rowType, c.input[i]);
  kernel.run({input, c.packed, perRow, c.perColumn, output}, extents, 0,
             s.tiles(), step);
  for (size_t i = 0; i < output.size(); ++i)
    result[i] = fromHalf(s.rowType, output[i]);
  return result;
}

void check(LinearShape shape, std::vector<int64_t> rowCounts) {
  Kernel kernel(linearText(shape), gpuLevel);
  for (int64_t rows : rowCounts) {
    shape.rows = rows;
    LinearCase c(shape, 1);
    std::vector<float> got = outputs(c, kernel, rows);
    for (size_t i = 0; i < got.size(); ++i) {
      float want = c.expected[i];
      if (shape.rowType == "f32")
        expectNear(got[i], want, shape.parts, nameOf(shape, i));
      else
        ASSERT_NEAR(got[i], want, 1e-3f + std::abs(want) / 120)
            << nameOf(shape, i);
    }
    if (::testing::Test::HasFailure())
      return;
  }
}

} // namespace

TEST(GpuLinear, TakesWeightsOfF32) {
  for (int64_t length : {1, 7, 33, 64, 300})
    for (int64_t columns : {1, 17, 64})
      check({0, length, columns}, {0, 1, 5, 11});
}

TEST(GpuLinear, TakesAllTypesOfWeightsAndRows) {
  const std::pair<const char *, const char *> types[] = {
      {"bf16", "bf16"}, {"bf16", "f32"}, {"f16", "f32"}, {"f16", "f16"},
      {"f16", "bf16"},  {"w8", "f32"},   {"w8", "bf16"}, {"f32", "bf16"}};
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
  check({0, 100, 72, 64, 4, 1, "w8", "f32"}, {70});
}

TEST(GpuLinear, HasTheSameBitsForAnyRowsAndBlocks) {
  for (int64_t tileRows : {8, 128}) {
    LinearShape shape{33, 200, 120, tileRows, 2, 1, "bf16", "bf16"};
    LinearCase c(shape, 3);
    Kernel kernel(linearText(shape), gpuLevel);
    std::vector<float> all = outputs(c, kernel, 33);
    for (int64_t rows : {1, 9, 33})
      for (int64_t step : {1, 3}) {
        std::vector<float> some = outputs(c, kernel, rows, step);
        for (size_t i = 0; i < some.size(); ++i)
          ASSERT_EQ(some[i], all[i]) << rows << " rows, element " << i;
      }
  }
}

/// Rows that come unnormalised with parts of their squares' sums, and the squares
/// of what is made of them.
TEST(GpuLinear, NormalisesRowsAndSumsTheirSquares) {
  constexpr int64_t rows = 21, parts = 40;
  for (int64_t tileRows : {8, 32, 128}) {
    LinearShape shape{rows, 96, 72, tileRows, 2, 1, "bf16", "bf16"};
    LinearCase c(shape, 5);
    std::string weight = "memref<5x48x16x2xbf16>", in = "memref<?x96xbf16>",
                out = "memref<?x72xf32>", sums = "memref<?x40xf32>",
                made = "memref<?x3xf32>";
    Kernel kernel(
        "func.func @k(%x: " + in + ", %w: " + weight + ", %y: " + out + ", %s: " +
            sums + ", %q: " + made +
            ", %b: index, %e: index) attributes {kernel.entry} {\n"
            "kernel.linear %x, %w outputs(%y : " + out + ") squares(%s : " + sums +
            ") partial_squares(%q : " + made +
            ") tiles(%b, %e) {parts = 1 : i64, tile_rows = " +
            std::to_string(tileRows) +
            " : i64, tile_panels = 2 : i64, norm_epsilon = 0.01 : f32} : " + in +
            ", " + weight + " {\n^bb0(%v: f32):\n%t = arith.addf %v, %v : f32\n"
            "llm.yield %t : f32\n}\nreturn\n}\n",
        gpuLevel);
    Guarded<uint16_t> input(rows * 96);
    for (size_t i = 0; i < input.size(); ++i)
      input[i] = toBf16(c.input[i]);
    Guarded<float> output(rows * 72, -1), squares(rows * parts),
        partial(rows * 3, -1);
    Numbers numbers(6);
    for (size_t i = 0; i < squares.size(); ++i)
      squares[i] = std::abs(numbers.normal());
    kernel.run({input, c.packed, output, squares, partial},
               {rows, rows, rows, rows}, 0, 3);
    for (int64_t t = 0; t < rows; ++t) {
      double square = 0, made[3] = {};
      for (int64_t i = 0; i < parts; ++i)
        square += squares[t * parts + i];
      for (int64_t n = 0; n < 72; ++n) {
        double sum = 0;
        for (int64_t k = 0; k < 96; ++k)
          sum += double(c.input[t * 96 + k]) * c.weight(0, k, n);
        sum *= 2 / std::sqrt(square / 96 + 0.01);
        expectNear(output[t * 72 + n], float(sum), 1,
                   "row " + std::to_string(t) + " column " + std::to_string(n));
        made[n / 32] += sum * sum;
      }
      for (int64_t i = 0; i < 3; ++i)
        ASSERT_NEAR(partial[t * 3 + i], made[i], 1e-4 * made[i]) << t;
    }
  }
}

TEST(GpuLinear, TakesGroups) {
  for (const char *scheme : {"w4g32", "w4g128", "w4g64z", "w8g32", "w8g128z"})
    for (int64_t tileRows : {8, 64})
      for (int64_t length : {7, 172, 256, 1100}) {
        GroupedCase shape(*parseGroupScheme(scheme), 0, length, 40);
        Kernel kernel(groupedText(shape, scheme, "f32", tileRows), gpuLevel);
        for (int64_t rows : {1, 9}) {
          GroupedCase c(*parseGroupScheme(scheme), rows, length, 40);
          Guarded<float> output(rows * 40, -1);
          kernel.run({c.input, c.packed, output}, {rows, rows}, 0,
                     (c.panels() + 1) / 2);
          for (int64_t i = 0; i < rows * 40; ++i)
            expectNear(output[i], c.expected[i], 1,
                       std::string(scheme) + " K " + std::to_string(length) +
                           " at " + std::to_string(i));
          if (HasFailure())
            return;
        }
      }
}
