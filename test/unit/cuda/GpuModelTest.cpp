#include "runtime/cuda/ChooseImage.h"
#include "runtime/cuda/LoadDriver.h"
#include "runtime/model/GraphExecutor.h"
#include "test/unit/cuda/GpuFixture.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::test;

namespace {

bool contains(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}

/// What chooseImage takes of \p targets for a device; empty: nothing.
std::string chosen(const std::vector<std::string> &targets, int major, int minor,
                   int driverVersion = 13000) {
  std::vector<DeviceImage> devices;
  Module module;
  for (const std::string &target : targets) {
    module.schedules.push_back({static_cast<uint32_t>(devices.size()), 1, 1, {}});
    devices.emplace_back().target = target;
  }
  auto image = cuda::chooseImage(devices, module, major, minor, driverVersion);
  return image ? targets[*image] : "";
}

} // namespace

TEST(ChooseImage, TakesTheBestThatRuns) {
  EXPECT_EQ(chosen({"sm_80", "sm_90a"}, 9, 0), "sm_90a");
  EXPECT_EQ(chosen({"sm_80", "sm_90a"}, 8, 9), "sm_80");
  EXPECT_EQ(chosen({"sm_80", "sm_90a"}, 10, 0), "sm_80");
  EXPECT_EQ(chosen({"sm_80", "sm_90"}, 10, 0), "sm_90");
  EXPECT_EQ(chosen({"sm_90a"}, 12, 0), "");
  EXPECT_EQ(chosen({"sm_80"}, 7, 5), "");
  EXPECT_EQ(chosen({"sm_120f"}, 12, 1), "sm_120f");
  EXPECT_EQ(chosen({"sm_120f"}, 13, 0), "");
  EXPECT_TRUE(cuda::Target::parse("sm_80").takesCubin(8, 9));
  EXPECT_FALSE(cuda::Target::parse("sm_80").takesCubin(9, 0));
  EXPECT_FALSE(cuda::Target::parse("sm_89").takesCubin(8, 0));
  EXPECT_FALSE(cuda::Target::parse("sm_100a").takesCubin(10, 3));
}

TEST(ChooseImage, TakesWhatTheDriverKnows) {
  EXPECT_EQ(chosen({"sm_80", "sm_90a"}, 9, 0, 11080), "sm_80");
  EXPECT_EQ(chosen({"sm_80", "sm_90a"}, 9, 0, 12000), "sm_90a");
  EXPECT_EQ(chosen({"sm_90a"}, 9, 0, 11080), "");
  EXPECT_EQ(chosen({"sm_80", "sm_100a"}, 10, 0, 12060), "sm_80");
}

TEST(ChooseGpu, SaysWhichDriverTheKernelsNeed) {
  FakeDriver driver;
  driver.major = 9;
  driver.version = 11080;
  Model model;
  model.devices.emplace_back().target = "sm_90a";
  model.modules.emplace_back().schedules.push_back({0, 1, 1, {}});
  auto choice = cuda::chooseGpu(driver.table, model, model.modules[0].kind);
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, Code::DeviceUnavailable);
  EXPECT_TRUE(contains(choice.error().why, "sm_90a need a driver of CUDA 12.0"));
  EXPECT_TRUE(contains(choice.error().why, "CUDA 11.8"));
}

TEST(ChooseGpu, SaysThatGraphsRunOnTheCpuOnly) {
  FakeDriver driver;
  Model model;
  model.devices.emplace_back().target = "sm_80";
  model.modules.emplace_back().schedules.push_back({0, 1, 1, {}});
  model.modules.emplace_back().kind = Module::Kind::Graph;
  auto choice = cuda::chooseGpu(driver.table, model, Module::Kind::Graph);
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, Code::DeviceUnavailable);
  EXPECT_TRUE(contains(choice.error().why, "runs on the CPU only"));
  EXPECT_EQ(choice.error().fix.find("--target"), std::string::npos);
}

