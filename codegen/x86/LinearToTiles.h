/// kernel.linear by matrix registers.
#ifndef LLMC_CODEGEN_X86_LINEARTOTILES_H
#define LLMC_CODEGEN_X86_LINEARTOTILES_H

#include "codegen/x86/PanelWeights.h"
#include "dialects/kernel/KernelOps.h"

namespace llmc::codegen {

/// Whether tiles of a level do this linear: bf16 times bf16, f16 times f16 or
/// bytes times bytes, whole tiles of 32 or 64 terms, inputs whose memory has whole
/// tiles of rows (`padded_rows`).
bool fitsTiles(kernel::LinearOp op, const X86Level &level);

/// Puts the loops before `op`, as the lowerings of KernelsToX86.h do. The op
/// passed checkLinear and fitsTiles.
mlir::LogicalResult lowerLinearToTiles(kernel::LinearOp op,
                                       const PanelWeights &weights);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_LINEARTOTILES_H
