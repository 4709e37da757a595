#include "runtime/format/CheckModel.h"

#include "runtime/format/ModelCodec.h"
#include "test/unit/runtime/FakeModel.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace llmc;
using namespace llmc::test;

namespace {

std::vector<SectionEntry> sections() {
  SectionEntry kernels, weights;
  kernels.type = static_cast<uint32_t>(SectionType::Kernels);
  kernels.size = fakeImage().bytes.size();
  weights.type = static_cast<uint32_t>(SectionType::Weights);
  weights.size = 68;
  SectionEntry ptx, cubin;
  ptx.type = static_cast<uint32_t>(SectionType::Ptx);
  cubin.type = static_cast<uint32_t>(SectionType::Cubin);
  return {kernels, weights, ptx, cubin};
}

/// The fake model as the writer would leave it.
Model placed() {
  Model model = fakeModel();
  model.weights[1].offset = 64;
  addFakeDevice(model);
  model.devices[0].ptxSection = 2;
  model.devices[0].cubinSection = 3;
  return model;
}

void expectRefused(const char *what, const std::function<void(Model &)> &spoil) {
  Model model = placed();
  spoil(model);
  Status status = checkModel(model, sections());
  ASSERT_FALSE(status) << what;
  EXPECT_EQ(status.error().code, Code::ArtifactDamaged) << what;
}

Program &step(Model &model) { return model.modules[0].programs[1]; }

} // namespace

TEST(CheckModel, AcceptsTheFakeModel) {
  Status status = checkModel(placed(), sections());
  EXPECT_TRUE(status) << status.error().render();
}

TEST(CheckModel, RefusesWeightsAndImagesOutsideTheirSections) {
  expectRefused("offset", [](Model &m) { m.weights[0].offset = 128; });
  expectRefused("alignment", [](Model &m) { m.weights[1].offset = 32; });
  expectRefused("length", [](Model &m) { m.weights[1].bytes = UINT64_MAX; });
  expectRefused("type", [](Model &m) { m.weights[1].type = ElementType(200); });
  expectRefused("section", [](Model &m) { m.images[0].section = 1; });
  expectRefused("section", [](Model &m) { m.images[0].section = 9; });
  expectRefused("entry", [](Model &m) { m.images[0].entries[0] = UINT64_MAX; });
  expectRefused("entries", [](Model &m) { m.images[0].entries.pop_back(); });
}

TEST(CheckModel, RefusesImpossibleFiguresOfKernels) {
  auto work = [](const char *what, auto spoil) {
    expectRefused(what, [&](Model &m) { spoil(m.kernels[0].work); });
  };
  work("operations", [](KernelWork &w) { w.rowOperations = -1; });
  work("operations", [](KernelWork &w) { w.positionOperations = INT64_MAX; });
  work("window", [](KernelWork &w) { w.window = -1; });
  work("lookup", [](KernelWork &w) { w.lookups = {{3, 8}}; });
  work("lookup", [](KernelWork &w) { w.lookups = {{1, -8}}; });
}

