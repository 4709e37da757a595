/// Linears over weights with scales of groups, and what must come out.
#ifndef LLMC_TEST_CODEGEN_GROUPEDCASE_H
#define LLMC_TEST_CODEGEN_GROUPEDCASE_H

#include "test/codegen/LinearCase.h"

#include "dialects/llm/GroupScheme.h"

namespace llmc::test {

struct GroupedCase {
  llm::GroupScheme scheme;
  int64_t rows, length, columns;
  std::string rowType;
  Guarded<float> input, expected;
  Guarded<uint8_t> packed;
  /// The sums themselves, and the root of the squares of what may be summed: terms
  /// with weights of either sign, and those that zero points take off.
  std::vector<double> exact, roots; // [rows, columns]

  int64_t groups() const { return (length + scheme.size - 1) / scheme.size; }
  int64_t panels() const { return (columns + 15) / 16; }
  /// The inputs are numbers of `rowType`: f32, bf16 or f16.
  GroupedCase(llm::GroupScheme scheme, int64_t rows, int64_t length, int64_t columns,
              const std::string &rowType = "f32", uint64_t seed = 7);
  /// The packed weights as an operand, and one of them.
  std::string weightText() const;
  float weight(int64_t k, int64_t column) const;
};

/// With `tileRows` and `tilePanels` at a time.
std::string groupedText(const GroupedCase &c, int64_t tileRows = 4,
                        int64_t tilePanels = 2, const std::string &engine = "");
/// What a kernel of such a text makes of a case.
std::vector<float> groupedOutputs(const GroupedCase &c, const Kernel &kernel,
                                  int64_t tilePanels = 2);

} // namespace llmc::test

#endif // LLMC_TEST_CODEGEN_GROUPEDCASE_H
