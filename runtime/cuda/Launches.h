/// The launches of a program on a GPU's stream.
#ifndef LLMC_RUNTIME_CUDA_LAUNCHES_H
#define LLMC_RUNTIME_CUDA_LAUNCHES_H

#include "runtime/cuda/GpuCode.h"
#include "runtime/cuda/GpuMemory.h"
#include "runtime/cuda/TensorMaps.h"
#include "runtime/program/BoundProgram.h"
#include "runtime/program/LaunchObserver.h"

#include <cstdint>
#include <span>
#include <vector>

namespace llmc::cuda {

/// How launches are put on the stream.
struct LaunchManner {
  /// After every launch the stream is waited for: an error names its kernel.
  bool waitsForEach = false;
  /// Told of every launch once all are done; may be null.
  LaunchObserver *observer = nullptr;
};

/// Puts launches of bound programs on the stream of a GPU.
class Launches {
public:
  /// Both must outlive this.
  Launches(Gpu &gpu, const GpuCode &code) : gpu(gpu), code(code), maps(gpu) {}

  /// All launches of \p bound in order, after its setSymbols and setMemory with
  /// addresses of the device. Launches of no tiles are left out. Error:
  /// DeviceFailed, which names kernel and launch.
  Status put(const BoundProgram &bound, const LaunchManner &manner);

  /// Waits until all of \p bound is done. Error: DeviceFailed with its launches.
  Status finish(const BoundProgram &bound);

private:
  struct Grid {
    unsigned x, y;
  };
  Grid gridOf(const BoundProgram &bound, size_t launch, int64_t tiles) const;
  std::string placeOf(const BoundProgram &bound, size_t launch) const;
  Status markEvent(size_t index);
  Status tellObserver(const BoundProgram &bound, LaunchObserver &observer,
                      std::span<const size_t> launches, int64_t begin);

  Gpu &gpu;
  const GpuCode &code;
  TensorMaps maps;
  std::vector<void *> parameters;  // scratch: the addresses of a launch's arguments
  std::vector<GpuEvent> events;    // for observers: one more than launches
};

/// Nanoseconds of CLOCK_MONOTONIC.
int64_t clockNow();

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_LAUNCHES_H