TEST(CheckModel, RefusesImpossibleDevices) {
  auto device = [](const char *what, auto spoil) {
    expectRefused(what, [&](Model &m) { spoil(m.devices[0]); });
  };
  for (const char *target : {"", "sm_", "sm_8", "sm_08", "sm_80b", "gfx90", "sm_8000", "sm_9 0"})
    device("target", [&](DeviceImage &d) { d.target = target; });
  device("no warp", [](DeviceImage &d) { d.blockThreads = 0; });
  device("part of a warp", [](DeviceImage &d) { d.blockThreads = 100; });
  device("threads", [](DeviceImage &d) { d.blockThreads = 2048; });
  device("ptx", [](DeviceImage &d) { d.ptxSection = 0; });
  device("ptx", [](DeviceImage &d) { d.ptxSection = 3; });
  device("cubin", [](DeviceImage &d) { d.cubinSection = 2; });
  device("cubin", [](DeviceImage &d) { d.cubinSection = 99; });
  device("rows", [](DeviceImage &d) { d.kernels[0].rowsPerBlock = 1 << 20; });
  device("shared", [](DeviceImage &d) { d.kernels[0].sharedBytes = 1 << 20; });
  device("registers", [](DeviceImage &d) { d.kernels[0].registers = 256; });
  device("spills", [](DeviceImage &d) { d.kernels[0].spillBytes = UINT32_MAX; });
  device("work", [](DeviceImage &d) { d.kernels[0].kernel.work.window = -1; });
  device("arguments", [](DeviceImage &d) { d.kernels[4].kernel.bufferCount = 1 << 20; });
  for (std::string entry : {std::string(), std::string("1st"), std::string("a b"),
                            std::string("a\0b", 3), std::string(2000, 'x')})
    device("entry", [&](DeviceImage &d) { d.kernels[0].entry = entry; });
  expectRefused("twice", [](Model &m) { m.devices.push_back(m.devices[0]); });
}

TEST(CheckModel, RefusesImpossibleTensors) {
  auto tensor = [](auto spoil) {
    expectRefused("tensor", [&](Model &m) {
      TensorTile tile{0, 0, 2, 128, {{100, 2, 0, 64}, {0, 256, 1, 128}}};
      spoil(tile);
      m.devices[0].kernels[1].tensors = {tile};
    });
  };
  tensor([](TensorTile &t) { t.buffer = 99; });
  tensor([](TensorTile &t) { t.offset = 8; });
  tensor([](TensorTile &t) { t.elementBytes = 3; });
  tensor([](TensorTile &t) { t.swizzleBytes = 256; });
  tensor([](TensorTile &t) { t.dimensions.clear(); });
  tensor([](TensorTile &t) { t.dimensions.resize(6, t.dimensions[1]); });
  tensor([](TensorTile &t) { t.dimensions[0].stride = 4; });
  tensor([](TensorTile &t) { t.dimensions[0].size = 0; });
  tensor([](TensorTile &t) { t.dimensions[0].size = UINT64_MAX; });
  tensor([](TensorTile &t) { t.dimensions[0].box = 128; });
  tensor([](TensorTile &t) { t.dimensions[0].box = 4; });
  tensor([](TensorTile &t) { t.dimensions[1].box = 0; });
  tensor([](TensorTile &t) { t.dimensions[1].box = 257; });
  tensor([](TensorTile &t) { t.dimensions[1].stride = 0; });
  tensor([](TensorTile &t) { t.dimensions[1].stride = 200; });
  tensor([](TensorTile &t) { t.dimensions[1].stride = uint64_t(1) << 40; });
  tensor([](TensorTile &t) { t.dimensions[1].scalar = 99; });
  tensor([](TensorTile &t) { t.dimensions[1].size = 8; });
  expectRefused("tensors", [](Model &m) {
    TensorTile tile{0, 0, 2, 0, {{8, 2, 0, 8}}};
    m.devices[0].kernels[1].tensors.assign(100, tile);
  });
}

TEST(CheckModel, RefusesSchedulesThatDoNotFitTheirDevice) {
  auto schedule = [](const char *what, auto spoil) {
    expectRefused(what, [&](Model &m) { spoil(m.modules[0].schedules); });
  };
  using Schedules = std::vector<DeviceSchedule>;
  schedule("device", [](Schedules &s) { s[0].device = 1; });
  schedule("twice", [](Schedules &s) { s.push_back(s[0]); });
  schedule("chunk", [](Schedules &s) { s[0].chunk = 15; });
  schedule("chunk", [](Schedules &s) { s[0].chunk = int64_t(1) << 40; });
  schedule("blocks", [](Schedules &s) { s[0].blockRows = 0; });
  schedule("none", [](Schedules &s) { s[0].programs.clear(); });
  schedule("rows", [](Schedules &s) { s[0].programs.pop_back(); });
  schedule("kind", [](Schedules &s) { s[0].programs[0].kind = Program::Kind::Graph; });
  schedule("kernel", [](Schedules &s) { s[0].programs[1].launches[0].kernel = 5; });
  // The CPU's kernels do not count.
  expectRefused("other kernels", [](Model &m) { m.devices[0].kernels.pop_back(); });
  expectRefused("other counts", [](Model &m) { m.devices[0].kernels[2].kernel.bufferCount = 2; });
}

