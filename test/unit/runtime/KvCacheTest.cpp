#include "runtime/cache/KvCache.h"

#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

using namespace llmc;

namespace {

constexpr CacheLayout layout = {2, 1, 8, cachePage};

KvCache makeCache(int64_t context, int64_t sequences) {
  auto cache = KvCache::create(layout, ElementType::F32, context, sequences);
  EXPECT_TRUE(cache);
  return *std::move(cache);
}

std::byte *pageOf(const KvCache &cache, int32_t sequence, size_t index) {
  return cache.base() + cache.pages(sequence)[index] * cache.pageBytes();
}

} // namespace

TEST(CacheLayout, OffsetsOfLayersTileAPage) {
  CacheLayout l = {3, 2, 24, 64};
  EXPECT_EQ(l.keyElements(), 2 * 64 * 24);
  EXPECT_EQ(l.valueElements(), 2 * 64 * 32);
  EXPECT_EQ(l.keyOffset(0), 0);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(l.valueOffset(i), l.keyOffset(i) + l.keyElements());
    EXPECT_EQ(i < 2 ? l.keyOffset(i + 1) : l.pageElements(),
              l.valueOffset(i) + l.valueElements());
  }
  EXPECT_EQ(l.keyStride(0), l.pageElements());
  EXPECT_EQ(l.keyStride(1) * 2, l.keyElements());
  EXPECT_EQ(l.valueStride(1) * 2, l.valueElements());
  EXPECT_EQ(l.pagesFor(0), 0);
  EXPECT_EQ(l.pagesFor(64), 1);
  EXPECT_EQ(l.pagesFor(65), 2);
}

TEST(CacheLayout, OfPairsTakesTheSameElements) {
  CacheLayout l = {3, 2, 24, 64, cachePair(ElementType::BF16)};
  CacheLayout plain = {3, 2, 24, 64};
  EXPECT_EQ(l.rank(), 6);
  EXPECT_EQ(l.pageElements(), plain.pageElements());
  EXPECT_EQ(l.keyStride(2) * 4, l.keyStride(1));
  EXPECT_EQ(l.keyStride(3) * 12, l.keyStride(2));
  EXPECT_EQ(l.keyStride(4) * 16, l.keyStride(3));
  EXPECT_EQ(l.keyStride(5) * 2, l.keyStride(4));
  EXPECT_EQ(l.valueStride(2) * 2, l.valueStride(1));
  EXPECT_EQ(l.valueStride(3) * 32, l.valueStride(2));
  EXPECT_EQ(l.valueStride(4) * 16, l.valueStride(3));
  EXPECT_EQ(l.valueStride(5) * 2, l.valueStride(4));
}

TEST(CacheLayout, OfBytesHasScalesBehindTheElementsOfKeys) {
  CacheLayout l = {3, 2, 24, 64, cachePair(ElementType::I8)};
  EXPECT_EQ(l.rank(), 6);
  EXPECT_EQ(l.keyElements(), 2 * 64 * (24 + 8));
  EXPECT_EQ(l.valueElements(), 2 * 64 * 32);
  EXPECT_EQ(l.pageElements(), 3 * 2 * 64 * (24 + 8 + 32));
  EXPECT_EQ(l.keyStride(1), 4 * l.keyStride(2));
  EXPECT_EQ(l.keyStride(2), 8 * l.keyStride(3)); // 24 / 4 lines and two of scales.
  EXPECT_EQ(l.keyStride(3), 64);
  EXPECT_EQ(l.valueStride(2), 16 * l.valueStride(3));
  EXPECT_EQ(l.valueStride(3), 64);
  EXPECT_EQ(l.valueStride(4), 4);
}

TEST(KvCache, TakesPagesAsPositionsAreReserved) {
  KvCache cache = makeCache(256, 2);
  int32_t s = cache.newSequence();
  EXPECT_EQ(cache.usedPages(), 0);
  ASSERT_TRUE(cache.reserve(s, 1));
  EXPECT_EQ(cache.usedPages(), 1);
  cache.advance(s, 1);
  ASSERT_TRUE(cache.reserve(s, 63));
  EXPECT_EQ(cache.usedPages(), 1);
  cache.advance(s, 63);
  ASSERT_TRUE(cache.reserve(s, 1));
  EXPECT_EQ(cache.usedPages(), 2);
  EXPECT_EQ(cache.length(s), 64);
}

