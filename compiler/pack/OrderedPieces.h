/// Work in pieces: made by several threads, taken by one in order.
#ifndef LLMC_COMPILER_PACK_ORDEREDPIECES_H
#define LLMC_COMPILER_PACK_ORDEREDPIECES_H

#include "runtime/support/Error.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace llmc::pack {

/// Calls \p make(piece, buffer) for pieces 0 to \p count - 1 on \p threads
/// threads (1: on the caller's) and \p take(buffer) for each in ascending order
/// on the caller's. At most two pieces a thread are in memory. \p make sizes
/// its buffer itself and must not fail; the first error of \p take ends the
/// work and is returned.
Status inOrder(int64_t count, unsigned threads,
               const std::function<void(int64_t, std::vector<std::byte> &)> &make,
               const std::function<Status(const std::vector<std::byte> &)> &take);

} // namespace llmc::pack

#endif // LLMC_COMPILER_PACK_ORDEREDPIECES_H
