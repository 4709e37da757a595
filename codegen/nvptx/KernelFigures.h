/// What a launch must know of a kernel.
#ifndef LLMC_CODEGEN_NVPTX_KERNELFIGURES_H
#define LLMC_CODEGEN_NVPTX_KERNELFIGURES_H

#include "runtime/format/TensorTile.h"

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace llmc::codegen {

/// Told in the first line of a kernel's PTX, as a comment:
/// `// llmc: threads 256, shared 8192, rows 8`, and behind that for each tensor
/// `, tensor 0 + 0 of 2, swizzle 128: 4096 by 2 box 64, #1 by 8192 box 128`: its
/// argument, offset, bytes of an element; sizes, strides and boxes, #1 being the
/// first scalar.
struct KernelFigures {
  int64_t blockThreads = 0;
  int64_t sharedBytes = 0; ///< Dynamic shared memory.
  /// Rows of the input that the grid's y divides among blocks: a launch over T
  /// rows gains from up to ceil(T / rowsPerBlock) blocks in y. 0: y is 1.
  int64_t rowsPerBlock = 0;
  std::vector<TensorTile> tensors; ///< Maps that the kernel takes last.

  std::string text() const;
  /// Of PTX that this target emitted; none of other texts.
  static std::optional<KernelFigures> of(llvm::StringRef ptx);
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_KERNELFIGURES_H