TEST(CheckModel, AFileMayBeForDevicesOnly) {
  Model model = placed();
  model.images.clear();
  model.kernels.clear();
  for (Module &module : model.modules)
    module.programs.clear();
  Status status = checkModel(model, sections());
  EXPECT_TRUE(status) << status.error().render();
  model.modules[1].schedules.clear();
  EXPECT_FALSE(checkModel(model, sections()));
}

TEST(CheckModel, AModuleMayLackSchedules) {
  Model model = placed();
  model.modules[1].schedules.clear();
  EXPECT_TRUE(checkModel(model, sections()));
}

TEST(CheckModel, RefusesImpossibleDecoders) {
  auto decoder = [](const char *what, auto spoil) {
    expectRefused(what, [&](Model &m) { spoil(m.modules[0].decoder); });
  };
  decoder("vocabulary", [](DecoderConfig &c) { c.vocabulary = 0; });
  decoder("context", [](DecoderConfig &c) { c.maxContext = int64_t(1) << 40; });
  decoder("chunk", [](DecoderConfig &c) { c.chunk = 17; });
  decoder("chunk", [](DecoderConfig &c) { c.chunk = 15; });
  decoder("blocks", [](DecoderConfig &c) { c.blockRows = 0; });
  decoder("layers", [](DecoderConfig &c) { c.cache.layers = -1; });
  decoder("heads", [](DecoderConfig &c) { c.cache.kvHeads = INT64_MAX; });
  decoder("page", [](DecoderConfig &c) { c.cache.page = 32; });
  decoder("bos", [](DecoderConfig &c) { c.bosToken = 97; });
  decoder("eos", [](DecoderConfig &c) { c.eosTokens = {-1}; });
  decoder("default", [](DecoderConfig &c) { c.defaults.topP = NAN; });
}

TEST(CheckModel, RefusesStepsThatLeaveOutRows) {
  expectRefused("first", [](Model &m) {
    m.modules[0].programs.erase(m.modules[0].programs.begin());
  });
  expectRefused("last", [](Model &m) { m.modules[0].programs.pop_back(); });
  expectRefused("order", [](Model &m) {
    std::swap(m.modules[0].programs[0], m.modules[0].programs[2]);
  });
  expectRefused("none", [](Model &m) { m.modules[0].programs.clear(); });
}

TEST(CheckModel, RefusesEveryIndexOutOfRange) {
  expectRefused("later value", [](Model &m) {
    step(m).values.push_back({Value::Kind::Add, 0, 0, 0});
    step(m).values.back().right =
        static_cast<ValueId>(step(m).values.size() - 1);
  });
  expectRefused("symbol", [](Model &m) {
    step(m).values.push_back({Value::Kind::Symbol, 6, 0, 0});
  });
  expectRefused("kind", [](Model &m) { step(m).values[0].kind = Value::Kind(77); });
  expectRefused("arena", [](Model &m) { step(m).arenaBytes = 1000; });
  expectRefused("arena symbol", [](Model &m) { step(m).arenaBytes = 8; });
  expectRefused("tiles", [](Model &m) { step(m).launches[2].tiles = 999; });
  expectRefused("buffer", [](Model &m) { step(m).launches[2].buffers[0] = 999; });
  expectRefused("scalar", [](Model &m) { step(m).launches[2].scalars[0] = 999; });
  expectRefused("count", [](Model &m) { step(m).launches[2].scalars.pop_back(); });
  expectRefused("kernel", [](Model &m) { step(m).launches[2].kernel = 5; });
  expectRefused("a later launch", [](Model &m) { step(m).launches[2].waits = {{2, 0, 0}}; });
  expectRefused("no tiles", [](Model &m) { step(m).launches[2].waits = {{0, 1, 0}}; });
  expectRefused("space", [](Model &m) { step(m).buffers[7].space = Buffer::Space(9); });
  expectRefused("weight", [](Model &m) {
    step(m).buffers[7].space = Buffer::Space::Weight;
    step(m).buffers[7].index = 2;
  });
  expectRefused("layer", [](Model &m) { step(m).buffers.back().index = 2; });
  expectRefused("strides", [](Model &m) { step(m).buffers.back().strides.pop_back(); });
  expectRefused("stride", [](Model &m) { step(m).buffers.back().strides[0] = -1; });
  expectRefused("offset", [](Model &m) { step(m).buffers[0].offset = 500; });
  expectRefused("a view of itself", [](Model &m) { step(m).buffers[8].viewOf = 8; });
  expectRefused("a view of a view", [](Model &m) { step(m).buffers[9].viewOf = 8; });
  expectRefused("a view of an input", [](Model &m) { step(m).buffers[8].viewOf = 0; });
  expectRefused("a view of nothing", [](Model &m) { step(m).buffers[8].viewOf = 4000; });
}

