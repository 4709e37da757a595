/// Linears on a simulated GPU against what must come out.
#ifndef LLMC_TEST_CODEGEN_LINEARCHECK_H
#define LLMC_TEST_CODEGEN_LINEARCHECK_H

#include "test/codegen/GroupedCase.h"

namespace llmc::test {

/// A number, and how far roundings may lead from it.
struct Near {
  double value, error;
};

/// How far a sum of f32 may be from the exact one, for products of random numbers of
/// either sign: `additions` of them in a row, `root` the root of the sum of their squares.
double sumError(double additions, double root);
/// How many products a matrix instruction makes of one: numbers that it cannot hold
/// are split in two or three. `type` is that of the weights.
int64_t productsOf(const std::string &type, const std::string &rowType);
/// The output of a row and a column, before it is rounded to the rows' type.
Near nearOutput(const LinearCase &c, int64_t row, int64_t column);
/// The same with `value` rounded to `type`.
Near rounded(Near near, const std::string &type);
void expectNear(float got, Near near, const std::string &where);
/// Outputs, as f32, of rows of any type; `step` as Kernel::run takes it.
std::vector<float> outputs(const LinearCase &c, const Kernel &kernel, int64_t rows,
                           int64_t step = 0);
/// One kernel of this shape, with each number of rows.
void check(LinearShape shape, std::vector<int64_t> rowCounts,
           const std::string &level = gpuLevel);

/// What a kernel of `groupedText` makes of a case.
void checkGroups(const GroupedCase &c, const Kernel &kernel, int64_t tilePanels = 2);

/// Neither the rows of a launch nor the tiles of a block show in the bits of a
/// kernel; `rowCounts` ascend.
void checkSameBits(const LinearShape &shape, const std::vector<int64_t> &rowCounts,
                   const std::string &level = gpuLevel);

/// Rows that come unnormalised with parts of their squares' sums, and the squares
/// of what is made of them.
void checkFoldedNorms(const std::vector<int64_t> &tilesOfRows,
                      const std::string &engine = "",
                      const std::string &level = gpuLevel);

} // namespace llmc::test

#endif // LLMC_TEST_CODEGEN_LINEARCHECK_H
