/// Objects of one CPU level to one position-independent image.
#ifndef LLMC_CODEGEN_LLVM_IMAGE_H
#define LLMC_CODEGEN_LLVM_IMAGE_H

#include "codegen/Generate.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::codegen {

/// A kernel's entry in an image.
struct ImageEntry {
  std::string kernel;
  uint64_t offset = 0; ///< Bytes from the start of the image.
};

/// What is mapped read-execute, page-aligned, at any address: no imports, no
/// relocations, nothing writable.
struct KernelImage {
  std::string level;
  std::string bytes;
  std::vector<ImageEntry> entries; ///< In the order of the objects.
};

/// Links the objects of one level (others are skipped) with lld. Not safe to
/// call from two threads. Fails with Code::KernelFailed where an object calls a
/// function, needs a relocation at run time or has writable data.
Result<KernelImage> linkImage(llvm::ArrayRef<KernelObject> objects,
                              llvm::StringRef level);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_IMAGE_H
