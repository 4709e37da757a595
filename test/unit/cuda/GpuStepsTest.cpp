#include "test/unit/cuda/GpuFixture.h"

#include <cstdlib>
#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::test;

namespace {

const std::vector<int32_t> prompt = {5, 9, 33, 2, 80, 41, 7, 7, 12, 3, 64, 90, 1, 18, 55, 20, 30, 4};

struct Opened : GpuFile, GpuDecoder {
  explicit Opened(DecoderOptions options = {}) {
    EXPECT_TRUE(status) << status.error().render();
    GpuDecoder::open(path(), options);
    EXPECT_TRUE(failure) << failure.error().render();
  }
};

class Observer final : public LaunchObserver {
public:
  void launched(const Program &program, size_t launch, int64_t begin, int64_t end) override {
    names.push_back(program.launches[launch].name);
    EXPECT_GT(end, begin);
  }
  std::vector<std::string> names;
};

} // namespace

TEST(GpuSteps, SayWhatTheModelSays) {
  for (bool hasVirtualMemory : {true, false}) {
    GpuFile file;
    GpuDecoder f;
    f.driver.hasVirtualMemory = hasVirtualMemory;
    f.open(file.path());
    ASSERT_TRUE(f.decoder) << f.failure.error().render();
    auto tokens = f.go(prompt, 120);
    ASSERT_TRUE(tokens) << tokens.error().render();
    EXPECT_EQ(*tokens, expected(prompt, 120));
    f.close();
    EXPECT_EQ(f.driver.leaks(), "");
  }
}

TEST(GpuSteps, TakeSequencesTogetherAndForksOfThem) {
  DecoderOptions options;
  options.maxSequences = 3;
  Opened f(options);
  ASSERT_TRUE(f.decoder);
  std::vector<int32_t> texts[3] = {prompt, {1, 2, 3}, prompt};
  int32_t first = f.decoder->start(), second = f.decoder->start();
  ASSERT_TRUE(f.decoder->prefill(first, texts[0]));
  ASSERT_TRUE(f.decoder->prefill(second, texts[1]));
  int32_t fork = f.decoder->cache().fork(first);
  for (int step = 0; step < 70; ++step) {
    NextToken batch[3] = {{first, step % 7}, {second, 9}, {fork, 11}};
    for (int i = 0; i < 3; ++i)
      texts[i].push_back(batch[i].token);
    auto logits = f.decoder->decode(batch);
    ASSERT_TRUE(logits) << logits.error().render();
    for (size_t i = 0; i < 3; ++i) {
      auto row = logits->subspan(i * fakeVocabulary, fakeVocabulary);
      EXPECT_EQ(std::ranges::max_element(row) - row.begin(), fakeNext(texts[i])) << step;
    }
  }
  // A cut in the middle of a page clears rows on the device.
  f.decoder->cache().truncate(first, 70);
  texts[0].resize(70);
  texts[0].push_back(8);
  NextToken next = {first, 8};
  auto logits = f.decoder->decode({&next, 1});
  ASSERT_TRUE(logits) << logits.error().render();
  EXPECT_EQ(std::ranges::max_element(*logits) - logits->begin(), fakeNext(texts[0]));
}

TEST(GpuSteps, ADecodeStepIsCapturedOnceAndReplayed) {
  Opened f;
  ASSERT_TRUE(f.decoder);
  ASSERT_TRUE(f.go(prompt, 41));
  // A chunk of 16 rows, the 2 that are left, 40 steps.
  size_t each = 6;
  EXPECT_EQ(f.driver.countOf("streamBeginCapture"), 1u);
  EXPECT_EQ(f.driver.countOf("graphInstantiate"), 1u);
  EXPECT_EQ(f.driver.countOf("graphLaunch"), 39u);
  size_t captured = std::ranges::count(f.driver.launches, true, &FakeDriver::Launched::captured);
  EXPECT_EQ(captured, each);
  // The chunk in the middle of the prompt asks for no logits, but its launch has
  // tiles: it takes no rows.
  EXPECT_EQ(f.driver.launches.size(), each * 4);
  // Inputs, logits: one copy each.
  EXPECT_EQ(f.driver.countOf("memcpyHtoDAsync"), 1u + 42u);
  EXPECT_EQ(f.driver.countOf("memcpyDtoHAsync"), 41u);
}

