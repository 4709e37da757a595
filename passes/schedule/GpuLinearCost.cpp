#include "passes/schedule/GpuLinearCost.h"

#include "dialects/kernel/KernelDialect.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace llmc;

/// From the ask for a byte of memory to its arrival under load, on Ampere and
/// Hopper about this many seconds (800 to 1000 cycles).
static constexpr double latency = 6e-7;
/// Bytes that a block of few rows has on their way: 256 threads, eight loads of 16
/// bytes. A thread's load is of two panels; where there is one, half is the same.
static constexpr double bytesAhead = 256 * 8 * 16;
/// Blocks of up to so many panels and rows share a multiprocessor: the sums of more
/// need the registers of both.
static constexpr int64_t sharingPanels = 2, sharingRows = 8, blocksTogether = 2;
/// What of the matrix rate a block reaches whose sums fill its registers.
static constexpr double matrixShare = 0.6;
/// The same of two blocks of warpgroups.
static constexpr double warpgroupShare = 0.8;
/// Start and end of a block: barriers, the sums of its warps, the epilogue.
static constexpr double blockSeconds = 1e-6;

double llmc::gpuLinearSeconds(const GpuFigures &gpu, const GpuLinear &linear,
                              int64_t panels, int64_t rows) {
  int64_t streams = panels * linear.parts;
  int64_t across = llvm::divideCeil(linear.panels, panels);
  int64_t down = llvm::divideCeil(linear.rows, rows);
  int64_t blocks = across * down;
  bool few = linear.rows == rows && !linear.warpgroups;
  bool sharing = linear.warpgroups ||
                 (rows <= sharingRows && streams <= sharingPanels);
  int64_t together = sharing ? blocksTogether : 1;

  double weights = double(streams) * double(linear.panelBytes);
  double inputs = double(std::min(rows, linear.rows)) * double(linear.length) *
                  double(linear.inputBytes);
  double ahead = streams == 1 ? bytesAhead / 2 : bytesAhead;
  // The multiprocessor with the most blocks; those that share it share its rate.
  int64_t most = llvm::divideCeil(blocks, gpu.processors);
  double rate = std::min(gpu.cacheRateOfOne() * 1e9,
                         double(std::min(most, together)) * ahead / latency);
  // Copies through shared memory keep more on its way than loads into registers.
  if (!few)
    rate = gpu.cacheRateOfOne() * 1e9;
  double reading = double(most) * (weights + inputs) / rate;

  // Half-filled fragments take as long as full ones.
  double columns = double(llvm::alignTo(streams, 2) * kernel::panelWidth);
  double share = linear.warpgroups ? warpgroupShare : matrixShare;
  double ofOne = gpu.matrixRate * 1e12 * share / double(gpu.processors);
  double multiplying = double(most) * 2 * columns *
                       double(llvm::alignTo(std::min(rows, linear.rows), 8)) *
                       double(linear.length) / ofOne;

  double memory = double(across) * weights / (gpu.memoryRate * 1e9);
  double rounds = double(llvm::divideCeil(most, together));
  return std::max({reading, multiplying, memory}) + rounds * blockSeconds;
}
