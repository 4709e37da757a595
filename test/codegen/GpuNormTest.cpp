/// The norms on a simulated GPU, over drawn shapes, types and strides.
#include "test/codegen/DrawnRows.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;

namespace {

constexpr double unit = 0x1p-24; ///< Of f32.

std::string str(int64_t value) { return std::to_string(value); }

/// Sums of squares, none negative, have an error of a unit for some additions in a
/// row, which a root halves; a few operations follow.
double normError(int64_t length, double size) {
  return unit * (8 + std::sqrt(double(length))) * size;
}

} // namespace

TEST(GpuRmsNorm, NormalisesDrawnRowsAndHeads) {
  Numbers numbers(57);
  for (int i = 0; i < 14; ++i) {
    int64_t heads = numbers.below(2) ? 1 + numbers.below(12) : 0;
    int64_t length = heads ? 1 + numbers.below(150) : drawLength(numbers);
    int64_t rows = 1 + numbers.below(5), columns = length * std::max<int64_t>(heads, 1);
    DrawnRows input(numbers, drawType(numbers), rows, columns, 3),
        output(numbers, drawType(numbers), rows, columns);
    DrawnVector scale(numbers, drawType(numbers), length);
    double offset = double(numbers.below(2)), epsilon = numbers.below(2) ? 1e-5 : 0.5;
    std::string in = heads ? input.text(heads) : input.text();
    std::string out = heads ? output.text(heads) : output.text();
    std::string where = "draw " + str(i) + " " + in + " to " + out;
    Kernel(kernelText("kernel.rms_norm", {in, scale.text(), out},
                      std::string("epsilon = ") + (epsilon == 0.5 ? "0.5" : "1.0e-5") +
                          " : f32, offset = " + (offset ? "1.0" : "0.0") + " : f32"),
           gpuLevel)
        .run({input, scale, output}, {rows, rows}, 0, rows);
    std::vector<double> factors;
    for (int64_t start = 0; start < rows * columns; start += length) {
      double squares = 0;
      for (int64_t k = start; k < start + length; ++k)
        squares += std::pow(double(input.at(k / columns, k % columns)), 2);
      factors.push_back(1 / std::sqrt(squares / double(length) + epsilon));
    }
    expectRowsNear(output, where, [&](int64_t t, int64_t k) -> Near {
      double value = input.at(t, k) * factors[(t * columns + k) / length] *
                     (offset + scale.at(k % length));
      // An offset and a scale of other signs may leave little of both.
      double size = std::abs(value) +
                    2 * offset * std::abs(input.at(t, k)) * factors[(t * columns + k) / length];
      return {value, normError(length, size)};
    });
    if (HasFailure())
      return;
  }
}

/// What is added is exact; the norm is that of the rounded sum. A normalised input has
/// the bits of two kernels.
TEST(GpuAddRmsNorm, AddsDrawnRows) {
  Numbers numbers(58);
  for (int i = 0; i < 14; ++i) {
    int64_t length = drawLength(numbers), rows = 1 + numbers.below(5);
    bool inPlace = numbers.below(2), normalises = numbers.below(2);
    DrawnRows input(numbers, drawType(numbers), rows, length),
        residual(numbers, drawType(numbers), rows, length),
        ownSum(numbers, drawType(numbers), rows, length),
        output(numbers, drawType(numbers), rows, length), before(residual);
    DrawnVector scale(numbers, drawType(numbers), length),
        inputScale(numbers, drawType(numbers), length);
    const DrawnRows &sum = inPlace ? residual : ownSum;
    std::string norm = "epsilon = 1.0e-3 : f32, offset = 0.0 : f32";
    std::string where = "draw " + str(i) + " " + input.text() + " " + residual.text() +
                        " " + sum.text() + " " + output.text();
    std::vector<std::string> types = {input.text(), residual.text(), scale.text(),
                                      sum.text(), output.text()};
    std::vector<void *> buffers = {input, residual, scale, sum, output};
    if (normalises)
      types.push_back(inputScale.text()), buffers.push_back(inputScale);
    Kernel(kernelText("kernel.add_rms_norm", types, norm), gpuLevel)
        .run(buffers, {rows, rows, rows, rows}, 0, rows);
    if (normalises)
      Kernel(kernelText("kernel.rms_norm", {input.text(), inputScale.text(), input.text()}, norm),
             gpuLevel)
          .run({input, inputScale, input}, {rows, rows}, 0, rows);
    expectRows(sum, where, [&](int64_t t, int64_t k) {
      return stored(sum.type, input.at(t, k) + before.at(t, k));
    });
    expectRowsNear(output, where, [&](int64_t t, int64_t k) -> Near {
      double squares = 0;
      for (int64_t j = 0; j < length; ++j)
        squares += std::pow(double(sum.at(t, j)), 2);
      double value = sum.at(t, k) / std::sqrt(squares / double(length) + 1e-3) * scale.at(k);
      return {value, normError(length, std::abs(value))};
    });
    if (HasFailure())
      return;
  }
}

TEST(GpuLayerNorm, CentresDrawnRows) {
  Numbers numbers(59);
  for (int i = 0; i < 10; ++i) {
    int64_t length = drawLength(numbers), rows = 1 + numbers.below(5);
    DrawnRows input(numbers, drawType(numbers), rows, length, 2),
        output(numbers, drawType(numbers), rows, length);
    DrawnVector scale(numbers, drawType(numbers), length),
        bias(numbers, drawType(numbers), length);
    std::string where = "draw " + str(i) + " " + input.text() + " to " + output.text();
    Kernel(kernelText("kernel.layer_norm",
                      {input.text(), scale.text(), bias.text(), output.text()},
                      "epsilon = 1.0e-3 : f32"),
           gpuLevel)
        .run({input, scale, bias, output}, {rows, rows}, 0, rows);
    for (int64_t t = 0; t < rows; ++t) {
      double mean = 0, variance = 0, largest = 0;
      for (int64_t k = 0; k < length; ++k)
        mean += input.at(t, k) / double(length);
      for (int64_t k = 0; k < length; ++k) {
        variance += std::pow(input.at(t, k) - mean, 2) / double(length);
        largest = std::max(largest, std::abs(double(input.at(t, k))));
      }
      double factor = 1 / std::sqrt(variance + 1e-3);
      for (int64_t k = 0; k < length; ++k) {
        double value = (input.at(t, k) - mean) * factor * scale.at(k) + bias.at(k);
        // The mean's error is one of numbers as large as the row's.
        double size = largest * factor * std::abs(scale.at(k)) + std::abs(bias.at(k));
        expectNear(output.at(t, k), rounded({value, normError(length, size)}, output.type),
                   where + " row " + str(t) + " column " + str(k));
      }
    }
    ASSERT_TRUE(output.keptRooms()) << where;
    if (HasFailure())
      return;
  }
}
