// Files, executors and driver calls over PTX that is really executed.
#include "runtime/model/GraphExecutor.h"
#include "runtime/sim/driver/SimDriver.h"
#include "test/unit/cuda/GpuFixture.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::test;

namespace {

std::string fakeKernelText() {
  std::vector<std::byte> bytes = readBytes(LLMC_FAKE_PTX);
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// The fake model on a simulated device. \p change alters the PTX.
struct SimModel {
  std::string ptx = fakeKernelText();
  std::unique_ptr<sim::SimDriver> driver;
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Decoder> decoder;
  std::unique_ptr<GraphExecutor> graph;

  Status open(Module::Kind kind, DecoderOptions options = {}) {
    std::string text = ptx;
    GpuFile file([&](ArtifactContent &content) {
      content.devices[0].ptx = text;
      for (DeviceKernel &kernel : content.model.devices[0].kernels)
        kernel.sharedBytes = 0;
    });
    LLMC_CHECK(std::move(file.status));
    sim::DeviceOptions device;
    device.architecture = "sm_80";
    device.memoryBytes = uint64_t(1) << 30;
    LLMC_TRY(driver, sim::SimDriver::create(device));
    driver->table().init(0);
    LLMC_TRY(Artifact artifact, Artifact::open(file.path()));
    LLMC_TRY(cuda::GpuChoice choice,
             cuda::chooseGpu(driver->table(), artifact.model(), kind));
    choice.explain = [&] {
      Status last = driver->lastFailure();
      return last ? std::string() : last.error().render();
    };
    auto make = [&](const Artifact &placed,
                    ThreadPool &threads) -> Result<std::unique_ptr<Accelerator>> {
      LLMC_TRY(std::unique_ptr<cuda::GpuModel> gpu,
               cuda::GpuModel::create(choice, placed, threads, nullptr));
      return std::unique_ptr<Accelerator>(std::move(gpu));
    };
    LLMC_TRY(model, LoadedModel::openOnDevice(std::move(artifact), 1, make));
    if (kind == Module::Kind::Graph) {
      LLMC_TRY(graph, GraphExecutor::create(*model));
    } else {
      LLMC_TRY(decoder, Decoder::create(*model, options));
    }
    return Status::ok();
  }
};

int32_t largest(std::span<const float> logits) {
  return static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin());
}

/// A word instead of another, once.
std::string replaced(std::string text, const std::string &from, const std::string &to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

} // namespace

TEST(SimChain, ADecoderSaysWhatItsKernelsCompute) {
  SimModel f;
  Status opened = f.open(Module::Kind::Decoder);
  ASSERT_TRUE(opened) << opened.error().render();
  int32_t sequence = f.decoder->start();
  std::vector<int32_t> tokens = {5, 9, 33, 2, 80, 41, 7, 7, 12, 3, 64, 90, 1, 18, 55, 20, 30, 4};
  auto logits = f.decoder->prefill(sequence, tokens);
  while (logits && tokens.size() < 80) {
    ASSERT_EQ(largest(*logits), fakeNext(tokens)) << tokens.size();
    tokens.push_back(largest(*logits));
    NextToken next = {sequence, tokens.back()};
    logits = f.decoder->decode({&next, 1});
  }
  ASSERT_TRUE(logits) << logits.error().render() << f.driver->lastFailure().error().render();
}

TEST(SimChain, SequencesShareStepsAndPages) {
  SimModel f;
  DecoderOptions options;
  options.maxSequences = 3;
  Status opened = f.open(Module::Kind::Decoder, options);
  ASSERT_TRUE(opened) << opened.error().render();
  std::vector<int32_t> texts[3] = {{1, 2, 3, 4, 5}, {9, 8}, {1, 2, 3, 4, 5}};
  int32_t first = f.decoder->start(), second = f.decoder->start();
  ASSERT_TRUE(f.decoder->prefill(first, texts[0]));
  ASSERT_TRUE(f.decoder->prefill(second, texts[1]));
  int32_t fork = f.decoder->cache().fork(first);
  for (int step = 0; step < 5; ++step) {
    NextToken batch[3] = {{first, step}, {second, 9}, {fork, 11}};
    for (size_t i = 0; i < 3; ++i)
      texts[i].push_back(batch[i].token);
    auto logits = f.decoder->decode(batch);
    ASSERT_TRUE(logits) << logits.error().render();
    for (size_t i = 0; i < 3; ++i)
      EXPECT_EQ(largest(logits->subspan(i * fakeVocabulary, fakeVocabulary)),
                fakeNext(texts[i]));
  }
  f.decoder->cache().truncate(first, 3);
  texts[0].resize(3);
  texts[0].push_back(70);
  NextToken next = {first, 70};
  auto logits = f.decoder->decode({&next, 1});
  ASSERT_TRUE(logits) << logits.error().render();
  EXPECT_EQ(largest(*logits), fakeNext(texts[0]));
}

TEST(SimChain, EveryRowGivesItsLogits) {
  SimModel f;
  Status opened = f.open(Module::Kind::Decoder);
  ASSERT_TRUE(opened) << opened.error().render();
  std::vector<int32_t> tokens(23, 6);
  size_t seen = 0;
  Status status = f.decoder->everyRow(
      f.decoder->start(), tokens, [&](size_t row, std::span<const float> logits) {
        EXPECT_EQ(row, seen++);
        EXPECT_EQ(largest(logits), fakeNext(std::span(tokens).first(row + 1)));
        return Status::ok();
      });
  ASSERT_TRUE(status) << status.error().render();
  EXPECT_EQ(seen, tokens.size());
}

TEST(SimChain, AGraphRuns) {
  SimModel f;
  Status opened = f.open(Module::Kind::Graph);
  ASSERT_TRUE(opened) << opened.error().render();
  const float left[] = {1, 2, 3}, right[] = {10, 20, 30};
  Tensor inputs[2];
  for (auto [tensor, numbers] : {std::pair(&inputs[0], left), std::pair(&inputs[1], right)}) {
    tensor->type = ElementType::F32;
    tensor->shape = {3};
    auto bytes = std::as_bytes(std::span(numbers, 3));
    tensor->data.assign(bytes.begin(), bytes.end());
  }
  auto outputs = f.graph->run(inputs);
  ASSERT_TRUE(outputs) << outputs.error().render();
  float sums[3];
  std::memcpy(sums, (*outputs)[0].data.data(), sizeof sums);
  EXPECT_EQ(sums[0], 21);
  EXPECT_EQ(sums[2], 63);
}

TEST(SimChain, AKernelThatLeavesItsMemoryIsNamed) {
  SimModel f;
  // The store of the logits goes a gigabyte astray.
  f.ptx = replaced(f.ptx, "st.global.f32 [%rd15], %f2;", "st.global.f32 [%rd15+1073741824], %f2;");
  Status opened = f.open(Module::Kind::Decoder);
  ASSERT_TRUE(opened) << opened.error().render();
  auto failed = f.decoder->prefill(f.decoder->start(), std::vector<int32_t>{1, 2});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::DeviceFailed);
  EXPECT_NE(failed.error().where.find("launch 5 (logits), kernel logits"), std::string::npos)
      << failed.error().render();
  // In the simulator's words, too.
  EXPECT_NE(failed.error().why.find("kernel 'logits'"), std::string::npos)
      << failed.error().render();
}

