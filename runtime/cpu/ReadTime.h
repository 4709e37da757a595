/// How fast threads read memory.
#ifndef LLMC_RUNTIME_CPU_READTIME_H
#define LLMC_RUNTIME_CPU_READTIME_H

#include "runtime/cpu/ThreadPool.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace llmc {

/// Nanoseconds, at least 1, in which \p threads together read \p pieces
/// \p rounds times. Thread i of t takes pieces [n i / t, n (i + 1) / t). What
/// fits a cache is read from the cache; bytes behind a piece's last 128 are
/// left out.
int64_t readTime(ThreadPool &threads,
                 std::span<const std::span<const std::byte>> pieces,
                 size_t rounds = 1);

/// The same once, each piece timed by itself: lowers \p least[i] to the
/// nanoseconds of piece i. On a busy machine most pieces of 2 MiB, which take
/// some 0.1 ms, are read without a break, while no pass over many is.
void readPieces(ThreadPool &threads,
                std::span<const std::span<const std::byte>> pieces,
                std::span<int64_t> least);

} // namespace llmc

#endif // LLMC_RUNTIME_CPU_READTIME_H