TEST(LoadDriver, NamesWhatAnOldDriverLacks) {
  auto lookup = [](void *context, const char *name) -> void * {
    static int something;
    return std::strcmp(name, static_cast<const char *>(context)) == 0 ? nullptr : &something;
  };
  char missing[] = "cuMemAddressReserve";
  auto old = cuda::fillDriver(lookup, missing);
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().code, Code::DeviceUnavailable);
  EXPECT_TRUE(contains(old.error().why, "cuMemAddressReserve"));
  char optional[] = "cuTensorMapEncodeTiled";
  EXPECT_TRUE(cuda::fillDriver(lookup, optional));
}

TEST(LoadDriver, RefusesOldDriversAndThoseWithoutDevices) {
  FakeDriver driver;
  EXPECT_TRUE(cuda::startDriver(driver.table));
  driver.version = 11000;
  Status old = cuda::startDriver(driver.table);
  ASSERT_FALSE(old);
  EXPECT_TRUE(contains(old.error().why, "CUDA 11.0"));
  driver.count = 0;
  Status none = cuda::startDriver(driver.table);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::DeviceUnavailable);
}

TEST(GpuModel, TellsWhichDeviceAndFileDoNotFit) {
  GpuFile file;
  GpuDecoder f;
  f.driver.major = 7;
  f.open(file.path());
  ASSERT_FALSE(f.failure);
  EXPECT_EQ(f.failure.error().code, Code::DeviceUnavailable);
  EXPECT_TRUE(contains(f.failure.error().why, "sm_80")) << f.failure.error().render();
  GpuFile plain([](ArtifactContent &content) {
    content.model.devices.clear();
    content.devices.clear();
    for (Module &module : content.model.modules)
      module.schedules.clear();
  });
  Status none = f.openModel(plain.path());
  ASSERT_FALSE(none);
  EXPECT_TRUE(contains(none.error().render(), "--target=sm_80"));
}

TEST(GpuModel, TellsItsNeedAndRefusesASmallDeviceBeforeAnything) {
  GpuFile file;
  GpuDecoder f;
  f.driver.memoryBytes = (128 << 20) + 25000;
  f.open(file.path());
  ASSERT_FALSE(f.failure);
  EXPECT_EQ(f.failure.error().code, Code::OutOfMemory);
  EXPECT_TRUE(contains(f.failure.error().fix, "--context=64")) << f.failure.error().render();
  ASSERT_FALSE(f.said.empty());
  EXPECT_TRUE(contains(f.said[0], "cache at full context"));
  for (const char *call : {"memAlloc", "memHostAlloc", "memAddressReserve", "moduleLoadDataEx"})
    EXPECT_EQ(f.driver.countOf(call), 0u) << call;
  f.close();
  EXPECT_EQ(f.driver.leaks(), "");
}

TEST(GpuModel, TakesAsManySequencesOfKnownLengthsAsFit) {
  GpuFile file;
  // What each number of texts of one page, and one of three, asks for.
  auto need = [&](std::vector<int64_t> lengths, int64_t sequences) {
    GpuDecoder f;
    DecoderOptions options;
    options.maxSequences = sequences;
    options.lengths = std::move(lengths);
    f.open(file.path(), options);
    EXPECT_TRUE(f.decoder) << f.failure.error().render();
    EXPECT_TRUE(contains(f.said[0], "cache up to ")) << f.said[0];
    return f.decoder ? f.decoder->cache().poolPages() : 0;
  };
  EXPECT_EQ(need({10, 64, 150}, 3), 5);
  EXPECT_EQ(need({10, 64, 150}, 2), 4); // the longest two may meet
  EXPECT_EQ(need({1}, 1), 1);

  std::vector<size_t> taken;
  for (size_t more = 0; more < 200000; more += 2000) {
    GpuDecoder f;
    f.driver.memoryBytes = (128 << 20) + more;
    DecoderOptions options;
    options.maxSequences = 4;
    options.lengths = {20, 10, 64, 30, 64, 64};
    options.fewer = true;
    f.open(file.path(), options);
    size_t now = f.decoder ? static_cast<size_t>(f.decoder->cache().maxSequences()) : 0;
    if (f.decoder)
      EXPECT_EQ(f.decoder->cache().poolPages(), static_cast<int64_t>(now));
    else
      EXPECT_EQ(f.failure.error().code, Code::OutOfMemory);
    if (taken.empty() || taken.back() != now)
      taken.push_back(now);
  }
  EXPECT_EQ(taken, (std::vector<size_t>{0, 1, 2, 3, 4}));
}

