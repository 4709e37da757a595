/// What a launch must know of a kernel.
#ifndef LLMC_CODEGEN_NVPTX_KERNELFIGURES_H
#define LLMC_CODEGEN_NVPTX_KERNELFIGURES_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace llmc::codegen {

/// Told in the first line of a kernel's PTX, as a comment:
/// `// llmc: threads 256, shared 8192, rows 8`.
struct KernelFigures {
  int64_t blockThreads = 0;
  int64_t sharedBytes = 0; ///< Dynamic shared memory.
  /// Rows of the input that the grid's y divides among blocks: a launch over T
  /// rows gains from up to ceil(T / rowsPerBlock) blocks in y. 0: y is 1.
  int64_t rowsPerBlock = 0;

  std::string text() const;
  /// Of PTX that this target emitted; none of other texts.
  static std::optional<KernelFigures> of(llvm::StringRef ptx);
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_KERNELFIGURES_H