TEST(KvCache, StopsAtTheContextAndChangesNothing) {
  KvCache cache = makeCache(100, 1);
  int32_t s = cache.newSequence();
  ASSERT_TRUE(cache.reserve(s, 100));
  cache.advance(s, 100);
  Status status = cache.reserve(s, 1);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::PromptTooLong);
  EXPECT_EQ(cache.length(s), 100);
  EXPECT_EQ(cache.usedPages(), 2);
}

TEST(KvCache, HasNoMoreSequencesThanItWasMadeFor) {
  KvCache cache = makeCache(64, 2);
  int32_t first = cache.newSequence();
  EXPECT_GE(cache.newSequence(), 0);
  EXPECT_EQ(cache.newSequence(), -1);
  EXPECT_EQ(cache.fork(first), -1);
  cache.release(first);
  EXPECT_EQ(cache.newSequence(), first);
}

TEST(KvCache, ForkSharesPagesUntilOneIsWritten) {
  KvCache cache = makeCache(256, 2);
  int32_t origin = cache.newSequence();
  ASSERT_TRUE(cache.reserve(origin, 100));
  cache.advance(origin, 100);
  std::memset(pageOf(cache, origin, 1), 42, 16);
  int32_t fork = cache.fork(origin);
  EXPECT_EQ(cache.usedPages(), 2);
  EXPECT_EQ(cache.length(fork), 100);
  ASSERT_TRUE(cache.reserve(fork, 1));
  EXPECT_EQ(cache.usedPages(), 3);
  EXPECT_EQ(cache.pages(fork)[0], cache.pages(origin)[0]);
  EXPECT_NE(cache.pages(fork)[1], cache.pages(origin)[1]);
  EXPECT_EQ(std::memcmp(pageOf(cache, fork, 1), pageOf(cache, origin, 1),
                        static_cast<size_t>(cache.pageBytes())),
            0);
  // The origin is now the only holder of its page: no second copy.
  ASSERT_TRUE(cache.reserve(origin, 1));
  EXPECT_EQ(cache.usedPages(), 3);
}

TEST(KvCache, ReleasedPagesComeBackAsZeros) {
  KvCache cache = makeCache(64, 1);
  int32_t s = cache.newSequence();
  ASSERT_TRUE(cache.reserve(s, 64));
  std::memset(pageOf(cache, s, 0), 0xff, static_cast<size_t>(cache.pageBytes()));
  cache.advance(s, 64);
  cache.release(s);
  EXPECT_EQ(cache.usedPages(), 0);
  s = cache.newSequence();
  ASSERT_TRUE(cache.reserve(s, 1));
  for (int64_t i = 0; i < cache.pageBytes(); ++i)
    ASSERT_EQ(pageOf(cache, s, 0)[i], std::byte(0));
}

namespace {

/// Where a row of keys and of values of head 0 lies in a page, in elements.
std::vector<int64_t> elementsOfRow(const CacheLayout &l, int64_t layer, int64_t row) {
  std::vector<int64_t> places;
  for (int64_t d = 0; d < l.headDim; ++d) {
    places.push_back(l.keyOffset(layer) + row / 16 * l.keyStride(2) + d * 16 + row % 16);
    places.push_back(l.valueOffset(layer) + d / 16 * l.valueStride(2) + row * 16 + d % 16);
  }
  return places;
}

void fillWithNaN(KvCache &cache, int32_t sequence) {
  std::memset(pageOf(cache, sequence, 0), 0xff, static_cast<size_t>(cache.pageBytes()));
}

/// Rows below \p filled are NaN as they were written, all others are zeros.
void expectNaNBelow(const KvCache &cache, int32_t sequence, int64_t filled) {
  auto *page = reinterpret_cast<const uint32_t *>(pageOf(cache, sequence, 0));
  for (int64_t layer = 0; layer < layout.layers; ++layer)
    for (int64_t row = 0; row < 64; ++row)
      for (int64_t place : elementsOfRow(layout, layer, row))
        ASSERT_EQ(page[place], row < filled ? 0xffffffffu : 0u) << row;
}

} // namespace

TEST(KvCache, ForgottenRowsAreCleared) {
  KvCache cache = makeCache(64, 2);
  int32_t s = cache.newSequence();
  ASSERT_TRUE(cache.reserve(s, 50));
  cache.advance(s, 50);
  fillWithNaN(cache, s);
  cache.truncate(s, 19);
  expectNaNBelow(cache, s, 19);
}

