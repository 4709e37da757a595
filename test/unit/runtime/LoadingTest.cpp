#include "runtime/model/Decoder.h"
#include "runtime/verbs/LoadWords.h"
#include "test/unit/runtime/FakeModel.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::test;

namespace {

constexpr uint64_t largeBytes = 80 << 20;

/// The fake model with a shift of 80 MiB, of which the first number counts.
const std::string &largeModel() {
  static const TemporaryFile file("large.bin");
  static const bool written = [] {
    ArtifactContent content = fakeContent();
    content.model.weights[1].bytes = largeBytes;
    content.model.weights[1].shape = {static_cast<int64_t>(largeBytes / 4)};
    auto table = content.weights;
    content.weights = [table](size_t weight, WeightSink &sink) -> Status {
      if (weight == 0)
        return table(weight, sink);
      std::vector<int32_t> numbers((1 << 20) / 4, fakeShift);
      for (uint64_t done = 0; done < largeBytes; done += 1 << 20)
        LLMC_CHECK(sink.write(std::as_bytes(std::span(numbers))));
      return Status::ok();
    };
    return bool(writeArtifact(file.path(), std::move(content)));
  }();
  EXPECT_TRUE(written);
  return file.path();
}

/// Answers as told.
class FakeMachine final : public LoadMachine {
public:
  std::optional<ReadRates> measure(ThreadPool &,
                                   std::span<const std::byte>) override {
    ++measurements;
    return rates;
  }
  CopyRoom room() override { return given; }

  std::optional<ReadRates> rates = ReadRates{10e9, 40e9};
  CopyRoom given = {INT64_MAX, true};
  int measurements = 0;
};

int64_t residentKilobytes(const char *name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name))
      return std::stoll(line.substr(std::strlen(name) + 1));
  return -1;
}

struct Fixture {
  FakeMachine machine;
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Decoder> decoder;
  Status failure;
  int32_t sequence = -1;
  std::vector<int32_t> tokens = {1, 2, 3};

  /// Opens; `failure` says why not.
  void open(const std::string &path, LoadMode mode) {
    auto opened = LoadedModel::open(path, 2, cpuFeatures(), {mode, &machine});
    if (!opened) {
      failure = opened.takeError();
      return;
    }
    model = *std::move(opened);
    if (auto made = Decoder::create(*model, {}))
      decoder = *std::move(made);
    ASSERT_TRUE(decoder);
    sequence = decoder->start();
  }
  /// The next logits; the first call reads the prompt.
  Result<std::vector<float>> step() {
    auto logits = decoder->cache().length(sequence) == 0
                      ? decoder->prefill(sequence, tokens)
                      : decoder->decode({{{sequence, tokens.back()}}});
    if (!logits)
      return logits.takeError();
    tokens.push_back(fakeNext(tokens));
    return std::vector<float>(logits->begin(), logits->end());
  }
  LoadReport report() const { return model->weights->report(); }
};

std::vector<std::vector<float>> logitsFromTheMap(size_t steps) {
  Fixture f;
  f.open(largeModel(), LoadMode::Map);
  std::vector<std::vector<float>> all;
  for (size_t i = 0; i < steps && f.model; ++i)
    if (auto logits = f.step())
      all.push_back(*logits);
  EXPECT_EQ(all.size(), steps);
  EXPECT_EQ(f.machine.measurements, 0);
  EXPECT_EQ(f.report().from(), "map");
  return all;
}

/// A copy of the large model that a test may spoil.
struct Spoilt {
  TemporaryFile file{"spoilt.bin"};
  Spoilt() {
    std::filesystem::copy_file(largeModel(), file.path());
  }
  void alter(long at) const {
    std::fstream stream(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(at);
    char byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(at);
    stream.put(byte);
  }
  void cut(uint64_t size) const {
    std::filesystem::resize_file(file.path(), size);
  }
};

} // namespace

TEST(Loading, CopyBeforeTheFirstTokenGivesTheSameBits) {
  auto expected = logitsFromTheMap(10);
  int64_t anonBefore = residentKilobytes("RssAnon:");
  int64_t fileBefore = residentKilobytes("RssFile:");
  Fixture f;
  f.open(largeModel(), LoadMode::Copy);
  ASSERT_TRUE(f.model) << f.failure.error().render();
  EXPECT_GT(residentKilobytes("RssAnon:") - anonBefore, 78 << 10);
  EXPECT_LT(residentKilobytes("RssFile:") - fileBefore, 8 << 10);
  EXPECT_EQ(f.report().from(), "copy");
  for (const std::vector<float> &row : expected) {
    auto logits = f.step();
    ASSERT_TRUE(logits) << logits.error().render();
    EXPECT_EQ(*logits, row);
  }
}

TEST(Loading, ASlowMapIsCopiedWhileTokensCome) {
  auto expected = logitsFromTheMap(40);
  Fixture f;
  f.open(largeModel(), LoadMode::Auto);
  ASSERT_TRUE(f.model);
  int64_t anon = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    auto logits = f.step();
    ASSERT_TRUE(logits) << logits.error().render();
    EXPECT_EQ(*logits, expected[i]) << i;
    if (i == 0) { // all is checked, nothing copied
      EXPECT_EQ(f.machine.measurements, 0);
      anon = residentKilobytes("RssAnon:");
    }
    if (i == 20) {
      ASSERT_TRUE(f.model->weights->settle(true));
    }
  }
  EXPECT_EQ(f.machine.measurements, 2);
  EXPECT_EQ(f.report().from(), "copy");
  EXPECT_GE(f.report().copiedBytes, largeBytes);
  EXPECT_GT(residentKilobytes("RssAnon:") - anon, 76 << 10);
  EXPECT_LT(residentKilobytes("RssFile:"), 64 << 10);
}

