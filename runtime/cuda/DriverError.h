/// What the driver says, as errors.
#ifndef LLMC_RUNTIME_CUDA_DRIVERERROR_H
#define LLMC_RUNTIME_CUDA_DRIVERERROR_H

#include "runtime/cuda/Driver.h"
#include "runtime/support/Error.h"

#include <string>

namespace llmc::cuda {

/// `CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered`, or
/// the number where the driver knows no name.
std::string resultText(const Driver &driver, DriverResult result);

/// OutOfMemory where that is what the driver says, else DeviceFailed.
Error driverError(const Driver &driver, DriverResult result, std::string what,
                  std::string where);

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_DRIVERERROR_H
