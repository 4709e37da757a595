/// Pages of a cache in a GPU's memory.
#ifndef LLMC_RUNTIME_CUDA_GPUPAGES_H
#define LLMC_RUNTIME_CUDA_GPUPAGES_H

#include "runtime/cache/PageMemory.h"
#include "runtime/cuda/Gpu.h"

#include <memory>

namespace llmc::cuda {

/// Addresses for the whole pool, with memory mapped as it is committed; where
/// the device cannot do that, all memory at once. \p gpu must outlive it.
/// Errors: OutOfMemory, DeviceFailed.
Result<std::unique_ptr<PageMemory>> makeGpuPages(Gpu &gpu, const PoolShape &shape);

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_GPUPAGES_H