TEST(GpuModel, ErrorsOfTheDriversCompilerAreTold) {
  GpuFile file;
  GpuDecoder f;
  f.driver.ptxResult = cuda::DriverResult::InvalidPtx;
  f.driver.ptxLog = "line 7: unknown instruction";
  f.open(file.path());
  ASSERT_FALSE(f.failure);
  EXPECT_EQ(f.failure.error().code, Code::DeviceFailed);
  EXPECT_TRUE(contains(f.failure.error().why, "line 7")) << f.failure.error().render();
}

TEST(GpuModel, TakesTheCubinAndPtxWhereItDoesNotFit) {
  static const char cubin[65] = "\177ELF machine code";
  auto withCubin = [](ArtifactContent &content) {
    content.devices[0].cubin = std::as_bytes(std::span(cubin));
  };
  GpuFile file(withCubin);
  for (bool fits : {true, false}) {
    GpuDecoder f;
    f.driver.cubinResult =
        fits ? cuda::DriverResult::Success : cuda::DriverResult::NoBinaryForGpu;
    f.open(file.path());
    ASSERT_TRUE(f.decoder) << f.failure.error().render();
    EXPECT_EQ(f.driver.loaded, fits ? cubin : fakePtx);
    EXPECT_EQ(f.driver.countOf("moduleLoadDataEx"), fits ? 1u : 2u);
  }
  GpuDecoder other;
  other.driver.major = 9;
  other.open(file.path());
  ASSERT_TRUE(other.decoder);
  EXPECT_EQ(other.driver.countOf("moduleLoadDataEx"), 1u);
  EXPECT_EQ(other.driver.loaded, fakePtx);
}

TEST(GpuModel, ACubinThatIsNoElfDoesNotReachTheDriver) {
  static const char text[] = ".version 8.0 of a text without an end "
                             "..................................";
  GpuFile file([](ArtifactContent &content) {
    content.devices[0].cubin = std::as_bytes(std::span(text, sizeof text - 1));
  });
  GpuDecoder f;
  f.open(file.path());
  ASSERT_TRUE(f.decoder) << f.failure.error().render();
  EXPECT_EQ(f.driver.countOf("moduleLoadDataEx"), 1u);
  EXPECT_EQ(f.driver.loaded, fakePtx);
}

TEST(GpuModel, AKernelThatIsNotInTheCodeIsNamed) {
  GpuFile file([](ArtifactContent &content) {
    content.model.devices[0].kernels[3].entry = "elsewhere";
  });
  GpuDecoder f;
  f.open(file.path());
  ASSERT_FALSE(f.failure);
  EXPECT_TRUE(contains(f.failure.error().where, "kernel logits")) << f.failure.error().render();
}

TEST(GpuModel, AlteredWeightsAreFoundOnTheirWay) {
  GpuFile file;
  std::vector<std::byte> bytes = readBytes(file.path());
  auto artifact = Artifact::open(file.path());
  ASSERT_TRUE(artifact);
  bytes[artifact->sections()[artifact->weightsSection()].offset] ^= std::byte(1);
  writeBytes(file.path(), bytes);
  GpuDecoder f;
  f.open(file.path());
  ASSERT_FALSE(f.failure);
  EXPECT_EQ(f.failure.error().code, Code::ArtifactDamaged);
  f.close();
  EXPECT_EQ(f.driver.leaks(), "");
}

