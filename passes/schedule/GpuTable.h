/// What choices for a GPU are computed from: a row of figures for each.
#ifndef LLMC_PASSES_SCHEDULE_GPUTABLE_H
#define LLMC_PASSES_SCHEDULE_GPUTABLE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace llmc {

/// A GPU as its vendor's data sheet and the tuning guide of its architecture
/// describe it. Rates are of the whole GPU.
struct GpuFigures {
  llvm::StringRef name;  ///< "h200": what --target takes.
  llvm::StringRef level; ///< The code that it runs: "sm_90a".
  int64_t processors;    ///< Streaming multiprocessors.
  double clock;          ///< Boost, 10^9 cycles a second.
  double memoryRate;     ///< 10^9 bytes a second.
  double matrixRate;     ///< 10^12 dense bf16 operations a second, sums in f32.

  /// What a multiprocessor can take from the second cache: 64 bytes a cycle.
  double cacheRateOfOne() const { return clock * 64; }
};

llvm::ArrayRef<GpuFigures> gpuTable();

/// By name, or the one for which code of a level is made where no GPU is named;
/// null if there is neither.
const GpuFigures *findGpu(llvm::StringRef nameOrLevel);

} // namespace llmc

#endif // LLMC_PASSES_SCHEDULE_GPUTABLE_H
