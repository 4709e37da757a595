/// What the machine gives while `bench` runs: read bandwidth.
#ifndef LLMC_RUNTIME_VERBS_MACHINERATES_H
#define LLMC_RUNTIME_VERBS_MACHINERATES_H

#include "runtime/cpu/ThreadPool.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace llmc {

/// Bytes per second at which \p threads together read \p bytes again and again,
/// the best of 3 passes, or of up to 24 that take 20 ms. What fits a cache is read
/// from the cache.
double readBandwidth(ThreadPool &threads, std::span<const std::byte> bytes);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_MACHINERATES_H