TEST(GpuSteps, LaunchWhatTheFileSays) {
  GpuFile file([](ArtifactContent &content) {
    DeviceImage &device = content.model.devices[0];
    device.kernels[1].rowsPerBlock = 4;
    device.kernels[2].sharedBytes = 60 << 10;
    device.blockThreads = 256;
  });
  GpuDecoder f;
  f.open(file.path());
  ASSERT_TRUE(f.decoder) << f.failure.error().render();
  EXPECT_EQ(f.driver.countOf("funcSetAttribute"), 1u);
  ASSERT_TRUE(f.go(std::vector<int32_t>(10, 3), 1));
  ASSERT_EQ(f.driver.launches.size(), 6u);
  const char *entries[] = {"embed", "append", "append", "attend", "attend", "logits"};
  for (size_t i = 0; i < 6; ++i) {
    const FakeDriver::Launched &launch = f.driver.launches[i];
    EXPECT_EQ(launch.entry, entries[i]);
    EXPECT_EQ(launch.threads, 256u);
    EXPECT_EQ(launch.y, launch.entry == "append" ? 3u : 1u);
    EXPECT_EQ(launch.shared, launch.entry == "attend" ? 60u << 10 : 1024u);
  }
  EXPECT_EQ(f.driver.launches[0].x, 10u);
  EXPECT_EQ(f.driver.launches[3].x, 2u); // blocks of 5 rows
  EXPECT_EQ(f.driver.launches[5].end, fakeVocabulary);
}

/// The rows that are appended, as a tensor.
static void addTensor(ArtifactContent &content) {
  content.model.devices[0].kernels[1].tensors = {
      {0, 0, 4, 64, {{16, 4, 0, 16}, {0, 128, 1, 8}}}};
}

TEST(GpuSteps, KernelsAreGivenTheTensorsThatTheyAskFor) {
  GpuFile file(addTensor);
  GpuDecoder f;
  f.open(file.path());
  ASSERT_TRUE(f.decoder) << f.failure.error().render();
  ASSERT_TRUE(f.go(std::vector<int32_t>(10, 3), 4));
  uint64_t first = 0;
  size_t layers = 0;
  for (const FakeDriver::Launched &launch : f.driver.launches) {
    if (launch.entry != "append") {
      EXPECT_TRUE(launch.maps.empty());
      continue;
    }
    ASSERT_EQ(launch.maps.size(), 1u);
    const uint64_t *map = launch.maps[0].words;
    // The layers' rows are 64 bytes apart; a row is 128 bytes of both.
    if (layers++ % 2 == 0)
      first = map[0];
    else
      EXPECT_EQ(map[0], first + 64);
    EXPECT_EQ(map[1], uint64_t(cuda::TensorMapType::UInt32));
    EXPECT_EQ(map[2], uint64_t(cuda::TensorMapSwizzle::Bytes64));
    EXPECT_EQ(map[3], 16u);
    EXPECT_EQ(map[4], uint64_t(launch.x)); // a tile is a row
    EXPECT_EQ(map[5], 128u);
    EXPECT_EQ(map[6], 16u);
    EXPECT_EQ(map[7], 8u);
  }
  EXPECT_GE(layers, 6u);
  // Ten rows and one: each layer's map is made once for either.
  EXPECT_EQ(f.driver.countOf("tensorMapEncodeTiled"), 4u);
}

TEST(GpuSteps, TensorsThatTheDriverDoesNotKnowAreAnError) {
  GpuFile file(addTensor);
  for (bool isThere : {false, true}) {
    GpuDecoder f;
    if (!isThere)
      f.driver.table.tensorMapEncodeTiled = nullptr;
    f.driver.failingName = "tensorMapEncodeTiled";
    f.open(file.path());
    ASSERT_TRUE(f.decoder) << f.failure.error().render();
    auto done = f.go({1, 2, 3}, 1);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::DeviceFailed);
    EXPECT_NE(done.error().where.find("kernel append"), std::string::npos);
  }
}

