#include "runtime/model/WeightCopy.h"

#include <gtest/gtest.h>
#include <mutex>
#include <numeric>
#include <thread>

using namespace llmc;

namespace {

constexpr uint64_t block = hashBlockBytes;

/// Blocks of their own number.
class FakeBlocks final : public BlockSource {
public:
  Status read(uint64_t number, std::span<std::byte> to) override {
    std::lock_guard lock(mutex);
    if (number == badBlock)
      return Error{Code::ArtifactDamaged, "the file is damaged", "", "", ""};
    // The first and the last byte do: pages are slow to touch.
    to.front() = to.back() = std::byte(number);
    lastSize = to.size();
    ++reads;
    return Status::ok();
  }
  void release(uint64_t number) override {
    std::lock_guard lock(mutex);
    released.push_back(number);
  }
  bool hasRoom(uint64_t) override {
    std::lock_guard lock(mutex);
    return reads < roomFor;
  }
  size_t readCount() {
    std::lock_guard lock(mutex);
    return reads;
  }

  std::mutex mutex;
  uint64_t badBlock = UINT64_MAX;
  size_t roomFor = SIZE_MAX;
  size_t reads = 0, lastSize = 0;
  std::vector<uint64_t> released;
};

std::vector<uint64_t> countTo(uint64_t count) {
  std::vector<uint64_t> blocks(count);
  std::iota(blocks.begin(), blocks.end(), 0);
  return blocks;
}

std::unique_ptr<WeightCopy> makeCopy(FakeBlocks &source, uint64_t bytes,
                                     std::vector<uint64_t> blocks,
                                     size_t mostAhead = 4) {
  auto copy = WeightCopy::create(source, bytes, std::move(blocks), mostAhead);
  EXPECT_TRUE(copy);
  return copy ? *std::move(copy) : nullptr;
}

/// Adopts all that is copied until nothing more comes.
void adoptAll(WeightCopy &copy) {
  while (!copy.hasEnded()) {
    copy.adopt(copy.copied());
    std::this_thread::yield();
  }
  copy.adopt(copy.copied());
}

} // namespace

TEST(WeightCopy, PutsEachBlockInItsPlaceOnLargePageBorders) {
  FakeBlocks source;
  auto copy = makeCopy(source, 3 * block - 100, {2, 0, 1});
  ASSERT_TRUE(copy);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(copy->base()) % block, 0u);
  ASSERT_TRUE(copy->start());
  adoptAll(*copy);
  EXPECT_TRUE(copy->outcome());
  copy->finish();
  EXPECT_EQ(copy->copied(), 3u);
  for (uint64_t i = 0; i < 3; ++i)
    EXPECT_EQ(copy->base()[i * block], std::byte(i));
  EXPECT_EQ(copy->base()[3 * block - 101], std::byte(2));
  EXPECT_EQ(source.released, (std::vector<uint64_t>{2, 0, 1}));
}

TEST(WeightCopy, IsNeverFurtherAheadThanAllowed) {
  FakeBlocks source;
  auto copy = makeCopy(source, 10 * block, countTo(10), 4);
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->start());
  for (size_t adopted = 0; adopted < 10; ++adopted) {
    size_t may = std::min<size_t>(adopted + 4, 10);
    while (copy->copied() < may)
      std::this_thread::yield();
    EXPECT_EQ(source.readCount(), may);
    copy->adopt(adopted + 1);
  }
  copy->finish();
  EXPECT_EQ(source.released, countTo(10));
}

TEST(WeightCopy, ReleasesOnlyWhatIsAdopted) {
  FakeBlocks source;
  auto copy = makeCopy(source, 6 * block, countTo(6), 6);
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->start());
  while (!copy->hasEnded())
    std::this_thread::yield();
  copy->adopt(2);
  copy->finish();
  EXPECT_EQ(source.released, countTo(2));
  EXPECT_EQ(copy->base()[block], std::byte(1));
  EXPECT_EQ(copy->base()[5 * block], std::byte(0)); // given back
}

TEST(WeightCopy, EndsWithTheErrorOfItsSource) {
  FakeBlocks source;
  source.badBlock = 3;
  auto copy = makeCopy(source, 6 * block, countTo(6));
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->start());
  adoptAll(*copy);
  ASSERT_FALSE(copy->outcome());
  EXPECT_EQ(copy->outcome().error().code, Code::ArtifactDamaged);
  EXPECT_EQ(copy->copied(), 3u);
}

TEST(WeightCopy, EndsWhereRoomIsLacking) {
  FakeBlocks source;
  source.roomFor = 16;
  auto copy = makeCopy(source, 40 * block, countTo(40));
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->start());
  adoptAll(*copy);
  ASSERT_FALSE(copy->outcome());
  EXPECT_EQ(copy->outcome().error().code, Code::OutOfMemory);
  EXPECT_EQ(copy->copied(), 16u); // and these stay
  copy->finish();
  EXPECT_EQ(source.released, countTo(16));
}

TEST(WeightCopy, MayBeGivenUpAtAnyTime) {
  for (size_t wanted : {0, 1, 3}) {
    FakeBlocks source;
    auto copy = makeCopy(source, 8 * block, countTo(8));
    ASSERT_TRUE(copy);
    ASSERT_TRUE(copy->start());
    while (copy->copied() < wanted)
      std::this_thread::yield();
  }
}

TEST(WeightCopy, CopiesByAllThreadsAtOnce) {
  auto threads = ThreadPool::create(3);
  ASSERT_TRUE(threads);
  FakeBlocks source;
  auto copy = makeCopy(source, 9 * block, countTo(9), 1);
  ASSERT_TRUE(copy);
  Status status = copy->copyNow(**threads);
  ASSERT_TRUE(status) << status.error().render();
  EXPECT_TRUE(copy->hasEnded());
  EXPECT_EQ(source.released.size(), 9u);
  for (uint64_t i = 0; i < 9; ++i)
    EXPECT_EQ(copy->base()[i * block], std::byte(i));

  source.badBlock = 5;
  auto bad = makeCopy(source, 9 * block, countTo(9), 1);
  ASSERT_TRUE(bad);
  Status failed = bad->copyNow(**threads);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::ArtifactDamaged);
}

TEST(WeightCopy, RefusesMoreThanTheAddressSpace) {
  FakeBlocks source;
  auto copy = WeightCopy::create(source, uint64_t(1) << 60, {0}, 1);
  ASSERT_FALSE(copy);
  EXPECT_EQ(copy.error().code, Code::OutOfMemory);
}
