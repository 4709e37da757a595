/// kernel.linear against its canonical sum, bit by bit.
#include "test/codegen/KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;

namespace {

struct Shape {
  int64_t rows, length, columns; // T, K, N
  int64_t tileRows = 4, tilePanels = 2, parts = 1;
  std::string type = "f32";    // Of weights: f32, bf16, f16 or w8.
  std::string rowType = "f32"; // Of input and output: f32, bf16 or f16.
  int64_t paddedRows = 1;
  int64_t blockLength = 0; // Of K, with a scratch between blocks.

  int64_t panels() const { return (columns + 15) / 16; }
  int64_t tiles() const { return (panels() + tilePanels - 1) / tilePanels; }
  int64_t memoryRows() const {
    return (rows + paddedRows - 1) / paddedRows * paddedRows;
  }
  int64_t scratchColumns() const { return panels() * parts * 16 + 16; }
};

std::string weightType(const Shape &s) {
  std::string panels = std::to_string(s.panels() * s.parts);
  if (s.type == "f32")
    return "memref<" + panels + "x" + std::to_string(s.length) + "x16xf32>";
  if (s.type == "w8")
    return "memref<" + panels + "x" +
           std::to_string((s.length + 3) / 4 * 64 + 64) + "xi8>";
  return "memref<" + panels + "x" + std::to_string((s.length + 1) / 2) +
         "x16x2x" + s.type + ">";
}

/// One extra per row, one per column; the output is sum * parts + both.
std::string linearText(const Shape &s) {
  std::string k = std::to_string(s.length), n = std::to_string(s.columns);
  std::string input = "memref<?x" + k + "x" + s.rowType + ">";
  std::string output = "memref<?x" + n + "x" + s.rowType + ">";
  std::string rows = "memref<?x" + n + "xf32>";
  std::string column = "memref<" + n + "xf32>", weight = weightType(s);
  std::string arguments = "%p0: f32", sum = "";
  std::string value = "%p0";
  if (s.parts == 2) {
    arguments += ", %p1: f32";
    sum = "%q = arith.mulf %p0, %p1 : f32\n";
    value = "%q";
  }
  std::string scratch =
      "memref<?x" + std::to_string(s.scratchColumns()) + "xf32>";
  return "func.func @k(%x: " + input + ", %w: " + weight + ", %r: " + rows +
         ", %c: " + column + ", %y: " + output +
         (s.blockLength ? ", %z: " + scratch : "") +
         ", %b: index, %e: index) attributes {kernel.entry} {\n"
         "kernel.linear %x, %w extras(%r, %c : " + rows + ", " + column +
         ") outputs(%y : " + output + ") " +
         (s.blockLength ? "scratch(%z : " + scratch + ") " : "") +
         "tiles(%b, %e) {padded_rows = " + std::to_string(s.paddedRows) +
         " : i64, block_length = " + std::to_string(s.blockLength) +
         " : i64, parts = " + std::to_string(s.parts) +
         " : i64, tile_rows = " + std::to_string(s.tileRows) +
         " : i64, tile_panels = " + std::to_string(s.tilePanels) +
         " : i64, scheme = \"" + (s.type == "w8" ? "w8" : "") + "\"} : " +
         input + ", " + weight + " {\n^bb0(" + arguments + ", %er: f32, %ec: f32):\n" + sum +
         "%s = arith.addf " + value + ", %er : f32\n"
         "%t = arith.addf %s, %ec : f32\n" +
         (s.rowType == "f32" ? "llm.yield %t : f32"
                             : "%h = arith.truncf %t : f32 to " + s.rowType +
                                   "\nllm.yield %h : " + s.rowType) +
         "\n}\nreturn\n}\n";
}

uint16_t toHalf(const std::string &type, float value) {
  return type == "bf16" ? toBf16(value) : toF16(value);
}

float fromHalf(const std::string &type, uint16_t bits) {
  return type == "bf16" ? fromBf16(bits) : fromF16(bits);
}

/// A case's numbers, its packed weights, and what must come out.
struct Case {
  Shape shape;
  Guarded<float> input, perRow, perColumn, expected;
  std::vector<float> weights; // [part, K, N]
  Guarded<uint8_t> packed;

