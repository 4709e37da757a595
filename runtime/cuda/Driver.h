/// The CUDA driver API as a table of functions. The run time calls the GPU
/// through one of these and cannot tell who filled it: libcuda.so.1 by dlsym,
/// the simulator (runtime/sim), or a test that records calls.
///
/// The functions keep the driver's own C signatures, so that the addresses that
/// dlsym gives can be called as they are. DriverFunctions.def lists them once:
/// the loader walks the same list.
#ifndef LLMC_RUNTIME_CUDA_DRIVER_H
#define LLMC_RUNTIME_CUDA_DRIVER_H

#include "runtime/cuda/DriverTypes.h"

namespace llmc::cuda {

/// Every member is null until somebody fills the table; the ones that
/// DriverFunctions.def calls optional may stay null (a driver of CUDA 11).
struct Driver {
#define LLMC_CUDA_FUNCTION(MEMBER, SYMBOL, PARAMETERS)                         \
  DriverResult(*MEMBER) PARAMETERS = nullptr;
#include "runtime/cuda/DriverFunctions.def"
};

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_DRIVER_H
