/// kernel.quantize_rows and kernel.linear in the scheme w8a8, against the same
/// arithmetic in plain loops, bit by bit.
#include "test/codegen/KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;

namespace {

struct Shape {
  int64_t rows, length, columns; // T, K, N
  int64_t parts = 1, blockLength = 0;
  int64_t tileRows = 4, tilePanels = 3;

  int64_t padded() const { return (length + 3) / 4 * 4; }
  int64_t panels() const { return (columns + 15) / 16; }
  int64_t panelBytes() const { return padded() * 16 + 64; }
  int64_t memoryRows() const { return (rows + 15) / 16 * 16; }
  int64_t scratchColumns() const { return panels() * parts * 16 + 16; }
};

std::string quantizeText(int64_t length, const std::string &type) {
  std::string input = "memref<?x" + std::to_string(length) + "x" + type + ">";
  std::string output =
      "memref<?x" + std::to_string((length + 3) / 4 * 4) + "xi8>";
  std::string all = input + ", " + output + ", memref<?x2xi32>, index, index";
  return "func.func @k(%x: " + input + ", %q: " + output +
         ", %t: memref<?x2xi32>, %b: index, %e: index) attributes "
         "{kernel.entry} {\nkernel.quantize_rows %x, %q, %t, %b, %e : " +
         all + "\nreturn\n}\n";
}

std::string linearText(const Shape &s) {
  std::string input = "memref<?x" + std::to_string(s.padded()) + "xi8>";
  std::string weight = "memref<" + std::to_string(s.panels() * s.parts) + "x" +
                       std::to_string(s.panelBytes()) + "xi8>";
  std::string output = "memref<?x" + std::to_string(s.columns) + "xf32>";
  std::string scratch =
      "memref<?x" + std::to_string(s.scratchColumns()) + "xi32>";
  bool blocks = s.blockLength;
  return "func.func @k(%x: " + input + ", %w: " + weight + ", %y: " + output +
         (blocks ? ", %s: " + scratch : "") +
         ", %t: memref<?x2xi32>, %b: index, %e: index) attributes "
         "{kernel.entry} {\nkernel.linear %x, %w outputs(%y : " + output + ") " +
         (blocks ? "scratch(%s : " + scratch + ") " : "") +
         "terms(%t : memref<?x2xi32>) tiles(%b, %e) {parts = " +
         std::to_string(s.parts) +
         " : i64, tile_rows = " + std::to_string(s.tileRows) +
         " : i64, tile_panels = " + std::to_string(s.tilePanels) +
         " : i64, padded_rows = 16 "
         ": i64, block_length = " + std::to_string(s.blockLength) +
         " : i64, scheme = \"w8a8\"} : " + input + ", " + weight + " {\n^bb0(" +
         (s.parts == 2 ? "%p: f32, %q: f32):\n%r = arith.mulf %p, %q : f32\n"
                         "llm.yield %r : f32"
                       : "%p: f32):\nllm.yield %p : f32") +
         "\n}\nreturn\n}\n";
}

/// Bytes and terms as kernel.quantize_rows makes them.
struct Rows {
  Guarded<int8_t> bytes;
  Guarded<int32_t> terms;
  Rows(const Shape &s, const Guarded<float> &input);
};

Rows::Rows(const Shape &s, const Guarded<float> &input)
    : bytes(s.memoryRows() * s.padded(), 0x55), terms(s.rows * 2, 0) {
  for (int64_t t = 0; t < s.rows; ++t) {
    float largest = 0;
    for (int64_t k = 0; k < s.length; ++k)
      largest = std::max(largest, std::fabs(input[t * s.length + k]));
    float inverse = largest > 0 ? 127 / largest : 0, scale = largest / 127;
    int32_t sum = 0;
    for (int64_t k = 0; k < s.padded(); ++k) {
      float x = k < s.length ? input[t * s.length + k] : 0;
      auto byte = int8_t(std::nearbyint(x * inverse));
      bytes[t * s.padded() + k] = byte;
      sum += byte;
    }
    std::memcpy(&terms[2 * t], &scale, 4);
    terms[2 * t + 1] = -128 * sum;
  }
}

std::vector<std::string> levelsOfBytes() {
  std::vector<std::string> levels = testedLevels();
  if (__builtin_cpu_supports("avx512vnni"))
    levels.push_back("x86-64-v4-vnni");
  return levels;
}

void checkLinear(const Shape &s, const Kernel &kernel, int64_t step = 0,
                 uint64_t seed = 11) {
  Numbers numbers(seed);
  Guarded<float> input(s.rows * s.length);
  numbers.fill(input);
  Rows rows(s, input);
  std::vector<int8_t> weights(s.parts * s.length * s.columns);
  std::vector<float> scales(s.parts * s.columns);
  for (int8_t &weight : weights)
    weight = int8_t(numbers.below(255) - 127);
  for (float &scale : scales)
    scale = 0.01f + 0.01f * std::fabs(numbers.normal());
  Guarded<uint8_t> packed(s.panels() * s.parts * s.panelBytes(), 0);
  for (int64_t part = 0; part < s.parts; ++part)
    for (int64_t n = 0; n < s.columns; ++n) {
      uint8_t *panel =
          packed.data() + (n / 16 * s.parts + part) * s.panelBytes();
      for (int64_t k = 0; k < s.length; ++k)
        panel[k / 4 * 64 + n % 16 * 4 + k % 4] =
            uint8_t(weights[(part * s.length + k) * s.columns + n]);
      std::memcpy(panel + s.panelBytes() - 64 + n % 16 * 4,
                  &scales[part * s.columns + n], 4);
    }
  Guarded<float> output(s.rows * s.columns, -1);
  Guarded<int32_t> scratch(s.memoryRows() * s.scratchColumns());
  std::vector<void *> buffers = {rows.bytes, packed, output};
  std::vector<int64_t> extents = {s.rows, s.rows};
  if (s.blockLength) {
    buffers.push_back(scratch);
    extents.push_back(s.rows);
  }
  buffers.push_back(rows.terms);
  extents.push_back(s.rows);
  kernel.run(buffers, extents, 0, (s.panels() + s.tilePanels - 1) / s.tilePanels,
             step);
  for (int64_t t = 0; t < s.rows; ++t)
    for (int64_t n = 0; n < s.columns; ++n) {
      float value = 1, scale;
      std::memcpy(&scale, &rows.terms[2 * t], 4);
      for (int64_t part = 0; part < s.parts; ++part) {
        int32_t sum = 0;
        for (int64_t k = 0; k < s.length; ++k)
          sum += int32_t(weights[(part * s.length + k) * s.columns + n]) *
                 rows.bytes[t * s.padded() + k];
        float scaled = float(sum) * scales[part * s.columns + n] * scale;
        value = part ? value * scaled : scaled;
      }
      ASSERT_EQ(output[t * s.columns + n], value)
          << "row " << t << " column " << n << " of T " << s.rows << " K "
          << s.length << " N " << s.columns;
    }
}

} // namespace