TEST(KvCache, ForgottenRowsOfPairsAreCleared) {
  CacheLayout l = {2, 1, 24, cachePage, cachePair(ElementType::BF16)};
  for (int64_t kept : {0, 18, 19, 63}) {
    auto cache = KvCache::create(l, ElementType::BF16, 64, 1);
    ASSERT_TRUE(cache) << cache.error().render();
    int32_t s = cache->newSequence();
    ASSERT_TRUE(cache->reserve(s, 64));
    EXPECT_EQ(cache->pageBytes(), 2 * 64 * (24 + 32) * 2);
    cache->advance(s, 64);
    std::memset(pageOf(*cache, s, 0), 0xff,
                static_cast<size_t>(cache->pageBytes()));
    cache->truncate(s, kept);
    if (kept == 0) // The page is given back whole.
      continue;
    auto *page = reinterpret_cast<const uint16_t *>(pageOf(*cache, s, 0));
    auto inKeys = [&](int64_t layer, int64_t row, int64_t d) {
      return l.keyOffset(layer) + row / 16 * l.keyStride(2) +
             d / 2 * l.keyStride(3) + row % 16 * l.keyStride(4) + d % 2;
    };
    auto inValues = [&](int64_t layer, int64_t row, int64_t d) {
      return l.valueOffset(layer) + d / 16 * l.valueStride(2) +
             row / 2 * l.valueStride(3) + d % 16 * l.valueStride(4) + row % 2;
    };
    for (int64_t layer = 0; layer < 2; ++layer)
      for (int64_t row = 0; row < 64; ++row)
        for (int64_t d = 0; d < 32; ++d) {
          uint16_t want = row < kept ? 0xffff : 0;
          if (d < 24) {
            ASSERT_EQ(page[inKeys(layer, row, d)], want) << row << " " << d;
          }
          ASSERT_EQ(page[inValues(layer, row, d)], want) << row << " " << d;
        }
  }
}

TEST(KvCache, ForgottenRowsOfBytesAreClearedWithTheirScales) {
  CacheLayout l = {2, 1, 24, cachePage, cachePair(ElementType::I8)};
  for (int64_t kept : {17, 18, 19, 20, 63}) {
    auto cache = KvCache::create(l, ElementType::I8, 64, 1);
    ASSERT_TRUE(cache) << cache.error().render();
    int32_t s = cache->newSequence();
    ASSERT_TRUE(cache->reserve(s, 64));
    cache->advance(s, 64);
    std::byte *page = pageOf(*cache, s, 0);
    std::memset(page, 0xff, static_cast<size_t>(cache->pageBytes()));
    cache->truncate(s, kept);
    for (int64_t layer = 0; layer < 2; ++layer)
      for (int64_t row = 0; row < 64; ++row) {
        auto want = static_cast<std::byte>(row < kept ? 0xff : 0);
        for (int64_t d = 0; d < l.keyDim(); ++d) {
          ASSERT_EQ(page[l.keyOffset(layer) + row / 16 * l.keyStride(2) +
                         d / 4 * l.keyStride(3) + row % 16 * l.keyStride(4) + d % 4],
                    want) << row << " " << d;
        }
        for (int64_t d = 0; d < 32; ++d) {
          ASSERT_EQ(page[l.valueOffset(layer) + d / 16 * l.valueStride(2) +
                         row / 4 * l.valueStride(3) + d % 16 * l.valueStride(4) +
                         row % 4],
                    want) << row << " " << d;
        }
      }
  }
}

TEST(KvCache, ForksDoNotSeeWhatTheOriginWrites) {
  KvCache cache = makeCache(64, 2);
  int32_t origin = cache.newSequence();
  ASSERT_TRUE(cache.reserve(origin, 20));
  cache.advance(origin, 20);
  fillWithNaN(cache, origin);
  int32_t fork = cache.fork(origin);
  cache.truncate(fork, 17); // Shared: the origin's rows stay.
  expectNaNBelow(cache, origin, 64);
  ASSERT_TRUE(cache.reserve(fork, 1));
  expectNaNBelow(cache, fork, 17);
  expectNaNBelow(cache, origin, 64);
}

