#include "test/codegen/LinearCheck.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;

void llmc::test::expectNear(float got, float want, int64_t parts, const std::string &where) {
  // An error of one part is multiplied by the other.
  float factor = parts == 2 ? 20 : 1;
  ASSERT_NEAR(got, want, factor * 4e-5f * (1 + std::abs(want))) << where;
}

static std::string nameOf(const LinearShape &s, size_t at) {
  return s.type + " x " + s.rowType + " T " + std::to_string(s.rows) + " K " +
         std::to_string(s.length) + " N " + std::to_string(s.columns) + " row " +
         std::to_string(at / s.columns) + " column " +
         std::to_string(at % s.columns);
}

std::vector<float> llmc::test::outputs(const LinearCase &c, const Kernel &kernel,
                                       int64_t rows, int64_t step) {
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

void llmc::test::checkSameBits(const LinearShape &shape,
                               const std::vector<int64_t> &rowCounts,
                               const std::string &level) {
  LinearCase c(shape, 3);
  Kernel kernel(linearText(shape), level);
  std::vector<float> all = outputs(c, kernel, rowCounts.back());
  for (int64_t rows : rowCounts)
    for (int64_t step : {1, 3}) {
      std::vector<float> some = outputs(c, kernel, rows, step);
      for (size_t i = 0; i < some.size(); ++i)
        ASSERT_EQ(some[i], all[i]) << rows << " rows, element " << i;
    }
}

void llmc::test::check(LinearShape shape, std::vector<int64_t> rowCounts,
                       const std::string &level) {
  Kernel kernel(linearText(shape), level);
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

void llmc::test::checkFoldedNorms(const std::vector<int64_t> &tilesOfRows,
                                  const std::string &engine,
                                  const std::string &level) {
  constexpr int64_t rows = 21, parts = 40;
  for (int64_t tileRows : tilesOfRows) {
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
            " : i64, tile_panels = 2 : i64, norm_epsilon = 0.01 : f32, engine = \"" +
            engine + "\"} : " + in +
            ", " + weight + " {\n^bb0(%v: f32):\n%t = arith.addf %v, %v : f32\n"
            "llm.yield %t : f32\n}\nreturn\n}\n",
        level);
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
