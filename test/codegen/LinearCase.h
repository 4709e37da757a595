/// Linears with their numbers, packed weights, and what must come out.
#ifndef LLMC_TEST_CODEGEN_LINEARCASE_H
#define LLMC_TEST_CODEGEN_LINEARCASE_H

#include "test/codegen/KernelHarness.h"

namespace llmc::test {

struct LinearShape {
  int64_t rows, length, columns; // T, K, N
  int64_t tileRows = 4, tilePanels = 2, parts = 1;
  std::string type = "f32";    // Of weights: f32, bf16, f16 or w8.
  std::string rowType = "f32"; // Of input and output: f32, bf16 or f16.
  int64_t paddedRows = 1;
  int64_t blockLength = 0; // Of K, with a scratch between blocks.
  float inputScale = 1, weightScale = 1; // Of the numbers.
  std::string engine = "";

  int64_t panels() const { return (columns + 15) / 16; }
  int64_t tiles() const { return (panels() + tilePanels - 1) / tilePanels; }
  int64_t memoryRows() const {
    return (rows + paddedRows - 1) / paddedRows * paddedRows;
  }
  int64_t scratchColumns() const { return panels() * parts * 16 + 16; }
};

/// One extra per row, one per column; the output is sum * parts + both.
std::string linearText(const LinearShape &shape);
/// The packed weights as an operand.
std::string weightText(const LinearShape &shape);
uint16_t toHalf(const std::string &type, float value);
float fromHalf(const std::string &type, uint16_t bits);

/// A case's numbers, its packed weights, and what must come out.
struct LinearCase {
  LinearShape shape;
  Guarded<float> input, perRow, perColumn, expected;
  std::vector<float> weights; // [part, K, N]
  Guarded<uint8_t> packed;

  LinearCase(const LinearShape &s, uint64_t seed);
  float weight(int64_t part, int64_t k, int64_t n) const {
    return weights[(part * shape.length + k) * shape.columns + n];
  }
  void pack();
  std::vector<float> scales; // [part, N], w8 only
};

} // namespace llmc::test

#endif // LLMC_TEST_CODEGEN_LINEARCASE_H
