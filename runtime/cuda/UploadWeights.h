/// Weights on their way to a GPU.
#ifndef LLMC_RUNTIME_CUDA_UPLOADWEIGHTS_H
#define LLMC_RUNTIME_CUDA_UPLOADWEIGHTS_H

#include "runtime/cpu/ThreadPool.h"
#include "runtime/cuda/GpuCode.h"
#include "runtime/cuda/GpuMemory.h"
#include "runtime/format/Artifact.h"

namespace llmc::cuda {

/// Copies the weights section as it is into one allocation: read by all threads
/// into one pinned buffer while the other is on its way, every block compared
/// with its hash. Errors: ArtifactDamaged, CannotRead, OutOfMemory, DeviceFailed.
Result<GpuMemory> uploadWeights(Gpu &gpu, const Artifact &artifact, ThreadPool &threads,
                                const Say &say);

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_UPLOADWEIGHTS_H
