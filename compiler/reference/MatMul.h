/// Sums of products in double precision. Internal to this folder.
#ifndef LLMC_COMPILER_REFERENCE_MATMUL_H
#define LLMC_COMPILER_REFERENCE_MATMUL_H

#include "compiler/reference/Tensor.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace llmc::reference {

/// For floats: rows [offset a: M, K] times matrix [offset b: K, N], row-major.
/// Calls \p store(row, sums [N]) once per row, ascending.
void multiplyRows(const Tensor &a, int64_t aOffset, const Tensor &b,
                  int64_t bOffset, int64_t m, int64_t k, int64_t n,
                  llvm::function_ref<void(int64_t, const double *)> store);

} // namespace llmc::reference

#endif // LLMC_COMPILER_REFERENCE_MATMUL_H
