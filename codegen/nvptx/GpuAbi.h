#ifndef LLMC_CODEGEN_NVPTX_GPUABI_H
#define LLMC_CODEGEN_NVPTX_GPUABI_H

#include "mlir/Pass/Pass.h"

namespace llmc::codegen {

/// Kernels of memrefs and indices to entries that take a pointer to global
/// memory for each memref, then the scalars of runtime/format/KernelAbi.h, then
/// begin and end.
std::unique_ptr<mlir::Pass> createGpuAbiPass();

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_GPUABI_H
