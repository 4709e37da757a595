/// How the runtime calls a kernel: what compiler and runtime agree on.
#ifndef LLMC_RUNTIME_FORMAT_KERNELABI_H
#define LLMC_RUNTIME_FORMAT_KERNELABI_H

#include <cstdint>

namespace llmc {

/// A kernel does the tiles [begin, end) of its launch. Tiles are independent.
///
/// `buffers` holds one pointer per memref argument, in order, to its element
/// at index 0 (a view's offset is already added). `scalars` holds, for each
/// argument in order, a memref's dynamic extents or an index itself. Strides
/// are static. Kernels call nothing, keep no state, and may use 256 KiB of
/// stack. Denormals are flushed (MXCSR.FTZ and .DAZ are set by the caller).
using KernelFunction = void (*)(void *const *buffers, const int64_t *scalars,
                                int64_t begin, int64_t end);

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_KERNELABI_H