TEST(SimChain, PtxThatIsNoneIsRefusedAtTheStart) {
  SimModel f;
  f.ptx = replaced(f.ptx, "abs.s32", "frobnicate.s32");
  Status opened = f.open(Module::Kind::Decoder);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::DeviceFailed);
  EXPECT_NE(opened.error().why.find("frobnicate"), std::string::npos)
      << opened.error().render();
}

TEST(SimChain, CodeWithOtherParametersThanALaunchBringsIsRefused) {
  // More than the launch's array holds, fewer, and one that is larger.
  std::pair<std::string, std::string> changes[] = {
      {".param .s64 t1, .param .s64 r,",
       ".param .s64 t1, .param .s64 more, .param .s64 r,"},
      {".param .s64 t1, .param .s64 r,", ".param .s64 r,"},
      {".param .s64 t1, .param .s64 r,",
       ".param .align 8 .b8 t1[4096], .param .s64 r,"}};
  for (auto &[from, to] : changes) {
    SimModel f;
    f.ptx = replaced(f.ptx, from, to);
    Status opened = f.open(Module::Kind::Decoder);
    ASSERT_FALSE(opened) << to;
    EXPECT_EQ(opened.error().code, Code::ArtifactDamaged)
        << opened.error().render();
    EXPECT_NE(opened.error().where.find("kernel logits"), std::string::npos)
        << opened.error().render();
  }
}
