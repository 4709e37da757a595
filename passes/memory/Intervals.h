/// When the arena buffers of a program are alive.
#ifndef LLMC_PASSES_MEMORY_INTERVALS_H
#define LLMC_PASSES_MEMORY_INTERVALS_H

#include "dialects/rt/RtOps.h"

namespace llmc {

/// A vector register and a cache line.
constexpr int64_t bufferAlignment = 64;

struct Interval {
  rt::BufferOp buffer;
  int64_t bytes = 0;
  int64_t first = -1, last = -1; // launches, inclusive
  int64_t offset = 0;
};

/// Of each arena buffer that a launch names, in the order of the program.
llvm::SmallVector<Interval> liveIntervals(rt::ProgramOp program);

/// Bytes of a buffer with every dynamic extent at `rows`, aligned; nullopt on
/// overflow.
std::optional<int64_t> sizeAt(rt::BufferOp buffer, int64_t rows);

/// Whether the bytes of all intervals together are below 2^63: then no sum of
/// an offset and a size overflows.
bool sumFits(llvm::ArrayRef<Interval> intervals);

/// Greedy by size (see PlanMemory): writes `offset` of each interval, returns
/// the bytes that they take together.
int64_t placeAll(llvm::MutableArrayRef<Interval> intervals);

/// The largest sum of intervals alive at once.
int64_t lowerBound(llvm::ArrayRef<Interval> intervals);

/// The plan of a graph, whose extents are symbolic (PlanGraphMemory.cpp).
mlir::LogicalResult planGraphMemory(rt::ProgramOp program);

} // namespace llmc

#endif // LLMC_PASSES_MEMORY_INTERVALS_H
