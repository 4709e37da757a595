/// embedding, take_rows, the norms, rope and map against plain references.
#include "test/codegen/KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

using namespace llmc::test;

namespace {

std::string str(int64_t value) { return std::to_string(value); }

std::string rowsOf(int64_t columns, const std::string &type = "f32") {
  return "memref<?x" + str(columns) + "x" + type + ">";
}

/// A kernel of one op: `arguments` and the op's types come without the tiles'.
std::string kernelText(const std::string &arguments, const std::string &op) {
  return "func.func @k(" + arguments +
         ", %b: index, %e: index) attributes {kernel.entry} {\n" + op +
         (op.back() == '}' ? "" : ", index, index") + "\nreturn\n}\n";
}

/// f32 sums differ from the reference in double by their rounding.
void expectClose(const Guarded<float> &got, const std::vector<double> &want,
                 double relative = 2e-6) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i)
    ASSERT_NEAR(got[i], want[i], relative * (1 + std::abs(want[i]))) << i;
}

const int64_t lengths[] = {1, 8, 15, 16, 17, 64, 172};

} // namespace

TEST(Embedding, CopiesRowsOfTheTable) {
  for (const std::string &level : testedLevels())
    for (int64_t length : lengths) {
      std::string t = rowsOf(length);
      Kernel kernel(
          kernelText("%t: memref<?xi32>, %w: memref<9x" + str(length) +
                         "xf32>, %y: " + t,
                     "kernel.embedding %t, %w, %y, %b, %e : memref<?xi32>, "
                     "memref<9x" + str(length) + "xf32>, " + t),
          level);
      Guarded<int32_t> tokens(5);
      Guarded<float> table(9 * length), output(5 * length, -1);
      Numbers numbers(1);
      numbers.fill(table);
      for (int i = 0; i < 5; ++i)
        tokens[i] = (i * 5 + 3) % 9;
      kernel.run({tokens, table, output}, {5, 5}, 0, 5);
      for (int64_t i = 0; i < 5 * length; ++i)
        ASSERT_EQ(output[i], table[tokens[i / length] * length + i % length]);
    }
}

TEST(Embedding, WidensHalfTables) {
  for (const std::string &level : testedLevels())
    for (const char *type : {"bf16", "f16"}) {
      Kernel kernel(
          kernelText("%t: memref<?xi32>, %w: memref<4x20x" + std::string(type) +
                         ">, %y: memref<?x20xf32>",
                     "kernel.embedding %t, %w, %y, %b, %e : memref<?xi32>, "
                     "memref<4x20x" + std::string(type) + ">, memref<?x20xf32>"),
          level);
      Guarded<int32_t> tokens(1, 2);
      Guarded<uint16_t> table(80);
      Guarded<float> output(20);
      bool bf16 = type[0] == 'b';
      for (int i = 0; i < 80; ++i)
        table[i] = bf16 ? toBf16(i * 0.37f) : toF16(i * 0.37f);
      kernel.run({tokens, table, output}, {1, 1}, 0, 1);
      for (int i = 0; i < 20; ++i)
        ASSERT_EQ(output[i], bf16 ? fromBf16(table[40 + i]) : fromF16(table[40 + i]));
    }
}

/// Column `token` of a weight [7, 40] in panels: each group of four bytes holds
/// `group` rows of one column.
TEST(Embedding, CopiesColumnsOfAWeightInPanels) {
  constexpr int64_t length = 7, vocabulary = 40, panels = 3;
  for (const std::string &level : testedLevels())
    for (const char *type : {"f32", "bf16", "i8"}) {
      int64_t group = type[0] == 'f' ? 1 : type[0] == 'b' ? 2 : 4;
      int64_t lines = (length + group - 1) / group;
      std::string shape =
          group == 1   ? "3x7x16xf32"
          : group == 2 ? "3x4x16x2xbf16"
                       : "3x" + str(lines * 64 + 64) + "xi8";
      std::string options = group == 4 ? "{panels, scheme = \"w8\"}" : "{panels}";
      Kernel kernel(
          kernelText("%t: memref<?xi32>, %w: memref<" + shape +
                         ">, %y: memref<?x7xf32>",
                     "kernel.embedding %t, %w, %y, %b, %e " + options +
                         " : memref<?xi32>, memref<" + shape +
                         ">, memref<?x7xf32>"),
          level);
      int64_t panelBytes = lines * 64 + (group == 4 ? 64 : 0);
      Guarded<uint8_t> weight(panels * panelBytes, 0);
      auto number = [](int64_t row, int64_t column) {
        return static_cast<float>((row * 31 + column * 7) % 101 - 50);
      };
      for (int64_t column = 0; column < vocabulary; ++column) {
        uint8_t *panel = weight.data() + column / 16 * panelBytes;
        int64_t lane = column % 16;
        for (int64_t row = 0; row < length; ++row) {
          uint8_t *at = panel + row / group * 64 + lane * 4 +
                        row % group * (4 / group);
          float value = number(row, column);
          uint16_t half = toBf16(value);
          auto byte = static_cast<int8_t>(value);
          std::memcpy(at, group == 1   ? static_cast<void *>(&value)
                          : group == 2 ? static_cast<void *>(&half)
                                       : &byte,
                      4 / group);
        }
        float scale = 0.5f;
        if (group == 4)
          std::memcpy(panel + lines * 64 + lane * 4, &scale, 4);
      }
      Guarded<int32_t> tokens(3);
      tokens[0] = 39, tokens[1] = 0, tokens[2] = 17;
      Guarded<float> output(3 * length, -1);
      kernel.run({tokens, weight, output}, {3, 3}, 0, 3);
      for (int64_t i = 0; i < 3 * length; ++i)
        ASSERT_EQ(output[i], number(i % length, tokens[i / length]) *
                                 (group == 4 ? 0.5f : 1.f))
            << level << " " << type << " " << i;
    }
}

