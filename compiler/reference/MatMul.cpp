#include "compiler/reference/MatMul.h"

namespace llmc::reference {

void multiplyRows(const Tensor &a, int64_t aOffset, const Tensor &b,
                  int64_t bOffset, int64_t m, int64_t k, int64_t n,
                  llvm::function_ref<void(int64_t, const double *)> store) {
  // A row of b is converted once for a block of rows of a.
  constexpr int64_t block = 16;
  std::vector<double> left(block * k), right(n), sums(block * n);
  for (int64_t start = 0; start < m; start += block) {
    int64_t rows = std::min(block, m - start);
    a.read(aOffset + start * k, 1, rows * k, left.data());
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int64_t inner = 0; inner < k; ++inner) {
      b.read(bOffset + inner * n, 1, n, right.data());
      for (int64_t row = 0; row < rows; ++row) {
        double factor = left[row * k + inner];
        double *sum = &sums[row * n];
        for (int64_t column = 0; column < n; ++column)
          sum[column] += factor * right[column];
      }
    }
    for (int64_t row = 0; row < rows; ++row)
      store(start + row, &sums[row * n]);
  }
}

} // namespace llmc::reference
