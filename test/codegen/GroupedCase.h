/// Linears over weights with scales of groups, and what must come out.
#ifndef LLMC_TEST_CODEGEN_GROUPEDCASE_H
#define LLMC_TEST_CODEGEN_GROUPEDCASE_H

#include "test/codegen/KernelHarness.h"

#include "dialects/llm/GroupScheme.h"

namespace llmc::test {

struct GroupedCase {
  llm::GroupScheme scheme;
  int64_t rows, length, columns;
  Guarded<float> input, expected;
  Guarded<uint8_t> packed;

  int64_t groups() const { return (length + scheme.size - 1) / scheme.size; }
  int64_t panels() const { return (columns + 15) / 16; }
  /// `rounded`: the inputs are numbers of bf16.
  GroupedCase(llm::GroupScheme scheme, int64_t rows, int64_t length, int64_t columns,
              bool rounded = false);
};

/// With rows of type `rows`, `tileRows` and `tilePanels` at a time.
std::string groupedText(const GroupedCase &c, const std::string &scheme,
                        const std::string &rows = "f32", int64_t tileRows = 4,
                        int64_t tilePanels = 2,
                        const std::string &engine = "");

} // namespace llmc::test

#endif // LLMC_TEST_CODEGEN_GROUPEDCASE_H
