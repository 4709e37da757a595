/// What the lowerings know of an NVIDIA architecture.
#ifndef LLMC_CODEGEN_NVPTX_NVPTXLEVEL_H
#define LLMC_CODEGEN_NVPTX_NVPTXLEVEL_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace llmc::codegen {

struct NvptxLevel {
  llvm::StringRef name;     ///< "sm_80"; LLVM's name of the processor as well.
  llvm::StringRef features; ///< The PTX version: the oldest that has what is used.
  /// Shared memory that a block may ask for. Of sm_80: sm_86 and sm_89 have no more.
  int64_t mostSharedBytes;
  bool warpgroups = false; ///< Whether it has wgmma.
};

/// Threads of every block, whatever the kernel and the level: a persistent
/// kernel can run any kernel of the step.
constexpr int64_t blockThreads = 256;
constexpr int64_t warpThreads = 32;
constexpr int64_t blockWarps = blockThreads / warpThreads;
constexpr int64_t warpgroupThreads = 128; ///< Four warps that multiply together.

/// Null if there is no such level.
const NvptxLevel *findNvptxLevel(llvm::StringRef name);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_NVPTXLEVEL_H
