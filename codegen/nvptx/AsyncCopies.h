/// Copies of tensor tiles to shared memory, and barriers in shared memory that
/// count what has arrived (sm_90).
#ifndef LLMC_CODEGEN_NVPTX_ASYNCCOPIES_H
#define LLMC_CODEGEN_NVPTX_ASYNCCOPIES_H

#include "codegen/nvptx/GpuBuilder.h"

namespace llmc::codegen {

/// A barrier in shared memory: 8 bytes. Its phases have the parities 0, 1, 0, ….
class SharedBarrier {
public:
  static constexpr int64_t bytes = 8;

  SharedBarrier(GpuBuilder &b, Value address) : b(b), address(address) {}

  /// A phase ends with `arrivals` arrivals, and all bytes that were expected.
  void init(int64_t arrivals);
  /// Of the threads for which `condition` (i1) holds; without a branch, so that all
  /// of a warp stay together and products go on.
  void arriveIf(Value condition);
  void arriveAndExpect(int64_t bytes);
  /// Until the phase of this parity (i32) has ended. Before the first phase has,
  /// that with parity 1 counts as ended.
  void wait(Value parity);
  /// Copies the tile of `map` at `place` (i32, innermost first) to shared memory,
  /// aligned to 128 bytes, or to 1024 where it is swizzled; the bytes arrive here.
  void copyTile(Value to, Value map, ValueRange place);

private:
  GpuBuilder &b;
  Value address;
};

/// Barriers that were initialised are there for copies, too.
void fenceBarrierInit(GpuBuilder &b);
/// What this thread wrote or read in shared memory comes before what copies and
/// products in shared memory do after the next barrier.
void fenceSharedProxy(GpuBuilder &b);
/// The registers of a thread, for whole warpgroups; the kernel has a bound of its
/// own to begin with.
void giveRegisters(GpuBuilder &b, int64_t kept);
void takeRegisters(GpuBuilder &b, int64_t wanted);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_ASYNCCOPIES_H
