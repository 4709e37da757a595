/// Machine code mapped read-execute from a model.bin.
#ifndef LLMC_RUNTIME_CPU_KERNELCODE_H
#define LLMC_RUNTIME_CPU_KERNELCODE_H

#include "runtime/format/Artifact.h"
#include "runtime/format/KernelAbi.h"
#include "runtime/support/Error.h"

#include <cstddef>
#include <vector>

namespace llmc {

/// One kernel image of a file. Move-only.
class KernelCode {
public:
  /// Maps image \p image. Errors: CannotRead (a file system mounted noexec
  /// among the reasons).
  static Result<KernelCode> map(const Artifact &artifact, size_t image);

  /// No image: nothing runs on the CPU.
  KernelCode() = default;
  KernelCode(KernelCode &&other) noexcept;
  KernelCode &operator=(KernelCode &&) = delete;
  ~KernelCode();

  /// Of Model::kernels[\p kernel].
  KernelFunction function(size_t kernel) const { return functions[kernel]; }

private:
  void *code = nullptr;
  size_t size = 0;
  std::vector<KernelFunction> functions;
};

} // namespace llmc

#endif // LLMC_RUNTIME_CPU_KERNELCODE_H