  Case(const Shape &s, uint64_t seed);
  float weight(int64_t part, int64_t k, int64_t n) const {
    return weights[(part * shape.length + k) * shape.columns + n];
  }
  void pack();
  std::vector<float> scales; // [part, N], w8 only
};

size_t packedBytes(const Shape &s) {
  size_t panels = s.panels() * s.parts;
  if (s.type == "f32")
    return panels * s.length * 64;
  if (s.type == "w8")
    return panels * ((s.length + 3) / 4 * 64 + 64);
  return panels * ((s.length + 1) / 2) * 64;
}

Case::Case(const Shape &s, uint64_t seed)
    : shape(s), input(s.rows * s.length), perRow(s.rows * s.columns),
      perColumn(s.columns), expected(s.rows * s.columns),
      packed(packedBytes(s), 0) {
  Numbers numbers(seed);
  numbers.fill(input);
  if (s.rowType != "f32")
    for (size_t i = 0; i < input.size(); ++i)
      input[i] = fromHalf(s.rowType, toHalf(s.rowType, input[i]));
  numbers.fill(perRow);
  numbers.fill(perColumn);
  weights.resize(s.parts * s.length * s.columns);
  scales.assign(s.parts * s.columns, 1);
  for (float &weight : weights) {
    weight = numbers.normal();
    if (s.type == "bf16" || s.type == "f16")
      weight = fromHalf(s.type, toHalf(s.type, weight));
    if (s.type == "w8")
      weight = float(numbers.below(255) - 127);
  }
  if (s.type == "w8")
    for (float &scale : scales)
      scale = 0.01f + std::abs(numbers.normal()) * 0.01f;
  pack();
  FlushDenormals flush;
  for (int64_t t = 0; t < s.rows; ++t)
    for (int64_t n = 0; n < s.columns; ++n) {
      float value = 1;
      for (int64_t part = 0; part < s.parts; ++part) {
        float sum = canonicalSum(s.length, [&](int64_t k) {
          return std::pair(input[t * s.length + k], weight(part, k, n));
        });
        if (s.type == "w8")
          sum *= scales[part * s.columns + n];
        value = part ? value * sum : sum;
      }
      expected[t * s.columns + n] =
          value + perRow[t * s.columns + n] + perColumn[n];
    }
}

void Case::pack() {
  const Shape &s = shape;
  size_t panelBytes = packedBytes(s) / (s.panels() * s.parts);
  for (int64_t part = 0; part < s.parts; ++part)
    for (int64_t n = 0; n < s.columns; ++n) {
      uint8_t *panel = packed.data() + (n / 16 * s.parts + part) * panelBytes;
      int64_t lane = n % 16;
      for (int64_t k = 0; k < s.length; ++k) {
        float value = weight(part, k, n);
        if (s.type == "f32") {
          std::memcpy(panel + (k * 16 + lane) * 4, &value, 4);
        } else if (s.type == "w8") {
          panel[k / 4 * 64 + lane * 4 + k % 4] = uint8_t(int8_t(value));
        } else {
          uint16_t half = toHalf(s.type, value);
          std::memcpy(panel + k / 2 * 64 + lane * 4 + k % 2 * 2, &half, 2);
        }
      }
      if (s.type == "w8")
        std::memcpy(panel + panelBytes - 64 + lane * 4,
                    &scales[part * s.columns + n], 4);
    }
}

void check(const Case &c, const Kernel &kernel, int64_t step = 0) {
  const Shape &s = c.shape;
  Guarded<float> output(s.rows * s.columns, -1);
  kernel.run({c.input, c.packed, c.perRow, c.perColumn, output},
             {s.rows, s.rows, s.rows}, 0, s.tiles(), step);
  for (size_t i = 0; i < output.size(); ++i)
    ASSERT_EQ(output[i], c.expected[i])
        << "row " << i / s.columns << " column " << i % s.columns << " of T "
        << s.rows << " K " << s.length << " N " << s.columns << " " << s.type;
}

/// The same with rows of bf16 or f16.
void checkHalfRows(const Case &c, const Kernel &kernel, int64_t step = 0) {
  const Shape &s = c.shape;
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
        Shape shape{0, length, columns};
        Kernel kernel(linearText(shape), level);
        for (int64_t rows : {0, 1, 2, 3, 5, 8, 33}) {
          shape.rows = rows;
          check(Case(shape, 1), kernel);
        }
      }
}

