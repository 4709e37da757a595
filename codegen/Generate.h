/// Kernels to objects: in worker processes, behind a cache on disk.
#ifndef LLMC_CODEGEN_GENERATE_H
#define LLMC_CODEGEN_GENERATE_H

#include "codegen/Target.h"

#include <functional>
#include <string>
#include <vector>

namespace llmc::codegen {

/// The machine code of one kernel for one level.
struct KernelObject {
  std::string kernel; ///< The function's name in the module of kernels.
  std::string level;  ///< "x86-64-v4".
  /// The object's only global symbol: "k_" and a hash of what the kernel
  /// computes. Kernels that differ in nothing but name share it.
  std::string symbol;
  std::string object; ///< ELF relocatable object.
};

struct GenerateOptions {
  unsigned jobs = 0; ///< Worker processes; 0: one per available core.
  bool cache = true; ///< Look objects up on disk and keep new ones there.
  /// Empty: $LLMC_CACHE_DIR, else $XDG_CACHE_HOME/llmc, else ~/.cache/llmc.
  std::string cacheFolder;
  /// Called in this process after each finished object: done of total.
  std::function<void(size_t done, size_t total)> progress;
};

/// How many objects came from the cache and how many were generated.
struct GenerateStatistics {
  size_t cached = 0;
  size_t generated = 0;
};

/// Generates every kernel (a `func.func` with `kernel.entry`) of the module for
/// every level. The module is not changed. Objects come in the order of levels,
/// then of the module, whatever the number of jobs, and are the same bytes.
///
/// Forks: call it while the process has one thread (an MLIRContext without
/// threading). A kernel that fails or kills its worker gives
/// Code::KernelFailed naming it and the file that holds its text.
Result<std::vector<KernelObject>>
generateKernels(mlir::ModuleOp kernels, llvm::ArrayRef<std::string> levels,
                const GenerateOptions &options = {},
                GenerateStatistics *statistics = nullptr);

/// Lowers and emits one module of kernels in this process (`--emit=llvm|asm`).
/// The module is changed: it ends in the LLVM dialect.
Result<std::string> generateHere(mlir::ModuleOp kernels, llvm::StringRef level,
                                 EmitKind kind);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_GENERATE_H
