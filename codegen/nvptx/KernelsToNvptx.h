/// The lowerings of this folder, one per op family, and the pass that runs them.
#ifndef LLMC_CODEGEN_NVPTX_KERNELSTONVPTX_H
#define LLMC_CODEGEN_NVPTX_KERNELSTONVPTX_H

#include "codegen/nvptx/GpuBuilder.h"
#include "dialects/kernel/KernelOps.h"

#include "mlir/Pass/Pass.h"

namespace llmc::codegen::nvptx {

/// Each puts before `op` what a thread of a block does of it; the caller erases
/// the op. They fail after an error on the op: a type or shape they do not take.
mlir::LogicalResult lowerEmbedding(kernel::EmbeddingOp op);
mlir::LogicalResult lowerTakeRows(kernel::TakeRowsOp op);
mlir::LogicalResult lowerLinear(kernel::LinearOp op);
mlir::LogicalResult lowerQuantizeRows(kernel::QuantizeRowsOp op);
mlir::LogicalResult lowerMap(kernel::MapOp op);
mlir::LogicalResult lowerRmsNorm(kernel::RmsNormOp op);
mlir::LogicalResult lowerAddRmsNorm(kernel::AddRmsNormOp op);
mlir::LogicalResult lowerLayerNorm(kernel::LayerNormOp op);
mlir::LogicalResult lowerRope(kernel::RopeOp op);
mlir::LogicalResult lowerKvAppend(kernel::KvAppendOp op);
mlir::LogicalResult lowerRopeAppend(kernel::RopeAppendOp op);
mlir::LogicalResult lowerAttention(kernel::AttentionOp op);
mlir::LogicalResult lowerAttentionSplit(kernel::AttentionSplitOp op);
mlir::LogicalResult lowerRowMaxima(kernel::RowMaximaOp op);
mlir::LogicalResult lowerChooseToken(kernel::ChooseTokenOp op);

/// The most neighbours that a thread reads at once of rows that are `length`
/// long: a power of two that divides all extents and strides, 16 bytes at most.
int64_t rowLanes(ValueRange rows, int64_t length);

/// The neighbours that a thread sums together of rows that are `length` long: of the
/// length alone, so that neither types nor strides show in the order of a sum.
int64_t sumLanes(int64_t length);
/// So many neighbours as f32, and neighbours to the memref's type: at once if its type
/// and strides allow, else in parts. `at` ends with the first one's column.
Value loadNeighbours(GpuBuilder &b, Value memref, ValueRange at, int64_t lanes);
void storeNeighbours(GpuBuilder &b, Value numbers, Value memref, ValueRange at);
/// 1 / sqrt(sum / length + epsilon) of a sum of squares (f32).
Value inverseRoot(GpuBuilder &b, Value sum, int64_t length, double epsilon);
/// Walks the columns of a row, `lanes` at a time, by all threads of the block.
void forColumns(GpuBuilder &b, int64_t length, int64_t lanes,
                llvm::function_ref<void(Value column)> body);

} // namespace llmc::codegen::nvptx

namespace llmc::codegen {

/// Lowers every kernel op of a module to what a thread does.
std::unique_ptr<mlir::Pass> createKernelsToNvptxPass();

/// Registers this folder's passes, for llmc-opt: `--llmc-kernels-to-nvptx`,
/// `--llmc-gpu-abi`.
void registerNvptxPasses();

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_KERNELSTONVPTX_H