TEST(Linear, TakesEveryTypeOfWeights) {
  for (const std::string &level : runnableLevels())
    for (const char *type : {"bf16", "f16", "w8"})
      for (int64_t length : {1, 7, 8, 33, 172})
        for (int64_t columns : {17, 64}) {
          Shape shape{5, length, columns};
          shape.type = type;
          check(Case(shape, 2), Kernel(linearText(shape), level));
        }
}

TEST(Linear, TakesAndGivesRowsOfHalves) {
  for (const std::string &level : runnableLevels())
    for (const char *rowType : {"bf16", "f16"})
      for (const char *type : {"f32", "bf16"}) {
        Shape shape{5, 75, 40};
        shape.type = type;
        shape.rowType = rowType;
        checkHalfRows(Case(shape, 5), Kernel(linearText(shape), level));
      }
}

TEST(Linear, InterleavesTwoParts) {
  for (const std::string &level : runnableLevels())
    for (const char *type : {"f32", "bf16", "w8"}) {
      Shape shape{7, 72, 100, 6, 2, 2};
      shape.type = type;
      check(Case(shape, 3), Kernel(linearText(shape), level));
    }
}

TEST(Linear, DoesNotDependOnTilesOrTheirPartition) {
  for (const std::string &level : runnableLevels())
    for (int64_t tileRows : {1, 3, 6, 12})
      for (int64_t tilePanels : {1, 2, 3, 4}) {
        Shape shape{23, 172, 120, tileRows, tilePanels};
        Case numbers(shape, 4);
        Kernel kernel(linearText(shape), level);
        for (int64_t step : {0, 1, 2})
          check(numbers, kernel, step);
      }
}

TEST(Linear, OfPairsHasTheSameBitsByTiles) {
  for (const std::string &level : runnableLevels())
    for (int64_t length : {32, 96})
      for (int64_t columns : {1, 16, 17, 40, 64})
        for (int64_t parts : {1, 2}) {
          Shape shape{0, length, columns, 4, 2, parts, "bf16", "bf16", 16};
          Kernel kernel(linearText(shape), level);
          for (int64_t rows : {0, 1, 15, 16, 17, 32, 33, 65, 96}) {
            shape.rows = rows;
            checkHalfRows(Case(shape, 6), kernel);
          }
        }
}

TEST(Linear, OfPairsDoesNotDependOnBlocksOfK) {
  for (const std::string &level : runnableLevels())
    for (int64_t block : {32, 64, 96, 256})
      for (int64_t parts : {1, 2}) {
        Shape shape{37, 224, 72, 4, 3, parts, "bf16", "bf16", 16, block};
        Kernel kernel(linearText(shape), level);
        for (int64_t step : {0, 1})
          checkHalfRows(Case(shape, 7), kernel, step);
      }
}

/// What tiles do not do, vectors do on their level too.
TEST(Linear, OfPairsTakesAnyLengthOnEveryLevel) {
  for (const std::string &level : runnableLevels())
    for (int64_t length : {31, 33, 48, 75}) {
      Shape shape{18, length, 40, 4, 2, 1, "bf16", "bf16", 16};
      checkHalfRows(Case(shape, 8), Kernel(linearText(shape), level));
    }
}
