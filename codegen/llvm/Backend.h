/// LLVM dialect to optimised LLVM IR, assembly or an object, in memory.
#ifndef LLMC_CODEGEN_LLVM_BACKEND_H
#define LLMC_CODEGEN_LLVM_BACKEND_H

#include "codegen/Target.h"

namespace llmc::codegen {

/// What LLVM is told of a processor.
struct BackendOptions {
  llvm::StringRef triple;   ///< "x86_64-unknown-linux-gnu".
  llvm::StringRef cpu;      ///< "x86-64-v4".
  llvm::StringRef features; ///< "+avx512bf16"; may be empty.
  unsigned vectorBits = 0;  ///< Widest registers to use; 0: LLVM's choice.
};

/// Optimises and emits. Functions become hidden symbols that call nothing:
/// library calls are not recognised, floating point is not contracted. The
/// target's LLVM components must be initialised. Fails with
/// Code::KernelFailed.
Result<std::string> emitWithLlvm(mlir::ModuleOp module,
                                 const BackendOptions &options, EmitKind kind);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_BACKEND_H