TEST(KvCache, RefusesMoreThanTheSystemHas) {
  CacheLayout huge = {4096, 4096, 65536, cachePage};
  auto cache = KvCache::create(huge, ElementType::F64, INT32_MAX, INT32_MAX);
  ASSERT_FALSE(cache);
  EXPECT_EQ(cache.error().code, Code::OutOfMemory);
}

TEST(KvCache, MayHaveFewerPagesThanItsSequencesAtFullContext) {
  CacheLayout layout = {1, 1, 16, cachePage};
  auto cache = KvCache::create(layout, ElementType::F32, 1000, 3, makeHostPages, 4);
  ASSERT_TRUE(cache) << cache.error().render();
  EXPECT_EQ(cache->poolPages(), 4);
  EXPECT_EQ(cache->maxSequences(), 3);
  int32_t longest = cache->newSequence(), other = cache->newSequence();
  ASSERT_TRUE(cache->reserve(longest, 3 * cachePage));
  ASSERT_TRUE(cache->reserve(other, cachePage));
  cache->advance(other, cachePage);
  Status full = cache->reserve(other, 1);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::OutOfMemory);
  EXPECT_EQ(cache->usedPages(), 4);
  cache->release(longest);
  EXPECT_TRUE(cache->reserve(other, 3 * cachePage));
  auto more = KvCache::create(layout, ElementType::F32, 64, 2, makeHostPages, 100);
  ASSERT_TRUE(more);
  EXPECT_EQ(more->poolPages(), 2);
}

TEST(KvCache, CommitsOnlyWhatIsUsed) {
  CacheLayout large = {32, 32, 128, cachePage};
  auto cache = KvCache::create(large, ElementType::F32, 1 << 17, 4);
  ASSERT_TRUE(cache) << cache.error().render();
  int32_t s = cache->newSequence();
  EXPECT_EQ(cache->committedBytes(), 0);
  ASSERT_TRUE(cache->reserve(s, 1));
  EXPECT_GE(cache->committedBytes(), cache->pageBytes());
  EXPECT_LE(cache->committedBytes(), cache->pageBytes() + (2 << 20));
}

// Random use against a model that copies everything: every sequence reads what
// was written to it, and no page is held by nobody.
TEST(KvCache, BehavesLikeSequencesOfTheirOwn) {
  std::mt19937 random(7);
  KvCache cache = makeCache(300, 6);
  std::map<int32_t, std::vector<uint8_t>> model; // a byte per position
  auto byteAt = [&](int32_t s, size_t position) -> std::byte & {
    return pageOf(cache, s, position / 64)[position % 64];
  };
  auto pick = [&] {
    auto it = model.begin();
    std::advance(it, static_cast<long>(random() % model.size()));
    return it;
  };
  for (int step = 0; step < 3000; ++step) {
    unsigned action = random() % 10;
    if (model.empty() || action == 0) {
      if (int32_t s = cache.newSequence(); s >= 0)
        model[s];
    } else if (action == 1) {
      auto origin = pick();
      if (int32_t s = cache.fork(origin->first); s >= 0)
        model[s] = origin->second;
    } else if (action == 2) {
      auto it = pick();
      cache.release(it->first);
      model.erase(it);
    } else if (action == 3) {
      auto it = pick();
      size_t length = random() % (it->second.size() + 1);
      cache.truncate(it->first, static_cast<int64_t>(length));
      it->second.resize(length);
    } else {
      auto it = pick();
      size_t count = random() % 80;
      bool fits = it->second.size() + count <= 300;
      Status status =
          cache.reserve(it->first, static_cast<int64_t>(count));
      ASSERT_EQ(bool(status), fits);
      if (!fits)
        continue;
      for (size_t i = 0; i < count; ++i) {
        uint8_t byte = static_cast<uint8_t>(random());
        byteAt(it->first, it->second.size()) = std::byte(byte);
        it->second.push_back(byte);
      }
      cache.advance(it->first, static_cast<int64_t>(count));
    }
    std::set<int32_t> held;
    for (auto &[s, bytes] : model) {
      ASSERT_EQ(cache.length(s), static_cast<int64_t>(bytes.size()));
      for (size_t i = 0; i < bytes.size(); ++i)
        ASSERT_EQ(byteAt(s, i), std::byte(bytes[i]));
      held.insert(cache.pages(s).begin(), cache.pages(s).end());
    }
    ASSERT_EQ(cache.usedPages(), static_cast<int64_t>(held.size()));
  }
}
