#include "passes/schedule/GpuLinearCost.h"

#include "dialects/kernel/KernelDialect.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace llmc;

/// From the ask for a byte to its arrival while memory is nearly as busy as it can
/// be: an estimate for Ampere and Hopper, half as much again as when it is idle.
static constexpr double latency = 9e-7;
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
  // Half-filled fragments take as long as full ones.
  double columns = double(llvm::alignTo(streams, 2) * kernel::panelWidth);
  double share = linear.warpgroups ? warpgroupShare : matrixShare;
  double ofOne = gpu.matrixRate * 1e12 * share / double(gpu.processors);
  double products = 2 * columns *
                    double(llvm::alignTo(std::min(rows, linear.rows), 8)) *
                    double(linear.length);
  // Of few rows each weight is read from memory by one block; of many by one block
  // of each column of them, and by the others from the cache.
  double fromMemory = few ? weights : weights / double(down);

  // Blocks that begin together: as many as there is room for, and what is left.
  // Where some multiprocessors have one more, it is they that are waited for.
  auto wave = [&](int64_t count) {
    auto each = double(llvm::divideCeil(count, gpu.processors));
    // Copies through shared memory keep more on its way than loads into registers.
    double rate = gpu.cacheRateOfOne() * 1e9;
    if (few)
      rate = std::min(rate, each * ahead / latency);
    double memory = double(count) * fromMemory / (gpu.memoryRate * 1e9);
    return std::max({each * (weights + inputs) / rate, each * products / ofOne,
                     memory}) +
           blockSeconds;
  };
  int64_t room = gpu.processors * together;
  int64_t whole = blocks / room, left = blocks % room;
  return double(whole) * wave(room) + (left ? wave(left) : 0);
}
