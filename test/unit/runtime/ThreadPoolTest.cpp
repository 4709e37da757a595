#include "runtime/cpu/ThreadPool.h"

#include <atomic>
#include <gtest/gtest.h>
#include <unistd.h>
#include <xmmintrin.h>

using namespace llmc;

namespace {

void countTiles(void *const *buffers, const int64_t *, int64_t begin,
                int64_t end) {
  auto *counters = static_cast<int32_t *>(buffers[0]);
  for (int64_t i = begin; i < end; ++i)
    ++counters[i];
}

} // namespace

TEST(ThreadPool, DoesEveryTileOnce) {
  for (unsigned threads : {1u, 2u, 3u, 7u}) {
    auto pool = ThreadPool::create(threads);
    ASSERT_TRUE(pool);
    EXPECT_EQ((*pool)->threads(), threads);
    for (int64_t tiles : {0, 1, 2, 5, 6, 7, 64, 1001}) {
      std::vector<int32_t> counters(static_cast<size_t>(tiles));
      void *buffers[] = {counters.data()};
      for (int round = 0; round < 20; ++round)
        (*pool)->run(countTiles, buffers, nullptr, tiles);
      for (int32_t count : counters)
        ASSERT_EQ(count, 20) << threads << " threads, " << tiles << " tiles";
    }
  }
}

TEST(ThreadPool, WakesAfterItHasSlept) {
  auto pool = ThreadPool::create(3);
  ASSERT_TRUE(pool);
  std::vector<int32_t> counters(9);
  void *buffers[] = {counters.data()};
  for (int round = 0; round < 5; ++round) {
    ::usleep(20000);
    (*pool)->run(countTiles, buffers, nullptr, 9);
  }
  EXPECT_EQ(counters, std::vector<int32_t>(9, 5));
}

TEST(ThreadPool, RunsATaskOnEveryThread) {
  auto pool = ThreadPool::create(4);
  ASSERT_TRUE(pool);
  std::atomic<unsigned> seen = 0;
  (*pool)->runAll(
      [](void *context, unsigned thread) {
        *static_cast<std::atomic<unsigned> *>(context) |= 1u << thread;
      },
      &seen);
  EXPECT_EQ(seen, 15u);
}

TEST(ThreadPool, FlushesDenormalsInsideAndNotOutside) {
  unsigned before = _mm_getcsr();
  auto pool = ThreadPool::create(2);
  ASSERT_TRUE(pool);
  std::vector<float> results(64, -1.0f);
  void *buffers[] = {results.data()};
  (*pool)->run(
      [](void *const *buffers, const int64_t *, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          volatile float tiny = 1e-38f;
          static_cast<float *>(buffers[0])[i] = tiny * 0.01f;
        }
      },
      buffers, nullptr, 64);
  for (float result : results)
    EXPECT_EQ(result, 0.0f);
  EXPECT_EQ(_mm_getcsr() & 0x8040, before & 0x8040);
}

TEST(ThreadPool, FindsAtLeastOneUsableThread) {
  EXPECT_GE(usableThreads(), 1u);
  EXPECT_LE(usableThreads(), static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_CONF)));
}
