/// The keys and values of all sequences, in pages that sequences may share.
#ifndef LLMC_RUNTIME_CACHE_KVCACHE_H
#define LLMC_RUNTIME_CACHE_KVCACHE_H

#include "runtime/cache/PageMemory.h"
#include "runtime/format/CacheLayout.h"
#include "runtime/format/ElementType.h"
#include "runtime/support/Error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace llmc {

/// A pool of pages (CacheLayout.h) and the page tables of up to `maxSequences`
/// sequences. Address space for all sequences at full context, or for the pages
/// that they are known to need at most, is reserved at the start; memory is committed as positions are reserved, and a lack of it
/// is an error then, before anything is computed. A forked sequence shares its
/// pages with its origin; a shared page that is written to is copied first.
///
/// All storage of the bookkeeping is allocated by create(). One thread at a
/// time.
class KvCache {
public:
  /// The pool of so many sequences: all at full context, or \p mostPages pages if
  /// that is not 0 and less. Error: OutOfMemory where it has no size.
  static Result<PoolShape> poolShape(const CacheLayout &layout, ElementType type,
                                     int64_t maxContext, int64_t maxSequences,
                                     int64_t mostPages = 0);
  /// \p make gives the pool its memory. Error: OutOfMemory.
  static Result<KvCache> create(const CacheLayout &layout, ElementType type,
                                int64_t maxContext, int64_t maxSequences,
                                const PageMemoryMaker &make = makeHostPages,
                                int64_t mostPages = 0);
  KvCache(KvCache &&) = default;
  KvCache &operator=(KvCache &&) = delete;

  /// The number of a new, empty sequence; -1 where all are taken.
  int32_t newSequence();
  /// A new sequence with the positions of \p origin; -1 where all are taken.
  int32_t fork(int32_t origin);
  /// Gives the sequence's pages and number back.
  void release(int32_t sequence);

  /// Makes positions [length, length + count) of \p sequence writable: takes
  /// pages, copies a shared last one. The length is unchanged. Where it fails
  /// nothing has changed but copies made. Errors: PromptTooLong, OutOfMemory.
  Status reserve(int32_t sequence, int64_t count);
  /// Counts \p count reserved positions as filled.
  void advance(int32_t sequence, int64_t count);
  /// Forgets the positions from \p length on (at most the current length), and
  /// clears their rows where no other sequence holds them.
  void truncate(int32_t sequence, int64_t length);

  int64_t length(int32_t sequence) const { return lengths[at(sequence)]; }
  /// The pages of \p sequence in order: page i holds positions [64 i, 64 i + 64).
  std::span<const int32_t> pages(int32_t sequence) const {
    return {&tables[at(sequence) * at(pagesPerSequence)],
            at(pageCounts[at(sequence)])};
  }

  const CacheLayout &layout() const { return pool.layout; }
  int64_t maxContext() const { return context; }
  int64_t maxSequences() const { return static_cast<int64_t>(lengths.size()); }
  /// Columns of a page table that holds a sequence at full context.
  int64_t maxPagesPerSequence() const { return pagesPerSequence; }
  int64_t poolPages() const { return pool.pages; }
  int64_t pageBytes() const { return pool.pageBytes; }
  /// Pages that some sequence holds.
  int64_t usedPages() const { return used; }
  /// Bytes that were ever committed.
  int64_t committedBytes() const { return memory->committedBytes(); }
  /// The pool: [poolPages, pageElements] elements, in its PageMemory.
  std::byte *base() const { return memory->base(); }

private:
  KvCache() = default;
  static size_t at(int64_t index) { return static_cast<size_t>(index); }
  int32_t *table(int32_t sequence) {
    return &tables[at(sequence) * at(pagesPerSequence)];
  }
  /// A page of zeros with one reference. Error: OutOfMemory.
  Result<int32_t> takePage();
  void dropPage(int32_t page);

  PoolShape pool;
  std::unique_ptr<PageMemory> memory;
  int64_t context = 0;
  int64_t pagesPerSequence = 0;
  int64_t used = 0;
  int32_t untouched = 0;           // pages from here on were never taken
  std::vector<int32_t> freePages;   // capacity [pool.pages]; last in, first out
  std::vector<uint32_t> references; // [pool.pages]
  std::vector<int32_t> tables;      // [maxSequences, pagesPerSequence]
  std::vector<int32_t> pageCounts;  // [maxSequences]
  std::vector<int64_t> lengths;     // [maxSequences]; -1: number not in use
};

} // namespace llmc

#endif // LLMC_RUNTIME_CACHE_KVCACHE_H
