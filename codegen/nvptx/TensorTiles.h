/// Tensors that kernels have brought tile by tile: from the lowering that asks for
/// them to the parameters of a launch.
#ifndef LLMC_CODEGEN_NVPTX_TENSORTILES_H
#define LLMC_CODEGEN_NVPTX_TENSORTILES_H

#include "codegen/nvptx/GpuBuilder.h"
#include "runtime/format/TensorTile.h"

#include <vector>

namespace llmc::codegen {

/// The address of a tensor map that launches make of `tile`. It stands for a
/// parameter that passTensorMaps adds.
Value addTensorMap(GpuBuilder &b, const TensorTile &tile);

/// The number by which a tile knows an extent of a kernel's argument: 1 for the
/// first scalar. `memref` is an argument, its extent `dimension` dynamic.
uint32_t scalarOf(mlir::BlockArgument memref, unsigned dimension);

/// Gives a kernel that has its last arguments a parameter of 128 bytes, passed by
/// value, for each of its maps.
void passTensorMaps(mlir::func::FuncOp function);

/// The tiles of a kernel, in the order of their parameters.
std::vector<TensorTile> tensorTilesOf(mlir::Operation *function);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_TENSORTILES_H
