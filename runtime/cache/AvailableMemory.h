/// What the process may still take.
#ifndef LLMC_RUNTIME_CACHE_AVAILABLEMEMORY_H
#define LLMC_RUNTIME_CACHE_AVAILABLEMEMORY_H

#include <cstdint>

namespace llmc {

/// Bytes that the process may still take, as the system and its cgroup tell;
/// INT64_MAX where they do not.
int64_t availableMemory();

} // namespace llmc

#endif // LLMC_RUNTIME_CACHE_AVAILABLEMEMORY_H
