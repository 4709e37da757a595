/// How an `llm.weight` lies in the file: one answer for the kernels that read
/// it and the packer that writes it.
#ifndef LLMC_PASSES_SUPPORT_STOREDWEIGHT_H
#define LLMC_PASSES_SUPPORT_STOREDWEIGHT_H

#include "dialects/llm/LlmOps.h"

namespace llmc {

/// The memref of the weight's bytes. Layout "rows": its own shape. "panels", of
/// a matrix [K, N]: [panels, ceil(K / group), 16, group], without the last
/// where group is 1; with scheme "w8" bytes, the scales of a panel behind its
/// lines: [panels, ceil(K / 4) * 64 + 64] x i8 (`kernel.linear`).
mlir::MemRefType storedType(llm::WeightOp weight);

} // namespace llmc

#endif // LLMC_PASSES_SUPPORT_STOREDWEIGHT_H
