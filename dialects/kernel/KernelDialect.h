#ifndef LLMC_DIALECTS_KERNEL_KERNELDIALECT_H
#define LLMC_DIALECTS_KERNEL_KERNELDIALECT_H

#include "mlir/IR/Dialect.h"

#include "dialects/kernel/KernelDialect.h.inc"

namespace llmc::kernel {
/// Marks a `func.func` as a kernel (unit attribute).
constexpr llvm::StringLiteral entryAttr = "kernel.entry";
/// Outputs in a panel of packed weights, and lanes of every vector: 64 bytes.
constexpr int64_t panelWidth = 16;
/// On an llm.linear: `engine` of the kernel.linear that it becomes.
constexpr llvm::StringLiteral engineAttr = "kernel.engine";
/// Terms in a block of the canonical order of summation.
constexpr int64_t sumBlock = 32;
/// Positions in a piece of attention at most.
constexpr int64_t mostSplit = 16384;
} // namespace llmc::kernel

#endif // LLMC_DIALECTS_KERNEL_KERNELDIALECT_H
