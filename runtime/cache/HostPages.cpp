#include "runtime/cache/AvailableMemory.h"
#include "runtime/cache/PageMemory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

namespace llmc {

namespace {

/// Memory is committed in pieces of this size at least: a large page.
constexpr int64_t commitBytes = 2 << 20;

size_t at(int64_t index) { return static_cast<size_t>(index); }

class HostPages final : public PageMemory {
public:
  HostPages(const PoolShape &shape, std::byte *pool) : shape(shape), pool(pool) {}
  ~HostPages() override {
    if (pool)
      ::munmap(pool, at(shape.poolBytes));
  }

  std::byte *base() const override { return pool; }
  int64_t committedBytes() const override { return committed; }
  Status commit(int64_t bytes) override;
  void clearPage(int32_t page) override {
    std::memset(pageAt(page), 0, at(shape.pageBytes));
  }
  void copyPage(int32_t to, int32_t from) override {
    std::memcpy(pageAt(to), pageAt(from), at(shape.pageBytes));
  }
  void clearRows(int32_t page, int64_t row) override {
    clearRowsOfPage(shape, pageAt(page), row);
  }

private:
  std::byte *pageAt(int32_t page) const { return pool + page * shape.pageBytes; }

  PoolShape shape;
  std::byte *pool;
  int64_t committed = 0;
};

Status HostPages::commit(int64_t bytes) {
  if (bytes <= committed)
    return Status::ok();
  int64_t target = std::min(
      shape.poolBytes, (bytes + commitBytes - 1) / commitBytes * commitBytes);
  int64_t growth = target - committed;
  if (int64_t available = availableMemory();
      available < growth + cacheMemoryMargin)
    return outOfCacheMemory(std::to_string(growth) + " bytes more are needed and " +
                            std::to_string(available) + " are left");
  if (::mprotect(pool + committed, at(growth), PROT_READ | PROT_WRITE) != 0)
    return outOfCacheMemory("the system refuses " + std::to_string(growth) +
                            " bytes more: " + std::strerror(errno));
  committed = target;
  return Status::ok();
}

} // namespace

Error outOfCacheMemory(std::string why) {
  return {Code::OutOfMemory, "there is no memory for the cache of keys and values",
          "", std::move(why),
          "give a smaller --context, or use fewer sequences at once"};
}

Result<std::unique_ptr<PageMemory>> makeHostPages(const PoolShape &shape) {
  void *pool = nullptr;
  if (shape.poolBytes > 0) {
    pool = ::mmap(nullptr, at(shape.poolBytes), PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pool == MAP_FAILED)
      return outOfCacheMemory("the system refuses " + std::to_string(shape.poolBytes) +
                              " bytes of address space: " + std::strerror(errno));
    // Advice only: where it is not taken, pages are small.
    ::madvise(pool, at(shape.poolBytes), MADV_HUGEPAGE);
  }
  return std::unique_ptr<PageMemory>(
      new HostPages(shape, static_cast<std::byte *>(pool)));
}

void clearRowsOfPage(const PoolShape &pool, std::byte *page, int64_t row) {
  const CacheLayout &shape = pool.layout;
  int64_t element = pool.elementBytes();
  auto clear = [&](int64_t first, int64_t count) {
    std::memset(page + first * element, 0, at(count * element));
  };
  int64_t panels = shape.valueDim() / 16, pair = shape.pair;
  for (int64_t layer = 0; layer < shape.layers; ++layer)
    for (int64_t head = 0; head < shape.kvHeads; ++head) {
      // Keys [page/16, keyDim/pair, 16, pair]: a row is a lane of its group.
      int64_t keys = shape.keyOffset(layer) + head * shape.keyStride(1);
      for (int64_t r = row; r < shape.page; ++r)
        for (int64_t d = 0; d < shape.keyDim(); d += pair)
          clear(keys + r / 16 * shape.keyStride(2) + (d * 16 + r % 16 * pair),
                pair);
      // Values [headDim/16, page/pair, 16, pair]: whole lines from here on, and
      // what is left of one whose first rows stay.
      int64_t values = shape.valueOffset(layer) + head * shape.valueStride(1);
      int64_t whole = (row + pair - 1) / pair * pair;
      for (int64_t panel = 0; panel < panels; ++panel) {
        int64_t lines = values + panel * shape.valueStride(2);
        clear(lines + whole * 16, (shape.page - whole) * 16);
        for (int64_t lane = 0; whole != row && lane < 16; ++lane)
          clear(lines + row / pair * 16 * pair + lane * pair + row % pair,
                whole - row);
      }
    }
}

} // namespace llmc
