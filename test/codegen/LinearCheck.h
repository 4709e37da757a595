/// Linears on a simulated GPU against what must come out.
#ifndef LLMC_TEST_CODEGEN_LINEARCHECK_H
#define LLMC_TEST_CODEGEN_LINEARCHECK_H

#include "test/codegen/LinearCase.h"

namespace llmc::test {

/// Sums of products near 1, in another order.
void expectNear(float got, float want, int64_t parts, const std::string &where);
/// Outputs, as f32, of rows of any type; `step` as Kernel::run takes it.
std::vector<float> outputs(const LinearCase &c, const Kernel &kernel, int64_t rows,
                           int64_t step = 0);
/// One kernel of this shape, with each number of rows.
void check(LinearShape shape, std::vector<int64_t> rowCounts,
           const std::string &level = gpuLevel);

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