TEST(GpuModel, LargeWeightsAreStreamed) {
  constexpr size_t largeBytes = 37 << 20; // three turns of the pinned buffers
  GpuFile file([](ArtifactContent &content) {
    content.model.weights[1].bytes = largeBytes;
    content.model.weights[1].shape = {largeBytes / 4};
    auto table = content.weights;
    content.weights = [table](size_t weight, WeightSink &sink) -> Status {
      if (weight == 0)
        return table(weight, sink);
      std::vector<int32_t> numbers(largeBytes / 4, fakeShift);
      return sink.write(std::as_bytes(std::span(numbers)));
    };
  });
  ASSERT_TRUE(file.status) << file.status.error().render();
  GpuDecoder f;
  f.open(file.path());
  ASSERT_TRUE(f.decoder) << f.failure.error().render();
  EXPECT_EQ(f.driver.countOf("memcpyHtoDAsync"), 3u);
  std::span<const std::byte> weight = f.model->places().at(1);
  int32_t last = 0;
  std::memcpy(&last, &weight[largeBytes - 4], 4); // the fake's memory is the host's
  EXPECT_EQ(last, fakeShift);
}

TEST(GpuModel, RunsGraphs) {
  GpuFile file;
  GpuDecoder f;
  Status opened = f.openModel(file.path(), Module::Kind::Graph);
  ASSERT_TRUE(opened) << opened.error().render();
  auto graph = GraphExecutor::create(*f.model);
  ASSERT_TRUE(graph) << graph.error().render();
  auto tensor = [](std::vector<float> numbers) {
    Tensor result;
    result.type = ElementType::F32;
    result.shape = {static_cast<int64_t>(numbers.size())};
    auto bytes = std::as_bytes(std::span(numbers));
    result.data.assign(bytes.begin(), bytes.end());
    return result;
  };
  Tensor inputs[] = {tensor({1, 2, 3}), tensor({10, 20, 30})};
  auto outputs = (*graph)->run(inputs);
  ASSERT_TRUE(outputs) << outputs.error().render();
  float sums[3];
  ASSERT_EQ((*outputs)[0].data.size(), sizeof sums);
  std::memcpy(sums, (*outputs)[0].data.data(), sizeof sums);
  EXPECT_EQ(sums[2], 63);
  Tensor none[] = {tensor({}), tensor({})};
  EXPECT_TRUE((*graph)->run(none));
  graph->reset();
  f.close();
  EXPECT_EQ(f.driver.leaks(), "");
}

// The whole life of a model, each of its calls failing once.
TEST(GpuModel, EveryCallMayFail) {
  GpuFile file;
  auto live = [&](GpuDecoder &f) -> Status {
    DecoderOptions options;
    options.maxSequences = 2;
    f.open(file.path(), options);
    if (!f.failure)
      return std::move(f.failure);
    LLMC_TRY(std::vector<int32_t> tokens, f.go({4, 5, 6}, 4));
    EXPECT_EQ(tokens, expected({4, 5, 6}, 4));
    int32_t first = f.decoder->start();
    if (auto logits = f.decoder->prefill(first, tokens); !logits)
      return logits.takeError();
    int32_t fork = f.decoder->cache().fork(first);
    NextToken next[] = {{first, 1}, {fork, 2}};
    if (auto logits = f.decoder->decode(next); !logits)
      return logits.takeError();
    f.decoder->cache().truncate(first, 5);
    if (auto logits = f.decoder->decode(next); !logits)
      return logits.takeError();
    return Status::ok();
  };
  size_t calls = 0, failures = 0;
  {
    GpuDecoder f;
    Status status = live(f);
    ASSERT_TRUE(status) << status.error().render();
    calls = f.driver.calls.size();
    f.close();
    EXPECT_EQ(f.driver.leaks(), "");
  }
  for (cuda::DriverResult result :
       {cuda::DriverResult::OutOfMemory, cuda::DriverResult::LaunchFailed})
    for (size_t call = 1; call <= calls; ++call) {
      GpuDecoder f;
      f.driver.failingCall = call;
      f.driver.failure = result;
      Status status = live(f);
      std::string name = f.driver.calls[call - 1];
      f.close();
      EXPECT_EQ(f.driver.leaks(), "") << name << ", call " << call;
      if (status)
        continue;
      ++failures;
      Code code = status.error().code;
      EXPECT_TRUE(code == Code::OutOfMemory || code == Code::DeviceFailed) << codeName(code);
      EXPECT_FALSE(status.error().what.empty());
    }
  // Only what is given back fails unseen.
  EXPECT_GT(failures, calls);
}
