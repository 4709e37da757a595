#ifndef LLMC_DIALECTS_KERNEL_KERNELDIALECT_H
#define LLMC_DIALECTS_KERNEL_KERNELDIALECT_H

#include "mlir/IR/Dialect.h"

#include "dialects/kernel/KernelDialect.h.inc"

namespace llmc::kernel {
/// Marks a `func.func` as a kernel (unit attribute).
constexpr llvm::StringLiteral entryAttr = "kernel.entry";
/// Outputs in a panel of packed weights, and lanes of every vector: 64 bytes.
constexpr int64_t panelWidth = 16;
/// Terms in a block of the canonical order of summation.
constexpr int64_t sumBlock = 32;

/// Weights of few bits with a scale for each group of K and column, spelled
/// "w4g32": `bits` 4 or 8, `size` a multiple of sumBlock; a trailing "z" where
/// each group has a zero point as well (else it is the middle of the range).
struct GroupScheme {
  int64_t bits = 4;
  int64_t size = sumBlock;
  bool zeros = false;

  /// A group of a panel in bytes: a line of f32 scales, one of f32 zero points
  /// where there are any, then the weights.
  int64_t headerBytes() const { return 64 * (1 + zeros); }
  int64_t bytes() const { return headerBytes() + size * panelWidth * bits / 8; }
  /// The number that stands for zero where no zero points are stored.
  int64_t middle() const { return int64_t(1) << (bits - 1); }
};
/// None for what is no such scheme.
std::optional<GroupScheme> parseGroupScheme(llvm::StringRef scheme);
} // namespace llmc::kernel

#endif // LLMC_DIALECTS_KERNEL_KERNELDIALECT_H
