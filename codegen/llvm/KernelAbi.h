#ifndef LLMC_CODEGEN_LLVM_KERNELABI_H
#define LLMC_CODEGEN_LLVM_KERNELABI_H

#include "mlir/Pass/Pass.h"

namespace llmc::codegen {

/// Kernels of memrefs and indices to functions of (buffers, scalars, begin,
/// end): see runtime/format/KernelAbi.h.
std::unique_ptr<mlir::Pass> createKernelAbiPass();

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_KERNELABI_H
