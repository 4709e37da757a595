#include "test/codegen/LinearCheck.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;

constexpr double unit = 0x1p-24; ///< Of f32: half a unit in the last place of 1.

/// Each addition rounds a partial sum, which is about `root` at most, by a unit of it,
/// up or down: the errors add up as the root of their number. By a kernel's longest
/// chain, 3500 additions, the largest error of some 10000 sums is 1.6 times that, by
/// chains of a warp's share of K 0.7 times (2026-11-22).
double llmc::test::sumError(double additions, double root) {
  return 2.5 * unit * std::sqrt(additions + 16) * root;
}

int64_t llmc::test::productsOf(const std::string &type, const std::string &rowType) {
  if (type == "f32")
    return 1;
  if (rowType != "f32")
    return 2;
  return type == "f16" ? 5 : 3;
}

/// An error of one part is multiplied by the other one, however large that is: of
/// -175 * 0.007, the second with an error of 2e-5, four digits are left.
Near llmc::test::nearOutput(const LinearCase &c, int64_t row, int64_t column) {
  const LinearShape &s = c.shape;
  int64_t products = productsOf(s.type, s.rowType);
  Near all{1, 0};
  for (int64_t part = 0; part < s.parts; ++part) {
    double scale = c.scales[part * s.columns + column], sum = 0, squares = 0;
    for (int64_t k = 0; k < s.length; ++k) {
      double product = double(c.input[row * s.length + k]) * c.weight(part, k, column);
      sum += product;
      squares += product * product;
    }
    sum *= scale;
    double error = sumError(double(products * s.length), std::sqrt(squares) * scale);
    all.error = part ? std::abs(all.value) * error + std::abs(sum) * all.error +
                           all.error * error
                     : error;
    all.value *= sum;
  }
  double perRow = c.perRow[row * s.columns + column], perColumn = c.perColumn[column];
  // The product and the two additions.
  all.error += unit * (3 * std::abs(all.value) + 2 * std::abs(perRow) +
                       std::abs(perColumn));
  all.value += perRow + perColumn;
  return all;
}

Near llmc::test::rounded(Near near, const std::string &type) {
  double largest = std::abs(near.value) + near.error;
  if (type == "bf16")
    near.error += 0x1p-8 * largest;
  if (type == "f16") // Below 2^-14 the units are as large as there.
    near.error += 0x1p-11 * std::max(largest, 0x1p-14);
  return near;
}

void llmc::test::expectNear(float got, Near near, const std::string &where) {
  ASSERT_NEAR(got, near.value, near.error) << where;
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
      Near near = nearOutput(c, i / shape.columns, i % shape.columns);
      expectNear(got[i], rounded(near, shape.rowType), nameOf(shape, i));
    }
    if (::testing::Test::HasFailure())
      return;
  }
}

void llmc::test::checkGroups(const GroupedCase &c, const Kernel &kernel,
                             int64_t tilePanels) {
  std::vector<float> got = groupedOutputs(c, kernel, tilePanels);
  // A zero point takes as many additions as the terms; scales are products.
  int64_t additions = 2 * productsOf("w4", c.rowType) * c.length;
  for (size_t i = 0; i < got.size(); ++i)
    expectNear(got[i], {c.exact[i], sumError(double(additions), c.roots[i])},
               c.scheme.text() + " x " + c.rowType + " T " + std::to_string(c.rows) +
                   " K " + std::to_string(c.length) + " N " +
                   std::to_string(c.columns) + " at " + std::to_string(i));
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
        double sum = 0, squared = 0, factor = 2 / std::sqrt(square / 96 + 0.01);
        for (int64_t k = 0; k < 96; ++k) {
          double product = double(c.input[t * 96 + k]) * c.weight(0, k, n);
          sum += product;
          squared += product * product;
        }
        sum *= factor;
        // The factor is the root of a sum of 40 numbers, none negative.
        double error = sumError(96, std::sqrt(squared) * factor) +
                       (parts + 4) * unit * std::abs(sum);
        expectNear(output[t * 72 + n], {sum, error},
                   "row " + std::to_string(t) + " column " + std::to_string(n));
        made[n / 32] += sum * sum;
      }
      for (int64_t i = 0; i < 3; ++i)
        ASSERT_NEAR(partial[t * 3 + i], made[i], 1e-4 * made[i]) << t;
    }
  }
}
