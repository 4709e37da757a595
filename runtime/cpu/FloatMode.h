/// The floating-point mode that kernels expect.
#ifndef LLMC_RUNTIME_CPU_FLOATMODE_H
#define LLMC_RUNTIME_CPU_FLOATMODE_H

#include <xmmintrin.h>

namespace llmc {

/// Flushes denormals (MXCSR.FTZ and .DAZ) with the default rounding for the
/// calling thread, until the end of the scope.
class KernelFloatMode {
public:
  KernelFloatMode() : before(_mm_getcsr()) {
    // All exceptions masked, round to nearest, FTZ (bit 15), DAZ (bit 6).
    _mm_setcsr(0x1f80 | 0x8040);
  }
  ~KernelFloatMode() { _mm_setcsr(before); }
  KernelFloatMode(const KernelFloatMode &) = delete;
  KernelFloatMode &operator=(const KernelFloatMode &) = delete;

private:
  unsigned before;
};

} // namespace llmc

#endif // LLMC_RUNTIME_CPU_FLOATMODE_H