TEST(CheckModel, RefusesArgumentsThatTheRuntimeDoesNotGive) {
  expectRefused("input", [](Model &m) { step(m).inputs[0].name = "words"; });
  expectRefused("type", [](Model &m) { step(m).inputs[0].type = ElementType::I64; });
  expectRefused("shape", [](Model &m) { step(m).inputs[0].shape = {0}; });
  expectRefused("twice", [](Model &m) { step(m).inputs.push_back(step(m).inputs[0]); });
  expectRefused("output", [](Model &m) { step(m).outputs.clear(); });
  expectRefused("symbol", [](Model &m) { step(m).symbols[0] = "Q"; });
  auto addTokens = [](Model &m, ElementType type) {
    Program &program = step(m);
    program.symbols.push_back("C");
    program.values.push_back(
        {Value::Kind::Symbol, int64_t(program.symbols.size() - 1), 0, 0});
    auto count = ValueId(program.values.size() - 1);
    program.outputs.push_back({"next_tokens", type, {count}});
  };
  Model chooses = placed();
  addTokens(chooses, ElementType::I32);
  EXPECT_TRUE(checkModel(chooses, sections()));
  expectRefused("tokens", [&](Model &m) { addTokens(m, ElementType::I64); });
  expectRefused("third output", [&](Model &m) {
    addTokens(m, ElementType::I32);
    step(m).outputs.push_back({"more", ElementType::F32, {0}});
  });
  expectRefused("choices", [&](Model &m) {
    addTokens(m, ElementType::I32);
    step(m).inputs.push_back({"choices", ElementType::I32, {step(m).outputs[1].shape[0], 0}});
  });
  expectRefused("unbound", [](Model &m) {
    m.modules[1].programs[0].symbols.push_back("K");
  });
}

TEST(ModelCodec, KeepsTheFiguresOfKernelsAndWeights) {
  auto decoded = decodeModel(encodeModel(placed()));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->weights[0].parameters, 15u);
  const KernelWork &embed = decoded->kernels[0].work, &attend = decoded->kernels[2].work;
  ASSERT_EQ(embed.lookups.size(), 1u);
  EXPECT_EQ(embed.lookups[0].buffer, 2u);
  EXPECT_EQ(embed.lookups[0].rowBytes, 4);
  EXPECT_EQ(attend.positionOperations, 32);
  EXPECT_EQ(attend.window, 7);
  EXPECT_EQ(decoded->kernels[3].work.rowOperations, 60);
}