TEST(Loading, AGoodMapStays) {
  Fixture f;
  f.machine.rates = ReadRates{39e9, 40e9};
  f.open(largeModel(), LoadMode::Auto);
  ASSERT_TRUE(f.model);
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(f.step());
  EXPECT_EQ(f.machine.measurements, 1);
  EXPECT_EQ(f.report().from(), "map");
  EXPECT_EQ(f.report().note, "");
  EXPECT_EQ(f.report().rates->map, 39e9);
}

TEST(Loading, LackOfRoomOrLargePagesIsNotedAndTokensCome) {
  for (LoadMode mode : {LoadMode::Auto, LoadMode::Copy})
    for (CopyRoom room : {CopyRoom{1 << 20, true}, CopyRoom{INT64_MAX, false}}) {
      Fixture f;
      f.machine.given = room;
      f.open(largeModel(), mode);
      ASSERT_TRUE(f.model) << f.failure.error().render();
      for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(f.step());
      EXPECT_EQ(f.report().from(), "map");
      std::string note = f.report().note;
      EXPECT_NE(note.find("stay in the map of the file"), std::string::npos);
      EXPECT_NE(note.find(room.hugePages ? "1 MiB are left" : "2 MiB pages"),
                std::string::npos);
      // Only who measured knows rates.
      EXPECT_EQ(note.find(" % of memory's rate") != std::string::npos, mode == LoadMode::Auto);
    }
}

// Their figures are best times of pieces: beside a bandwidth they would be a second one.
TEST(Loading, RatesAreToldAsAShare) {
  LoadReport report;
  report.rates = ReadRates{30e9, 40e9};
  EXPECT_EQ(describeLoading(report),
            "read from the map of the file; the map gives 75 % of memory's rate");
  JsonWriter json;
  json.beginObject();
  writeLoading(json, report);
  std::string text = json.end().text();
  EXPECT_NE(text.find("\"mapShareOfMemory\":0.75"), std::string::npos) << text;
  EXPECT_EQ(text.find("BytesPerSecond"), std::string::npos) << text;
}

TEST(Loading, WithoutMemoryForAMeasurementNothingIsSaid) {
  Fixture f;
  f.machine.rates = std::nullopt;
  f.open(largeModel(), LoadMode::Auto);
  ASSERT_TRUE(f.model);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(f.step());
  EXPECT_EQ(f.machine.measurements, 1);
  EXPECT_EQ(f.report().note, "");
}

TEST(Loading, SmallWeightsAreNeverMeasured) {
  TemporaryFile file("model.bin");
  writeFake(file.path());
  Fixture f;
  f.open(file.path(), LoadMode::Auto);
  ASSERT_TRUE(f.model);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(f.step());
  EXPECT_EQ(f.machine.measurements, 0);
}

TEST(Loading, ACopyRefusesAlteredWeights) {
  Spoilt spoilt;
  spoilt.alter(50 << 20);
  Fixture f;
  f.open(spoilt.file.path(), LoadMode::Copy);
  ASSERT_FALSE(f.failure);
  EXPECT_EQ(f.failure.error().code, Code::ArtifactDamaged);
}

TEST(Loading, AFileThatIsAlteredOrCutBehindTheFirstTokenIsFoundByTheCopy) {
  for (bool cut : {false, true}) {
    Spoilt spoilt;
    Fixture f;
    f.open(spoilt.file.path(), LoadMode::Auto);
    ASSERT_TRUE(f.model);
    ASSERT_TRUE(f.step());
    if (cut)
      spoilt.cut(50 << 20);
    else
      spoilt.alter(50 << 20);
    ASSERT_TRUE(f.step()); // measures
    ASSERT_TRUE(f.step()); // and begins to copy
    Status settled = f.model->weights->settle(true);
    ASSERT_FALSE(settled);
    EXPECT_EQ(settled.error().code, cut ? Code::CannotRead : Code::ArtifactDamaged);
    auto logits = f.step();
    ASSERT_FALSE(logits);
    EXPECT_EQ(logits.error().code, settled.error().code);
  }
}

TEST(Loading, MayEndWhileItCopies) {
  for (int steps = 0; steps < 6; ++steps) {
    Fixture f;
    f.open(largeModel(), LoadMode::Auto);
    ASSERT_TRUE(f.model);
    for (int i = 0; i < steps; ++i)
      ASSERT_TRUE(f.step());
  }
}

TEST(ThisMachine, MeasuresBothWaysOfReading) {
  auto threads = ThreadPool::create(2);
  ASSERT_TRUE(threads);
  ThisMachine machine;
  auto file = MappedFile::open(largeModel());
  ASSERT_TRUE(file);
  if (auto rates = machine.measure(**threads, file->bytes())) {
    EXPECT_GT(rates->map, 0);
    EXPECT_GT(rates->memory, 0);
  }
  EXPECT_FALSE(machine.measure(**threads, file->bytes().first(1 << 20)));
}