TEST(GpuSteps, ObserversAreToldEveryLaunch) {
  Opened f;
  ASSERT_TRUE(f.decoder);
  Observer observer;
  f.decoder->executor().observer = &observer;
  auto tokens = f.go({1, 2, 3}, 3);
  ASSERT_TRUE(tokens);
  EXPECT_EQ(*tokens, expected({1, 2, 3}, 3));
  EXPECT_EQ(observer.names.size(), 18u);
  EXPECT_EQ(observer.names[3], "layer 0 attend");
  EXPECT_EQ(f.driver.countOf("streamBeginCapture"), 0u);
}

TEST(GpuSteps, PagesComeOnDemand) {
  Opened f;
  ASSERT_TRUE(f.decoder);
  EXPECT_EQ(f.driver.mappedBytes(), 0u);
  int32_t sequence = f.decoder->start();
  ASSERT_TRUE(f.decoder->prefill(sequence, prompt));
  size_t page = static_cast<size_t>(f.decoder->cache().pageBytes());
  EXPECT_EQ(f.driver.mappedBytes(), f.driver.granule);
  ASSERT_TRUE(f.decoder->prefill(sequence, std::vector<int32_t>(150, 1)));
  EXPECT_GE(f.driver.mappedBytes(), 3 * page);
  EXPECT_EQ(f.decoder->cache().committedBytes(), int64_t(f.driver.mappedBytes()));
}

TEST(GpuSteps, ALackOfPagesIsAnErrorBeforeTheStep) {
  Opened f;
  ASSERT_TRUE(f.decoder);
  int32_t sequence = f.decoder->start();
  ASSERT_TRUE(f.decoder->prefill(sequence, prompt));
  size_t launches = f.driver.launches.size();
  f.driver.failingName = "memCreate";
  f.driver.failure = cuda::DriverResult::OutOfMemory;
  auto failed = f.decoder->prefill(sequence, std::vector<int32_t>(16, 1));
  EXPECT_TRUE(failed); // still on the mapped granule
  failed = f.decoder->prefill(sequence, std::vector<int32_t>(16 * 8, 1));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::OutOfMemory);
  EXPECT_GT(f.driver.launches.size(), launches);
}

TEST(GpuSteps, AFailedLaunchIsNamed) {
  Opened f;
  ASSERT_TRUE(f.decoder);
  f.driver.failingName = "launchKernel";
  auto failed = f.go(prompt, 1);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::DeviceFailed);
  EXPECT_NE(failed.error().where.find("launch 0 (embed), kernel embed"), std::string::npos)
      << failed.error().render();
  EXPECT_NE(failed.error().why.find("CUDA_ERROR_LAUNCH_FAILED"), std::string::npos);
}

TEST(GpuSteps, AFailureFoundLaterIsNamedWhereEachLaunchIsWaitedFor) {
  ::setenv("LLMC_CUDA_SYNC", "1", 1);
  Opened f;
  ::unsetenv("LLMC_CUDA_SYNC");
  ASSERT_TRUE(f.decoder);
  f.driver.calls.clear();
  ASSERT_TRUE(f.go({1}, 1));
  std::vector<std::string> calls = std::move(f.driver.calls);
  auto launch = std::ranges::find(calls, "launchKernel");
  ASSERT_LT(launch + 3, calls.end());
  ASSERT_EQ(launch[1], "streamSynchronize");
  ASSERT_EQ(launch[3], "streamSynchronize");
  f.driver.calls.clear();
  // The mapping of a page is not needed again.
  size_t mapped = static_cast<size_t>(
      std::ranges::count_if(calls, [](auto &name) { return name.starts_with("mem") &&
                                                           !name.starts_with("memcpy") &&
                                                           !name.starts_with("memset"); }));
  f.driver.failingCall = static_cast<size_t>(launch - calls.begin()) + 4 - mapped;
  auto failed = f.go({1}, 1);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().where.find("launch 1 (layer 0 append), kernel append"),
            std::string::npos)
      << failed.error().render();
}

TEST(GpuSteps, ConfusedRowsAreRefused) {
  Opened f;
  ASSERT_TRUE(f.decoder);
  auto bad = f.decoder->prefill(f.decoder->start(), std::vector<int32_t>{1, 999});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Code::BadTokenId);
}
