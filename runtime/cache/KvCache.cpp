#include "runtime/cache/KvCache.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <utility>

namespace llmc {

namespace {

/// Memory is committed in pieces of this size at least: a large page.
constexpr int64_t commitBytes = 2 << 20;
/// What is left to the rest of the system when the cache grows.
constexpr int64_t memoryMargin = 16 << 20;

Error outOfMemory(std::string why) {
  return {Code::OutOfMemory, "there is no memory for the cache of keys and values",
          "", std::move(why),
          "use fewer or shorter sequences, or a model with a smaller context"};
}

} // namespace

KvCache::KvCache(KvCache &&other) noexcept
    : shape(other.shape), context(other.context),
      pagesPerSequence(other.pagesPerSequence), pagesInPool(other.pagesInPool),
      bytesPerPage(other.bytesPerPage),
      pool(std::exchange(other.pool, nullptr)),
      reservedBytes(other.reservedBytes), committed(other.committed),
      used(other.used), untouched(other.untouched),
      freePages(std::move(other.freePages)),
      references(std::move(other.references)), tables(std::move(other.tables)),
      pageCounts(std::move(other.pageCounts)),
      lengths(std::move(other.lengths)) {}

KvCache::~KvCache() {
  if (pool)
    ::munmap(pool, at(reservedBytes));
}

Result<KvCache> KvCache::create(const CacheLayout &layout, ElementType type,
                                int64_t maxContext, int64_t maxSequences) {
  KvCache cache;
  cache.shape = layout;
  cache.context = maxContext;
  cache.pagesPerSequence = layout.pagesFor(maxContext);
  // A page number is an i32 in page tables.
  int64_t bytes = 0, poolBytes = 0;
  if (__builtin_mul_overflow(cache.pagesPerSequence, maxSequences,
                             &cache.pagesInPool) ||
      cache.pagesInPool > INT32_MAX ||
      __builtin_mul_overflow(layout.pageElements(), elementBytes(type),
                             &bytes) ||
      __builtin_mul_overflow(bytes, cache.pagesInPool, &poolBytes))
    return outOfMemory("the sequences and their context are too many");
  cache.bytesPerPage = bytes;
  // Page tables, references and free pages, here and in the step's executor.
  int64_t tables = 16 * cache.pagesInPool + 16 * maxSequences;
  if (int64_t available = availableMemory(); available < tables + memoryMargin)
    return outOfMemory("page tables of " + std::to_string(maxSequences) + " sequences take " +
                       std::to_string(tables) + " bytes and " + std::to_string(available) +
                       " are left");
  if (poolBytes > 0) {
    void *pool = ::mmap(nullptr, at(poolBytes), PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pool == MAP_FAILED)
      return outOfMemory("the system refuses " + std::to_string(poolBytes) +
                         " bytes of address space: " + std::strerror(errno));
    cache.pool = static_cast<std::byte *>(pool);
    cache.reservedBytes = poolBytes;
    // Advice only: where it is not taken, pages are small.
    ::madvise(pool, at(poolBytes), MADV_HUGEPAGE);
  }
  cache.freePages.reserve(at(cache.pagesInPool));
  cache.references.resize(at(cache.pagesInPool));
  cache.tables.resize(at(cache.pagesInPool));
  cache.pageCounts.resize(at(maxSequences));
  cache.lengths.assign(at(maxSequences), -1);
  return cache;
}

Status KvCache::commit(int64_t bytes) {
  if (bytes <= committed)
    return Status::ok();
  int64_t target = std::min(
      reservedBytes, (bytes + commitBytes - 1) / commitBytes * commitBytes);
  int64_t growth = target - committed;
  if (int64_t available = availableMemory(); available < growth + memoryMargin)
    return outOfMemory(std::to_string(growth) + " bytes more are needed and " +
                       std::to_string(available) + " are left");
  if (::mprotect(pool + committed, at(growth), PROT_READ | PROT_WRITE) != 0)
    return outOfMemory("the system refuses " + std::to_string(growth) +
                       " bytes more: " + std::strerror(errno));
  committed = target;
  return Status::ok();
}

Result<int32_t> KvCache::takePage() {
  int32_t page;
  if (!freePages.empty()) {
    page = freePages.back();
    freePages.pop_back();
    // Numbers of a former sequence could be infinite; masked, they would still
    // spoil a product with 0.
    std::memset(pageAt(page), 0, at(bytesPerPage));
  } else {
    LLMC_CHECK(commit((int64_t(untouched) + 1) * bytesPerPage));
    page = untouched++;
  }
  references[at(page)] = 1;
  ++used;
  return page;
}

void KvCache::clearRows(int32_t page, int64_t row) {
  std::byte *base = pageAt(page);
  int64_t element = bytesPerPage / shape.pageElements();
  auto clear = [&](int64_t first, int64_t count) {
    std::memset(base + first * element, 0, at(count * element));
  };
  int64_t panels = shape.valueDim() / 16, pair = shape.pair;
  for (int64_t layer = 0; layer < shape.layers; ++layer)
    for (int64_t head = 0; head < shape.kvHeads; ++head) {
      // Keys [page/16, headDim/pair, 16, pair]: a row is a lane of its group.
      int64_t keys = shape.keyOffset(layer) + head * shape.keyStride(1);
      for (int64_t r = row; r < shape.page; ++r)
        for (int64_t d = 0; d < shape.headDim; d += pair)
          clear(keys + r / 16 * shape.keyStride(2) + (d * 16 + r % 16 * pair),
                pair);
      // Values [headDim/16, page/pair, 16, pair]: whole lines from here on, and
      // half of one where its first row stays.
      int64_t values = shape.valueOffset(layer) + head * shape.valueStride(1);
      int64_t whole = (row + pair - 1) / pair * pair;
      for (int64_t panel = 0; panel < panels; ++panel) {
        int64_t lines = values + panel * shape.valueStride(2);
        clear(lines + whole * 16, (shape.page - whole) * 16);
        for (int64_t lane = 0; whole != row && lane < 16; ++lane)
          clear(lines + row / pair * 16 * pair + lane * pair + row % pair, 1);
      }
    }
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
  int64_t filled = shape.pagesFor(lengths[at(origin)]);
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
                 "shorten the prompt, ask for fewer tokens, or compile with a "
                 "larger --max-context"};
  if (count <= 0)
    return Status::ok();
  int32_t *pages = table(sequence);
  int32_t &have = pageCounts[at(sequence)];
  // Pages that will be written and that others hold, too. All but the last
  // filled one are the sequence's own or will be new.
  for (int64_t i = from / shape.page; i < have; ++i) {
    if (references[at(pages[i])] == 1)
      continue;
    LLMC_TRY(int32_t copy, takePage());
    std::memcpy(pageAt(copy), pageAt(pages[i]), at(bytesPerPage));
    // The origin may have filled more of the page than this sequence.
    clearRows(copy, std::max<int64_t>(from - i * shape.page, 0));
    dropPage(pages[i]);
    pages[i] = copy;
  }
  int32_t before = have;
  for (int64_t need = shape.pagesFor(from + count); have < need; ++have) {
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
  int64_t keep = shape.pagesFor(length);
  while (have > keep)
    dropPage(table(sequence)[--have]);
  if (int64_t row = length % shape.page;
      row > 0 && length < lengths[at(sequence)])
    if (int32_t page = table(sequence)[have - 1]; references[at(page)] == 1)
      clearRows(page, row);
  lengths[at(sequence)] = length;
}

} // namespace llmc