TEST(TakeRows, OfF16HasItsLargestNumberForWhatIsBeyond) {
  for (const std::string &level : testedLevels()) {
    std::string from = rowsOf(20), to = rowsOf(20, "f16");
    Kernel kernel(kernelText("%x: " + from + ", %r: memref<?xi32>, %y: " + to,
                             "kernel.take_rows %x, %r, %y, %b, %e : " + from +
                                 ", memref<?xi32>, " + to),
                  level);
    Guarded<float> input(20, 65519);
    input[1] = -65520, input[2] = 3e38f, input[3] = -INFINITY, input[4] = 1.5f;
    input[5] = std::nanf(""), input[6] = 0x1p-24f, input[7] = 0x1p-25f;
    Guarded<int32_t> rows(1, 0);
    Guarded<uint16_t> output(20);
    kernel.run({input, rows, output}, {1, 1, 1}, 0, 1);
    const float want[8] = {65504, -65504, 65504, -65504, 1.5f, 0, 0x1p-24f, 0};
    for (int i = 0; i < 8; ++i)
      if (i == 5)
        ASSERT_TRUE(std::isnan(fromF16(output[i]))) << level;
      else
        ASSERT_EQ(fromF16(output[i]), want[i]) << level << " " << i;
  }
}

TEST(TakeRows, TakesThemInTheOrderAsked) {
  for (const std::string &level : testedLevels()) {
    std::string t = rowsOf(33);
    Kernel kernel(kernelText("%x: " + t + ", %r: memref<?xi32>, %y: " + t,
                             "kernel.take_rows %x, %r, %y, %b, %e : " + t +
                                 ", memref<?xi32>, " + t),
                  level);
    Guarded<float> input(6 * 33), output(3 * 33);
    Guarded<int32_t> rows(3);
    rows[0] = 5, rows[1] = 0, rows[2] = 3;
    Numbers(2).fill(input);
    kernel.run({input, rows, output}, {6, 3, 3}, 0, 3, 1);
    for (int64_t i = 0; i < 3 * 33; ++i)
      ASSERT_EQ(output[i], input[rows[i / 33] * 33 + i % 33]);
  }
}

TEST(RmsNorm, DividesByTheRootOfTheMeanSquare) {
  for (int64_t length : lengths) {
    std::string t = rowsOf(length), d = "memref<" + str(length) + "xf32>";
    std::string text =
        kernelText("%x: " + t + ", %s: " + d + ", %y: " + t,
                   "kernel.rms_norm %x, %s, %y, %b, %e {epsilon = 1.0e-5 : f32, "
                   "offset = 1.0 : f32} : " + t + ", " + d + ", " + t);
    Guarded<float> input(4 * length), scale(length);
    Numbers numbers(3);
    numbers.fill(input, 3);
    numbers.fill(scale);
    std::vector<double> want;
    for (int64_t t = 0; t < 4; ++t) {
      double sum = 0;
      for (int64_t i = 0; i < length; ++i)
        sum += double(input[t * length + i]) * input[t * length + i];
      for (int64_t i = 0; i < length; ++i)
        want.push_back(input[t * length + i] / std::sqrt(sum / length + 1e-5) *
                       (1 + double(scale[i])));
    }
    std::unique_ptr<Guarded<float>> first;
    for (const std::string &level : testedLevels()) {
      auto output = std::make_unique<Guarded<float>>(4 * length, -1);
      Kernel(text, level).run({input, scale, *output}, {4, 4}, 0, 4);
      expectClose(*output, want);
      if (first && level != gpuLevel) {
        EXPECT_TRUE(first->sameBits(*output)) << "levels differ";
      }
      first = std::move(output);
    }
  }
}

