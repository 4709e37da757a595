#include "test/codegen/LinearCase.h"

#include <cmath>

using namespace llmc::test;

std::string llmc::test::weightText(const LinearShape &s) {
  std::string panels = std::to_string(s.panels() * s.parts);
  if (s.type == "f32")
    return "memref<" + panels + "x" + std::to_string(s.length) + "x16xf32>";
  if (s.type == "w8")
    return "memref<" + panels + "x" +
           std::to_string((s.length + 3) / 4 * 64 + 64) + "xi8>";
  return "memref<" + panels + "x" + std::to_string((s.length + 1) / 2) +
         "x16x2x" + s.type + ">";
}

std::string llmc::test::linearText(const LinearShape &s) {
  std::string k = std::to_string(s.length), n = std::to_string(s.columns);
  std::string input = "memref<?x" + k + "x" + s.rowType + ">";
  std::string output = "memref<?x" + n + "x" + s.rowType + ">";
  std::string rows = "memref<?x" + n + "xf32>";
  std::string column = "memref<" + n + "xf32>", weight = weightText(s);
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
         " : i64, scheme = \"" + (s.type == "w8" ? "w8" : "") +
         "\", engine = \"" + s.engine + "\"} : " +
         input + ", " + weight + " {\n^bb0(" + arguments + ", %er: f32, %ec: f32):\n" + sum +
         "%s = arith.addf " + value + ", %er : f32\n"
         "%t = arith.addf %s, %ec : f32\n" +
         (s.rowType == "f32" ? "llm.yield %t : f32"
                             : "%h = arith.truncf %t : f32 to " + s.rowType +
                                   "\nllm.yield %h : " + s.rowType) +
         "\n}\nreturn\n}\n";
}

uint16_t llmc::test::toHalf(const std::string &type, float value) {
  return type == "bf16" ? toBf16(value) : toF16(value);
}

float llmc::test::fromHalf(const std::string &type, uint16_t bits) {
  return type == "bf16" ? fromBf16(bits) : fromF16(bits);
}

static size_t packedBytes(const LinearShape &s) {
  size_t panels = s.panels() * s.parts;
  if (s.type == "f32")
    return panels * s.length * 64;
  if (s.type == "w8")
    return panels * ((s.length + 3) / 4 * 64 + 64);
  return panels * ((s.length + 1) / 2) * 64;
}

LinearCase::LinearCase(const LinearShape &s, uint64_t seed)
    : shape(s), input(s.rows * s.length), perRow(s.rows * s.columns),
      perColumn(s.columns), expected(s.rows * s.columns),
      packed(packedBytes(s), 0) {
  Numbers numbers(seed);
  numbers.fill(input, s.inputScale);
  if (s.rowType != "f32")
    for (size_t i = 0; i < input.size(); ++i)
      input[i] = fromHalf(s.rowType, toHalf(s.rowType, input[i]));
  numbers.fill(perRow, s.inputScale * s.weightScale);
  numbers.fill(perColumn, s.inputScale * s.weightScale);
  weights.resize(s.parts * s.length * s.columns);
  scales.assign(s.parts * s.columns, 1);
  for (float &weight : weights) {
    weight = numbers.normal() * s.weightScale;
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

void LinearCase::pack() {
  const LinearShape &s = shape;
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
