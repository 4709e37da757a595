/// Which of a file's codes a GPU runs.
#ifndef LLMC_RUNTIME_CUDA_CHOOSEIMAGE_H
#define LLMC_RUNTIME_CUDA_CHOOSEIMAGE_H

#include "runtime/format/Program.h"

#include <optional>
#include <string_view>
#include <vector>

namespace llmc::cuda {

/// `sm_90a`: 9, 0 and bound to that device; `sm_120f`: 12, 0 and to its family.
struct Target {
  int major = 0, minor = 0;
  bool isExact = false, isFamily = false;

  static Target parse(std::string_view text);
  /// Whether the driver can make code for \p major.\p minor of its PTX.
  bool takesPtx(int major, int minor) const;
  /// Whether its machine code runs there as it is.
  bool takesCubin(int major, int minor) const;
  /// The first driver that knows the PTX of such code, as cuDriverGetVersion tells
  /// it: CUDA 12.0 (12000) for sm_90a. PTX ISA, release history.
  int leastDriver() const;
};

/// The code in \p devices that serves \p module best on a device of this
/// capability under a driver of this version: one made for exactly this device, else
/// the highest below it. Empty where none fits. \p module has a schedule for it.
std::optional<size_t> chooseImage(const std::vector<DeviceImage> &devices,
                                  const llmc::Module &module, int major, int minor,
                                  int driverVersion);

/// The schedule of \p module for \p device, or null.
const DeviceSchedule *scheduleFor(const llmc::Module &module, size_t device);

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_CHOOSEIMAGE_H