TEST(ModelCodec, KeepsDevicesAndSchedules) {
  Model model = placed();
  model.devices[0].kernels[3].spillBytes = 8;
  TensorTile tile{0, 64, 2, 128, {{100, 2, 0, 64}, {0, 256, 1, 128}}};
  model.devices[0].kernels[1].tensors = {tile};
  model.modules[0].schedules[0].chunk = 8;
  model.modules[0].schedules[0].blockRows = 64;
  auto decoded = decodeModel(encodeModel(model));
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->devices.size(), 1u);
  const DeviceImage &device = decoded->devices[0];
  EXPECT_EQ(device.target, "sm_80");
  EXPECT_EQ(device.blockThreads, 128u);
  EXPECT_EQ(device.ptxSection, 2u);
  EXPECT_EQ(device.cubinSection, 3u);
  ASSERT_EQ(device.kernels.size(), 5u);
  EXPECT_EQ(device.kernels[2].kernel.work.positionOperations, 32);
  EXPECT_EQ(device.kernels[3].entry, "logits");
  EXPECT_EQ(device.kernels[3].sharedBytes, 1024u);
  EXPECT_EQ(device.kernels[3].registers, 40u);
  EXPECT_EQ(device.kernels[3].spillBytes, 8u);
  ASSERT_EQ(device.kernels[1].tensors.size(), 1u);
  EXPECT_EQ(device.kernels[1].tensors[0], tile);
  ASSERT_EQ(decoded->modules[0].schedules.size(), 1u);
  const DeviceSchedule &schedule = decoded->modules[0].schedules[0];
  EXPECT_EQ(schedule.device, 0u);
  EXPECT_EQ(schedule.chunk, 8);
  EXPECT_EQ(schedule.blockRows, 64);
  ASSERT_EQ(schedule.programs.size(), 3u);
  EXPECT_EQ(schedule.programs[2].launches[0].name, "embed");
  EXPECT_EQ(encodeModel(*decoded), encodeModel(model));
}

TEST(ModelCodec, KeepsWhatTheModelCameFrom) {
  Model model = placed();
  EXPECT_EQ(decodeModel(encodeModel(model))->source, "");
  model.source = "exporter 1.2, ONNX IR 8";
  EXPECT_EQ(decodeModel(encodeModel(model))->source, model.source);
}

TEST(ModelCodec, SpoiledBytesNeverCrash) {
  std::vector<std::byte> good = encodeModel(placed());
  ASSERT_TRUE(decodeModel(good));
  std::mt19937 random(11);
  size_t accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> bytes = good;
    for (unsigned i = 0, n = 1 + random() % 4; i < n; ++i)
      bytes[random() % bytes.size()] = std::byte(random());
    bytes.resize(bytes.size() - (random() % 4 == 0 ? random() % 64 : 0));
    if (auto model = decodeModel(bytes))
      accepted += bool(checkModel(*model, sections()));
  }
  EXPECT_LT(accepted, 20000u);
}

TEST(ModelCodec, SharedPartsCannotBlowUpTheHeap) {
  // One weight's table of many: each entry leads to the same 1 MiB of text.
  Model model;
  model.weights.resize(1000);
  model.weights[0].name.assign(1 << 20, 'x');
  std::vector<std::byte> bytes = encodeModel(model);
  ASSERT_TRUE(decodeModel(bytes));
  // Flatbuffers store offsets relative to their place: let all of the vector's
  // offsets lead to the same table.
  auto word = [&](size_t at) {
    uint32_t value;
    std::memcpy(&value, &bytes[at], 4);
    return value;
  };
  size_t vector = 0;
  for (size_t i = 0; i + 4 <= bytes.size() && !vector; i += 4)
    if (word(i) == 1000 && word(i + 4) - word(i + 8) > 4)
      vector = i;
  ASSERT_NE(vector, 0u);
  size_t target = vector + 4 + word(vector + 4);
  for (size_t i = 0; i < 1000; ++i) {
    size_t at = vector + 4 + 4 * i;
    uint32_t offset = static_cast<uint32_t>(target - at);
    std::memcpy(&bytes[at], &offset, 4);
  }
  auto decoded = decodeModel(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Code::ArtifactDamaged);
}
