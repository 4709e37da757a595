/// The memory that pages of a cache lie in: the host's, or a device's.
#ifndef LLMC_RUNTIME_CACHE_PAGEMEMORY_H
#define LLMC_RUNTIME_CACHE_PAGEMEMORY_H

#include "runtime/format/CacheLayout.h"
#include "runtime/support/Error.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace llmc {

/// What a pool of pages consists of.
struct PoolShape {
  CacheLayout layout;
  int64_t pages = 0;
  int64_t pageBytes = 0;
  int64_t poolBytes = 0; ///< pages * pageBytes

  /// Bytes of an element.
  int64_t elementBytes() const {
    return layout.pageElements() ? pageBytes / layout.pageElements() : 0;
  }
};

/// Address space for a whole pool, with memory behind its first bytes. What
/// clears and copies cannot fail on the host; a device keeps its first failure
/// for the next step.
class PageMemory {
public:
  virtual ~PageMemory() = default;
  /// Address of page 0: one of the device's where it is one's memory.
  virtual std::byte *base() const = 0;
  /// Puts memory behind the first \p bytes bytes at least; what is new is zero.
  /// Error: OutOfMemory.
  virtual Status commit(int64_t bytes) = 0;
  /// Bytes that were ever committed.
  virtual int64_t committedBytes() const = 0;
  /// Zeros a page.
  virtual void clearPage(int32_t page) = 0;
  virtual void copyPage(int32_t to, int32_t from) = 0;
  /// Zeros the rows of \p page from \p row on.
  virtual void clearRows(int32_t page, int64_t row) = 0;
};

/// Makes the memory of a pool. Error: OutOfMemory.
using PageMemoryMaker =
    std::function<Result<std::unique_ptr<PageMemory>>(const PoolShape &)>;

/// Host memory, whose pages come into being in pieces of 2 MiB after a look at
/// what the system has left.
Result<std::unique_ptr<PageMemory>> makeHostPages(const PoolShape &shape);

/// Zeros the rows from \p row on in the bytes of one page on the host.
void clearRowsOfPage(const PoolShape &shape, std::byte *page, int64_t row);

/// The error where a cache finds no memory.
Error outOfCacheMemory(std::string why);

/// What is left to the rest of the system when the cache grows.
inline constexpr int64_t cacheMemoryMargin = 16 << 20;

} // namespace llmc

#endif // LLMC_RUNTIME_CACHE_PAGEMEMORY_H
