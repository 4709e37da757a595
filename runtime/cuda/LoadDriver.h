/// The NVIDIA driver of this machine, found when it is wanted.
#ifndef LLMC_RUNTIME_CUDA_LOADDRIVER_H
#define LLMC_RUNTIME_CUDA_LOADDRIVER_H

#include "runtime/cuda/Driver.h"
#include "runtime/support/Error.h"

namespace llmc::cuda {

/// The address of a function of the driver; null where it has none.
using FindSymbol = void *(*)(void *context, const char *name);

/// Fills the table by \p find. Error: DeviceUnavailable, which names what an old
/// driver lacks.
Result<Driver> fillDriver(FindSymbol find, void *context);

/// The table of libcuda.so.1, initialised; opened once for the process. Error:
/// DeviceUnavailable: no driver, one that is too old, or no device.
Result<const Driver *> loadDriver();

/// `12.4` of 12040.
std::string versionText(int version);

/// Calls init and looks at the version. Error: DeviceUnavailable.
Status startDriver(const Driver &driver);

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_LOADDRIVER_H
