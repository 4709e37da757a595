/// The lowerings of this folder, one per op family, and the pass that runs them.
#ifndef LLMC_CODEGEN_X86_KERNELSTOX86_H
#define LLMC_CODEGEN_X86_KERNELSTOX86_H

#include "codegen/llvm/VectorBuilder.h"
#include "codegen/x86/X86Level.h"
#include "dialects/kernel/KernelOps.h"

#include "mlir/Pass/Pass.h"

namespace llmc::codegen {

/// Each puts loops before `op` that do what it says; the caller erases it.
/// They fail after an error on the op: a type or shape they do not take.
mlir::LogicalResult lowerEmbedding(kernel::EmbeddingOp op);
mlir::LogicalResult lowerTakeRows(kernel::TakeRowsOp op);
mlir::LogicalResult lowerLinear(kernel::LinearOp op, const X86Level &level);
mlir::LogicalResult lowerQuantizeRows(kernel::QuantizeRowsOp op);
mlir::LogicalResult lowerMap(kernel::MapOp op);
mlir::LogicalResult lowerRmsNorm(kernel::RmsNormOp op);
mlir::LogicalResult lowerAddRmsNorm(kernel::AddRmsNormOp op);
mlir::LogicalResult lowerLayerNorm(kernel::LayerNormOp op);
mlir::LogicalResult lowerRope(kernel::RopeOp op);
mlir::LogicalResult lowerKvAppend(kernel::KvAppendOp op);
mlir::LogicalResult lowerAttention(kernel::AttentionOp op,
                                   const X86Level &level);
mlir::LogicalResult lowerAttentionSplit(kernel::AttentionSplitOp op,
                                        const X86Level &level);
mlir::LogicalResult lowerAttentionMerge(kernel::AttentionMergeOp op);

/// Lowers every kernel op of a module for a level.
std::unique_ptr<mlir::Pass> createKernelsToX86Pass(const X86Level &level);

/// Registers this folder's passes, for llmc-opt:
/// `--llmc-kernels-to-x86="level=x86-64-v4"`, `--llmc-kernel-abi`,
/// `--llmc-to-llvm`.
void registerX86Passes();

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_KERNELSTOX86_H