TEST(QuantizeRows, RoundsToBytesOfTheLargest) {
  for (const std::string &level : testedLevels())
    for (int64_t length : {1, 3, 16, 64, 67, 172}) {
      Kernel kernel(quantizeText(length, "f32"), level);
      Shape s{5, length, 1};
      Numbers numbers(12);
      Guarded<float> input(s.rows * length);
      numbers.fill(input);
      // A row of zeros, and one whose numbers lie between two bytes.
      for (int64_t k = 0; k < length; ++k) {
        input[length + k] = 0;
        input[2 * length + k] = k ? k % 127 + 0.5f : 127;
      }
      Rows expected(s, input);
      Guarded<int8_t> bytes(s.rows * s.padded(), 1);
      Guarded<int32_t> terms(s.rows * 2, 1);
      kernel.run({input, bytes, terms}, {s.rows, s.rows, s.rows}, 0, s.rows);
      for (size_t i = 0; i < bytes.size(); ++i)
        ASSERT_EQ(bytes[i], expected.bytes[i]) << i << " of " << length;
      for (size_t i = 0; i < terms.size(); ++i)
        ASSERT_EQ(terms[i], expected.terms[i]) << i << " of " << length;
    }
}

TEST(ByteLinear, IsExactForAllShapes) {
  for (const std::string &level : levelsOfBytes())
    for (int64_t length : {1, 4, 15, 16, 64, 128, 172})
      for (int64_t columns : {1, 17, 64})
        for (int64_t parts : {1, 2}) {
          // The simulator is no processor.
          if (level == gpuLevel && (length < 15 || columns != 17))
            continue;
          Shape s{0, length, columns, parts};
          Kernel kernel(linearText(s), level);
          for (int64_t rows : {0, 1, 3, 4, 9, 33}) {
            s.rows = rows;
            checkLinear(s, kernel);
          }
        }
}

TEST(ByteLinear, DoesNotDependOnBlocksOfK) {
  for (const std::string &level : levelsOfBytes())
    for (int64_t block : {64, 128, 512}) {
      Shape s{37, 320, 72, 2, block};
      Kernel kernel(linearText(s), level);
      for (int64_t step : {0, 1})
        checkLinear(s, kernel, step);
    }
}

TEST(ByteLinear, OfGpusTakesDrawnShapes) {
  const int64_t tilesOfRows[] = {1, 8, 16, 32, 40, 64, 128};
  Numbers numbers(64);
  for (int i = 0; i < 16; ++i) {
    Shape s{0, 1 + numbers.below(500), 1 + numbers.below(150), 1 + numbers.below(2)};
    s.tileRows = tilesOfRows[numbers.below(7)];
    s.tilePanels = 1 + numbers.below(4);
    s.rows = 1 + numbers.below(s.tileRows + 10);
    SCOPED_TRACE(testing::Message() << "draw " << i << ", tiles of " << s.tileRows
                                    << " rows, " << s.tilePanels << " panels");
    checkLinear(s, Kernel(linearText(s), gpuLevel), numbers.below(3), i);
    if (HasFailure())
      return;
  }
}