TEST(AddRmsNorm, AddsInPlaceAndNormalises) {
  for (const std::string &level : testedLevels())
    for (int64_t length : lengths) {
      std::string t = rowsOf(length), d = "memref<" + str(length) + "xf32>";
      Kernel kernel(
          kernelText("%x: " + t + ", %r: " + t + ", %s: " + d + ", %u: " + t +
                         ", %y: " + t,
                     "kernel.add_rms_norm %x, %r, %s, %u, %y, %b, %e {epsilon = "
                     "1.0e-6 : f32, offset = 0.0 : f32} : " +
                         t + ", " + t + ", " + d + ", " + t + ", " + t),
          level);
      Guarded<float> input(3 * length), residual(3 * length), scale(length),
          output(3 * length);
      Numbers numbers(4);
      numbers.fill(input);
      numbers.fill(residual);
      numbers.fill(scale);
      std::vector<double> sums, want;
      for (int64_t i = 0; i < 3 * length; ++i)
        sums.push_back(input[i] + residual[i]);
      for (int64_t t = 0; t < 3; ++t) {
        double square = 0;
        for (int64_t i = 0; i < length; ++i)
          square += sums[t * length + i] * sums[t * length + i];
        for (int64_t i = 0; i < length; ++i)
          want.push_back(sums[t * length + i] /
                         std::sqrt(square / length + 1e-6) * scale[i]);
      }
      kernel.run({input, residual, scale, residual, output}, {3, 3, 3, 3}, 0, 3);
      expectClose(residual, sums);
      expectClose(output, want);
    }
}

TEST(AddRmsNorm, OfANormalisedInputHasTheBitsOfTwoKernels) {
  for (const char *type : {"f32", "bf16"})
    for (int64_t length : lengths) {
      std::string t = rowsOf(length), x = rowsOf(length, type),
                  d = "memref<" + str(length) + "xf32>";
      std::string numbers =
          "{epsilon = 1.0e-3 : f32, offset = 1.0 : f32} : ";
      Kernel norm(kernelText("%x: " + x + ", %s: " + d + ", %y: " + x,
                             "kernel.rms_norm %x, %s, %y, %b, %e " + numbers + x +
                                 ", " + d + ", " + x),
                  gpuLevel);
      std::string operands = "%x: " + x + ", %r: " + t + ", %s: " + d +
                             ", %u: " + t + ", %y: " + t;
      std::string types = x + ", " + t + ", " + d + ", " + t + ", " + t;
      Kernel sum(kernelText(operands, "kernel.add_rms_norm %x, %r, %s, %u, %y, "
                                      "%b, %e " + numbers + types),
                 gpuLevel);
      Kernel both(kernelText(operands + ", %w: " + d,
                             "kernel.add_rms_norm %x, %r, %s, %u, %y, %w, %b, "
                             "%e " + numbers + types + ", " + d),
                  gpuLevel);
      Guarded<float> input(3 * length), residual(3 * length), scale(length),
          inputScale(length), sums(3 * length), output(3 * length),
          sums2(3 * length), output2(3 * length);
      Numbers random(7);
      for (auto *array : {&input, &residual, &scale, &inputScale})
        random.fill(*array);
      if (type[0] == 'b')
        for (int64_t i = 0; i < 3 * length; ++i)
          reinterpret_cast<uint16_t *>(input.data())[i] = toBf16(residual[i] + i);
      both.run({input, residual, scale, sums, output, inputScale}, {3, 3, 3, 3},
               0, 3);
      norm.run({input, inputScale, input}, {3, 3}, 0, 3);
      sum.run({input, residual, scale, sums2, output2}, {3, 3, 3, 3}, 0, 3);
      EXPECT_TRUE(sums.sameBits(sums2)) << length;
      EXPECT_TRUE(output.sameBits(output2)) << length;
    }
}

