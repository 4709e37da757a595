#ifndef LLMC_CODEGEN_LLVM_TOLLVM_H
#define LLMC_CODEGEN_LLVM_TOLLVM_H

#include "mlir/Pass/Pass.h"

namespace llmc::codegen {

/// scf, memref, vector, arith, math, cf and func to the LLVM dialect, in one
/// conversion of the handful of patterns that kernels need.
std::unique_ptr<mlir::Pass> createToLlvmPass();

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_TOLLVM_H
