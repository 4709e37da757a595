/// The rate at which this machine multiplies matrices at best.
#ifndef LLMC_RUNTIME_VERBS_MATRIXRATE_H
#define LLMC_RUNTIME_VERBS_MATRIXRATE_H

#include "runtime/cpu/ThreadPool.h"
#include "runtime/format/ElementType.h"

#include <string_view>

namespace llmc {

/// A limit for linears, and how it was found.
struct MatrixRate {
  double operationsPerSecond = 0; ///< An FMA is two.
  std::string_view how;           ///< `f32 FMA in registers, AVX-512`.
};

/// What \p threads together reach with the instructions that kernels of \p level
/// use for weights of \p type: a loop of independent multiply-adds that touches
/// no memory, the best of 3 passes, or of up to 12 that take 20 ms.
MatrixRate matrixRate(ThreadPool &threads, std::string_view level, ElementType type);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_MATRIXRATE_H
