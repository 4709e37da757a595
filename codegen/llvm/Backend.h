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
  /// Functions are entries of a GPU, run by blocks of so many threads; 0: of a CPU.
  unsigned blockThreads = 0;
  /// Blocks that registers must leave room for on a multiprocessor.
  unsigned blocksTogether = 1;
};

/// Optimises and emits. Functions of a CPU become hidden symbols. All call nothing:
/// library calls are not recognised, floating point is not contracted. The
/// target's LLVM components must be initialised. Fails with
/// Code::KernelFailed.
Result<std::string> emitWithLlvm(mlir::ModuleOp module,
                                 const BackendOptions &options, EmitKind kind);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_BACKEND_H
