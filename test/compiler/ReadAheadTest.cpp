/// Reading ahead of what is packed: how far it goes, and that it ends.
#include "compiler/pack/ReadAhead.h"
#include "runtime/support/File.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <fstream>
#include <unistd.h>

using namespace llmc;
using namespace llmc::pack;

namespace {
constexpr uint64_t mebibyte = 1 << 20;
constexpr uint64_t request = mebibyte / 8;

/// A mapped file of 4 MiB, and three parts of it that begin within pages.
class ReadAheadTest : public testing::Test {
protected:
  void SetUp() override {
    path = testing::TempDir() + "read-ahead." + std::to_string(::getpid());
    std::ofstream(path) << std::string(4 * mebibyte, 'x');
    auto opened = MappedFile::open(path);
    ASSERT_TRUE(opened);
    file = std::move(*opened);
    for (uint64_t at : {2 * mebibyte + 7, uint64_t(13), mebibyte + 100})
      parts.push_back(file.bytes().subspan(at, mebibyte));
  }
  void TearDown() override { std::remove(path.c_str()); }

  std::string path;
  MappedFile file;
  std::vector<std::span<const std::byte>> parts;
};

TEST_F(ReadAheadTest, GoesAsFarAsItMayBeyondThePartInUse) {
  ReadAhead ahead(parts, mebibyte / 2);
  EXPECT_EQ(ahead.settle(), mebibyte / 2);
  ahead.reach(1);
  EXPECT_EQ(ahead.settle(), mebibyte * 3 / 2);
  ahead.reach(2);
  EXPECT_EQ(ahead.settle(), mebibyte * 5 / 2);
  // What was reached stays so.
  ahead.reach(0);
  EXPECT_EQ(ahead.settle(), mebibyte * 5 / 2);
  ahead.reach(3);
  EXPECT_EQ(ahead.settle(), 3 * mebibyte);
}

TEST_F(ReadAheadTest, OvershootsByLessThanARequest) {
  ReadAhead ahead(parts, 1);
  EXPECT_EQ(ahead.settle(), request);
}

TEST_F(ReadAheadTest, EndsWhereverItIs) {
  for (uint64_t bytes : {uint64_t(0), mebibyte, 100 * mebibyte})
    ReadAhead(parts, bytes);
}

TEST(ReadAhead, OfNothingEnds) {
  ReadAhead ahead({});
  ahead.reach(1);
  EXPECT_EQ(ahead.settle(), 0u);
  ReadAhead empty({std::span<const std::byte>()});
  EXPECT_EQ(empty.settle(), 0u);
}
} // namespace