TEST(LayerNorm, CentresScalesAndShifts) {
  for (const std::string &level : testedLevels())
    for (int64_t length : lengths) {
      std::string t = rowsOf(length), d = "memref<" + str(length) + "xf32>";
      Kernel kernel(
          kernelText("%x: " + t + ", %s: " + d + ", %o: " + d + ", %y: " + t,
                     "kernel.layer_norm %x, %s, %o, %y, %b, %e {epsilon = "
                     "1.0e-5 : f32} : " + t + ", " + d + ", " + d + ", " + t),
          level);
      Guarded<float> input(3 * length), scale(length), bias(length),
          output(3 * length);
      Numbers numbers(5);
      numbers.fill(input, 2);
      numbers.fill(scale);
      numbers.fill(bias);
      std::vector<double> want;
      for (int64_t t = 0; t < 3; ++t) {
        double mean = 0, variance = 0;
        for (int64_t i = 0; i < length; ++i)
          mean += input[t * length + i] / double(length);
        for (int64_t i = 0; i < length; ++i)
          variance += std::pow(input[t * length + i] - mean, 2) / length;
        for (int64_t i = 0; i < length; ++i)
          want.push_back((input[t * length + i] - mean) /
                             std::sqrt(variance + 1e-5) * scale[i] +
                         bias[i]);
      }
      kernel.run({input, scale, bias, output}, {3, 3}, 0, 3);
      expectClose(output, want, length == 1 ? 1 : 1e-5);
    }
}

TEST(Rope, RotatesPairsInPlace) {
  for (const std::string &level : testedLevels())
    for (bool interleaved : {false, true})
      for (auto [headDim, rotary] : {std::pair<int64_t, int64_t>{8, 8},
                                     {64, 64}, {80, 32}, {80, 80}, {96, 72}}) {
        int64_t columns = 3 * headDim, pairs = rotary / 2;
        std::string t = rowsOf(columns), table = "memref<50x" + str(pairs) + "xf32>";
        Kernel kernel(
            kernelText("%x: " + t + ", %p: memref<?xi32>, %c: " + table +
                           ", %s: " + table + ", %y: " + t,
                       "kernel.rope %x, %p, %c, %s, %y, %b, %e {heads = 3 : i64, "
                       "head_dim = " + str(headDim) + " : i64, rotary_dim = " +
                           str(rotary) + " : i64, interleaved = " +
                           (interleaved ? "true" : "false") + "} : " + t +
                           ", memref<?xi32>, " + table + ", " + table + ", " + t),
            level);
        Guarded<float> input(2 * columns), c(50 * pairs), s(50 * pairs);
        Guarded<int32_t> positions(2);
        positions[0] = 7, positions[1] = 49;
        Numbers numbers(6);
        numbers.fill(input);
        numbers.fill(c);
        numbers.fill(s);
        std::vector<double> want(input.data(), input.data() + input.size());
        for (int64_t head = 0; head < 6; ++head)
          for (int64_t j = 0; j < pairs; ++j) {
            int64_t start = head * headDim;
            int64_t x = start + (interleaved ? 2 * j : j);
            int64_t y = start + (interleaved ? 2 * j + 1 : j + pairs);
            int64_t angle = positions[head / 3] * pairs + j;
            want[x] = double(input[x]) * c[angle] - double(input[y]) * s[angle];
            want[y] = double(input[y]) * c[angle] + double(input[x]) * s[angle];
          }
        kernel.run({input, positions, c, s, input}, {2, 2, 2}, 0, 2);
        expectClose(input, want);
      }
}

TEST(Map, BroadcastsItsInputs) {
  for (const std::string &level : testedLevels())
    for (int64_t length : lengths) {
      std::string t = rowsOf(length), d = "memref<" + str(length) + "xf32>";
      Kernel kernel(
          kernelText("%x: " + t + ", %c: " + d + ", %o: memref<1xf32>, %y: " + t +
                         ", %z: " + rowsOf(length, "bf16"),
                     "kernel.map inputs(%x, %c, %o : " + t + ", " + d +
                         ", memref<1xf32>) outputs(%y, %z : " + t + ", " +
                         rowsOf(length, "bf16") +
                         ") tiles(%b, %e) do {\n^bb0(%a: f32, %q: f32, %r: f32):\n"
                         "%u = arith.mulf %a, %q : f32\n"
                         "%v = arith.addf %u, %r : f32\n"
                         "%h = arith.truncf %v : f32 to bf16\n"
                         "llm.yield %v, %h : f32, bf16\n}"),
          level);
      Guarded<float> input(2 * length), column(length), one(1, 0.5f),
          output(2 * length);
      Guarded<uint16_t> half(2 * length);
      Numbers numbers(7);
      numbers.fill(input);
      numbers.fill(column);
      kernel.run({input, column, one, output, half}, {2, 2, 2}, 0, 2);
      for (int64_t i = 0; i < 2 * length; ++i) {
        float product = input[i] * column[i % length];
        ASSERT_EQ(output[i], product + 0.5f);
        ASSERT_EQ(half[i], toBf16(output[i]));
      }
    }
}
