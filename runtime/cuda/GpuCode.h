/// The kernels of a file, loaded into a GPU.
#ifndef LLMC_RUNTIME_CUDA_GPUCODE_H
#define LLMC_RUNTIME_CUDA_GPUCODE_H

#include "runtime/cuda/Gpu.h"
#include "runtime/format/Artifact.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace llmc::cuda {

/// Takes a line for a person; may be empty.
using Say = std::function<void(const std::string &line)>;

/// A module whose every kernel was found.
class GpuCode {
public:
  /// Of Model::devices[\p device]: its cubin where that fits, or its PTX, of
  /// which the driver makes machine code. What is done and how long it took goes
  /// to \p say. \p gpu must outlive this. Error: DeviceFailed with the
  /// compiler's log, or the kernel that is not there.
  static Result<std::unique_ptr<GpuCode>> load(Gpu &gpu, const Artifact &artifact,
                                               size_t device, const Say &say);
  ~GpuCode();
  GpuCode(const GpuCode &) = delete;
  GpuCode &operator=(const GpuCode &) = delete;

  const DeviceImage &image() const { return description; }
  Function function(size_t kernel) const { return functions[kernel]; }

private:
  GpuCode(Gpu &gpu, const DeviceImage &image) : gpu(gpu), description(image) {}
  Status loadPtx(const char *text, const Say &say);
  Status findKernels();
  Status checkParameters(Function function, const DeviceKernel &item) const;

  Gpu &gpu;
  const DeviceImage &description;
  Module module = nullptr;
  std::vector<Function> functions; // [kernels]
};

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_GPUCODE_H
