#include "runtime/cache/KvCache.h"

#include "runtime/cache/AvailableMemory.h"

#include <algorithm>

namespace llmc {

Result<PoolShape> KvCache::poolShape(const CacheLayout &layout, ElementType type,
                                     int64_t maxContext, int64_t maxSequences,
                                     int64_t mostPages) {
  PoolShape pool;
  pool.layout = layout;
  // A page number is an i32 in page tables.
  bool tooMany = __builtin_mul_overflow(layout.pagesFor(maxContext), maxSequences,
                                        &pool.pages);
  if (!tooMany && mostPages > 0)
    pool.pages = std::min(pool.pages, mostPages);
  if (tooMany || pool.pages > INT32_MAX ||
      __builtin_mul_overflow(layout.pageElements(), elementBytes(type),
                             &pool.pageBytes) ||
      __builtin_mul_overflow(pool.pageBytes, pool.pages, &pool.poolBytes))
    return outOfCacheMemory("the sequences and their context are too many");
  return pool;
}

Result<KvCache> KvCache::create(const CacheLayout &layout, ElementType type,
                                int64_t maxContext, int64_t maxSequences,
                                const PageMemoryMaker &make, int64_t mostPages) {
  KvCache cache;
  PoolShape &pool = cache.pool;
  LLMC_TRY(pool, poolShape(layout, type, maxContext, maxSequences, mostPages));
  cache.context = maxContext;
  cache.pagesPerSequence = layout.pagesFor(maxContext);
  // Page tables, references and free pages, here and in the step's executor.
  int64_t entries = cache.pagesPerSequence * maxSequences; // poolShape saw that it is one
  int64_t tables = 0;
  if (__builtin_mul_overflow(entries + maxSequences, int64_t(16), &tables))
    return outOfCacheMemory("the sequences and their context are too many");
  if (int64_t available = availableMemory();
      available < tables + cacheMemoryMargin)
    return outOfCacheMemory("page tables of " + std::to_string(maxSequences) +
                            " sequences take " + std::to_string(tables) + " bytes and " +
                            std::to_string(available) + " are left");
  LLMC_TRY(cache.memory, make(pool));
  cache.freePages.reserve(at(pool.pages));
  cache.references.resize(at(pool.pages));
  cache.tables.resize(at(entries));
  cache.pageCounts.resize(at(maxSequences));
  cache.lengths.assign(at(maxSequences), -1);
  return cache;
}

Result<int32_t> KvCache::takePage() {
  int32_t page;
  if (!freePages.empty()) {
    page = freePages.back();
    freePages.pop_back();
    // A row that is not filled may hold no infinity of a former sequence, which
    // masks would spread (0 × inf is NaN).
    memory->clearPage(page);
  } else {
    if (untouched == pool.pages)
      return outOfCacheMemory("all " + std::to_string(pool.pages) + " pages are in use");
    LLMC_CHECK(memory->commit((int64_t(untouched) + 1) * pool.pageBytes));
    page = untouched++;
  }
  references[at(page)] = 1;
  ++used;
  return page;
}

void KvCache::dropPage(int32_t page) {
  if (--references[at(page)] > 0)
    return;
  freePages.push_back(page);
  --used;
}

int32_t KvCache::newSequence() {
  auto slot = std::find(lengths.begin(), lengths.end(), -1);
  if (slot == lengths.end())
    return -1;
  *slot = 0;
  int32_t sequence = static_cast<int32_t>(slot - lengths.begin());
  pageCounts[at(sequence)] = 0;
  return sequence;
}

int32_t KvCache::fork(int32_t origin) {
  int32_t sequence = newSequence();
  if (sequence < 0)
    return -1;
  lengths[at(sequence)] = lengths[at(origin)];
  // Pages that are reserved but not filled stay the origin's alone.
  int64_t filled = pool.layout.pagesFor(lengths[at(origin)]);
  for (int64_t i = 0; i < filled; ++i) {
    int32_t page = table(origin)[i];
    table(sequence)[i] = page;
    ++references[at(page)];
  }
  pageCounts[at(sequence)] = static_cast<int32_t>(filled);
  return sequence;
}

void KvCache::release(int32_t sequence) {
  truncate(sequence, 0);
  lengths[at(sequence)] = -1;
}

Status KvCache::reserve(int32_t sequence, int64_t count) {
  int64_t from = lengths[at(sequence)];
  if (count > context - from)
    return Error{Code::PromptTooLong, "the context is full", "",
                 std::to_string(from) + " positions are filled, " +
                     std::to_string(count) + " more are wanted, and there are " +
                     std::to_string(context),
                 "shorten the prompt, ask for fewer tokens, or make the context "
                 "larger (--context; --max-context when compiling)"};
  if (count <= 0)
    return Status::ok();
  int32_t *pages = table(sequence);
  int32_t &have = pageCounts[at(sequence)];
  // Pages that will be written and that others hold, too. All but the last
  // filled one are the sequence's own or will be new.
  for (int64_t i = from / pool.layout.page; i < have; ++i) {
    if (references[at(pages[i])] == 1)
      continue;
    LLMC_TRY(int32_t copy, takePage());
    memory->copyPage(copy, pages[i]);
    // The origin may have filled more of the page than this sequence.
    memory->clearRows(copy, std::max<int64_t>(from - i * pool.layout.page, 0));
    dropPage(pages[i]);
    pages[i] = copy;
  }
  int32_t before = have;
  for (int64_t need = pool.layout.pagesFor(from + count); have < need; ++have) {
    Result<int32_t> page = takePage();
    if (!page) {
      while (have > before)
        dropPage(pages[--have]);
      return page.takeError();
    }
    pages[have] = *page;
  }
  return Status::ok();
}

void KvCache::advance(int32_t sequence, int64_t count) {
  lengths[at(sequence)] += count;
}

void KvCache::truncate(int32_t sequence, int64_t length) {
  int32_t &have = pageCounts[at(sequence)];
  int64_t keep = pool.layout.pagesFor(length);
  while (have > keep)
    dropPage(table(sequence)[--have]);
  if (int64_t row = length % pool.layout.page;
      row > 0 && length < lengths[at(sequence)])
    if (int32_t page = table(sequence)[have - 1]; references[at(page)] == 1)
      memory->clearRows(page, row);
  lengths[at(sequence)] = length;
}

} // namespace llmc
