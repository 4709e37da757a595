/// A GPU with a context and a stream.
#ifndef LLMC_RUNTIME_CUDA_GPU_H
#define LLMC_RUNTIME_CUDA_GPU_H

#include "runtime/cuda/Driver.h"
#include "runtime/support/Error.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace llmc::cuda {

/// What a device says about itself.
struct GpuFacts {
  int ordinal = 0;
  std::string name;
  int major = 0, minor = 0; ///< Compute capability.
  int driverVersion = 0;    ///< 12040: of CUDA 12.4.
  uint64_t memoryBytes = 0;
  int multiprocessors = 0;
  int mostBlocks = 0;      ///< Of a grid.
  int mostSharedBytes = 0; ///< Of a block, when asked for.
  bool hasVirtualMemory = false;
};

/// All devices of \p driver, which was started. Errors: DeviceUnavailable where
/// there are none, DeviceFailed.
Result<std::vector<GpuFacts>> listGpus(const Driver &driver);

/// The primary context of a device and one stream in it, on which everything is
/// done in order.
class Gpu {
public:
  /// Errors: DeviceFailed, OutOfMemory.
  static Result<std::unique_ptr<Gpu>> open(const Driver &driver, GpuFacts facts);
  ~Gpu();
  Gpu(const Gpu &) = delete;
  Gpu &operator=(const Gpu &) = delete;

  /// Makes the context that of the calling thread; gives the failure that noteFailure
  /// kept. Errors: as kept, DeviceFailed.
  Status enter();
  /// Success, or the error that \p what could not be done.
  Status check(DriverResult result, std::string what, std::string where = "") const;
  /// Keeps the first failure of calls that cannot return one, for enter.
  void noteFailure(DriverResult result, const char *what);
  /// Waits for all that was put on the stream.
  Status synchronize(std::string what, std::string where = "") const;

  const Driver &driver;
  const GpuFacts facts;
  Stream stream = nullptr;
  /// What the driver knows of its last failure beyond a code; may be empty.
  std::function<std::string()> explain;

private:
  Gpu(const Driver &driver, GpuFacts facts) : driver(driver), facts(std::move(facts)) {}

  Device device = 0;
  bool retained = false;
  Context context = nullptr;
  Status kept;
};

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_GPU_H
