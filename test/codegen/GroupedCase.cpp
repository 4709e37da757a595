#include "test/codegen/GroupedCase.h"

#include <cmath>
#include <cstring>

using namespace llmc::test;
using llmc::llm::GroupScheme;

static std::string str(int64_t value) { return std::to_string(value); }

GroupedCase::GroupedCase(GroupScheme scheme, int64_t rows, int64_t length, int64_t columns,
                         const std::string &rowType, uint64_t seed)
    : scheme(scheme), rows(rows), length(length), columns(columns), rowType(rowType),
      input(rows * length), expected(rows * columns),
      packed(panels() * groups() * scheme.bytes(), 0), exact(rows * columns),
      roots(rows * columns) {
  Numbers numbers(seed);
  numbers.fill(input);
  for (size_t i = 0; rowType != "f32" && i < input.size(); ++i)
    input[i] = fromHalf(rowType, toHalf(rowType, input[i]));
  FlushDenormals flush;
  for (int64_t n = 0; n < columns; ++n) {
    uint8_t *panel =
        packed.data() + n / 16 * groups() * scheme.bytes();
    int64_t lane = n % 16;
    std::vector<float> scales(groups()), zeros(groups(), scheme.middle());
    std::vector<int64_t> weights(length);
    for (int64_t g = 0; g < groups(); ++g) {
      uint8_t *header = panel + g * scheme.bytes();
      scales[g] = 0.02f * std::abs(numbers.normal());
      std::memcpy(header + lane * 4, &scales[g], 4);
      if (!scheme.zeros)
        continue;
      zeros[g] = float(numbers.below(int64_t(1) << scheme.bits));
      std::memcpy(header + 64 + lane * 4, &zeros[g], 4);
    }
    for (int64_t k = 0; k < length; ++k) {
      weights[k] = numbers.below(int64_t(1) << scheme.bits);
      uint8_t *lines = panel + k / scheme.size * scheme.bytes() +
                       scheme.headerBytes();
      int64_t in = k % scheme.size;
      if (scheme.bits == 8)
        lines[in / 4 * 64 + lane * 4 + in % 4] = uint8_t(weights[k]);
      else
        lines[in / 8 * 64 + lane * 4 + in % 4] |=
            uint8_t(weights[k] << in / 4 % 2 * 4);
    }
    for (int64_t t = 0; t < rows; ++t) {
      float sum = 0;
      for (int64_t first = 0; first < length; first += 32) {
        float chains[2] = {0, 0};
        for (int64_t k = first; k < std::min(length, first + 32); ++k)
          chains[k % 2] = __builtin_fmaf(
              input[t * length + k], weights[k] - zeros[k / scheme.size],
              chains[k % 2]);
        sum = __builtin_fmaf(scales[first / scheme.size], chains[0] + chains[1],
                             sum);
      }
      expected[t * columns + n] = sum;
      double total = 0, squares = 0;
      for (int64_t k = 0; k < length; ++k) {
        int64_t g = k / scheme.size;
        double factor = double(input[t * length + k]) * scales[g];
        double shift = zeros[g] - scheme.middle();
        double term = factor * (double(weights[k]) - scheme.middle());
        total += term - factor * shift;
        squares += term * term + factor * shift * factor * shift;
      }
      exact[t * columns + n] = total;
      roots[t * columns + n] = std::sqrt(squares);
    }
  }
}

std::string GroupedCase::weightText() const {
  return "memref<" + str(panels()) + "x" + str(groups() * scheme.bytes()) + "xi8>";
}

float GroupedCase::weight(int64_t k, int64_t column) const {
  const uint8_t *group = packed.data() +
                         (column / 16 * groups() + k / scheme.size) * scheme.bytes();
  int64_t lane = column % 16, in = k % scheme.size;
  float scale, zero = scheme.middle();
  std::memcpy(&scale, group + lane * 4, 4);
  if (scheme.zeros)
    std::memcpy(&zero, group + 64 + lane * 4, 4);
  const uint8_t *lines = group + scheme.headerBytes();
  int number = scheme.bits == 8
                   ? lines[in / 4 * 64 + lane * 4 + in % 4]
                   : lines[in / 8 * 64 + lane * 4 + in % 4] >> in / 4 % 2 * 4 & 15;
  return (float(number) - zero) * scale;
}

std::string llmc::test::groupedText(const GroupedCase &c, int64_t tileRows,
                                    int64_t tilePanels, const std::string &engine) {
  std::string input = "memref<?x" + str(c.length) + "x" + c.rowType + ">";
  std::string output = "memref<?x" + str(c.columns) + "xf32>";
  std::string weight = c.weightText();
  return "func.func @k(%x: " + input + ", %w: " + weight + ", %y: " + output +
         ", %b: index, %e: index) attributes {kernel.entry} {\n"
         "kernel.linear %x, %w outputs(%y : " + output + ") tiles(%b, %e) "
         "{parts = 1 : i64, tile_rows = " + str(tileRows) +
         " : i64, tile_panels = " + str(tilePanels) + " : i64, "
         "scheme = \"" + c.scheme.text() + "\", engine = \"" + engine + "\"} : " + input + ", " + weight +
         " {\n^bb0(%s: f32):\nllm.yield %s : f32\n}\nreturn\n}\n";
}

std::vector<float> llmc::test::groupedOutputs(const GroupedCase &c, const Kernel &kernel,
                                              int64_t tilePanels) {
  Guarded<float> output(c.rows * c.columns, -1);
  auto run = [&](void *input) {
    kernel.run({input, c.packed, output}, {c.rows, c.rows}, 0,
               (c.panels() + tilePanels - 1) / tilePanels);
  };
  if (c.rowType == "f32") {
    run(c.input);
  } else {
    Guarded<uint16_t> input(c.input.size());
    for (size_t i = 0; i < input.size(); ++i)
      input[i] = toHalf(c.rowType, c.input[i]);
    run(input);
  }
  return {output.data(), output.data() + output.size()};
}
