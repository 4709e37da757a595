#ifndef LLMC_CODEGEN_NVPTX_LINEARBYMMA_H
#define LLMC_CODEGEN_NVPTX_LINEARBYMMA_H

#include "codegen/nvptx/LinearSums.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace llmc::codegen::nvptx {

/// Blocks that a multiprocessor should hold, an attribute of the kernel: registers
/// are given out so.
constexpr llvm::StringLiteral blocksTogetherAttr = "kernel.blocks_together";
/// On a kernel that multiplies by warpgroups: 1.
constexpr llvm::StringLiteral warpgroupsAttr = "kernel.warpgroups";
/// Rows that a block does at once at most.
constexpr int64_t mmaRows = 32;

/// Lowers a linear whose weights are no f32 (LinearByMma.cpp).
mlir::LogicalResult lowerLinearByMma(const LinearShape &shape);
/// Whether lowerLinearByTiles takes a linear, and it asks for more rows than
/// lowerLinearByMma does at once.
bool fitsTiles(const LinearShape &shape);
/// Lowers a linear of many rows (LinearByTiles.cpp).
mlir::LogicalResult lowerLinearByTiles(const LinearShape &shape);
/// Whether lowerLinearByWarpgroups takes a linear whose engine is "wgmma".
bool fitsWarpgroups(const LinearShape &shape);
/// Lowers a linear of many rows by wgmma (LinearByWarpgroups.cpp).
mlir::LogicalResult lowerLinearByWarpgroups(const LinearShape &shape);
/// Whether a kernel asks for products by warpgroups.
bool wantsWarpgroups(mlir::func::FuncOp kernel);
/// Lowers one over weights of f32 (LinearByFma.cpp).
mlir::LogicalResult lowerLinearByFma(const LinearShape &shape);

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_LINEARBYMMA_H
