#include "runtime/format/Artifact.h"
#include "runtime/model/LoadedModel.h"
#include "test/unit/runtime/FakeModel.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <memory>
#include <unistd.h>

using namespace llmc;
using namespace llmc::test;

namespace {

struct CloseFile {
  void operator()(int *descriptor) const {
    ::close(*descriptor);
    delete descriptor;
  }
};

} // namespace

TEST(Artifact, GivesBackWhatWasWritten) {
  TemporaryFile file("model.bin");
  writeFake(file.path());
  auto artifact = Artifact::open(file.path());
  ASSERT_TRUE(artifact) << artifact.error().render();
  const Model &model = artifact->model();
  Model expected = fakeModel();
  EXPECT_EQ(model.name, expected.name);
  EXPECT_EQ(model.report, expected.report);
  ASSERT_EQ(model.modules.size(), 2u);
  const Module &decoder = model.modules[0];
  EXPECT_EQ(decoder.decoder.vocabulary, fakeVocabulary);
  EXPECT_EQ(decoder.decoder.cache.pageElements(),
            expected.modules[0].decoder.cache.pageElements());
  ASSERT_EQ(decoder.programs.size(), 3u);
  const Program &step = decoder.programs[1], &wanted = expected.modules[0].programs[1];
  EXPECT_EQ(step.maxRows, wanted.maxRows);
  EXPECT_EQ(step.symbols, wanted.symbols);
  ASSERT_EQ(step.values.size(), wanted.values.size());
  ASSERT_EQ(step.launches.size(), wanted.launches.size());
  for (size_t i = 0; i < step.launches.size(); ++i) {
    EXPECT_EQ(step.launches[i].buffers, wanted.launches[i].buffers);
    EXPECT_EQ(step.launches[i].scalars, wanted.launches[i].scalars);
    EXPECT_EQ(step.launches[i].name, wanted.launches[i].name);
    ASSERT_EQ(step.launches[i].waits.size(), wanted.launches[i].waits.size());
    for (size_t j = 0; j < step.launches[i].waits.size(); ++j) {
      const Wait &wait = step.launches[i].waits[j];
      EXPECT_EQ(wait.launch, wanted.launches[i].waits[j].launch);
      EXPECT_EQ(wait.mine, wanted.launches[i].waits[j].mine);
      EXPECT_EQ(wait.theirs, wanted.launches[i].waits[j].theirs);
    }
  }
  ASSERT_EQ(step.buffers.size(), wanted.buffers.size());
  size_t views = 0;
  for (size_t i = 0; i < step.buffers.size(); ++i) {
    EXPECT_EQ(step.buffers[i].strides, wanted.buffers[i].strides);
    EXPECT_EQ(step.buffers[i].viewOf, wanted.buffers[i].viewOf);
    views += step.buffers[i].viewOf.has_value();
  }
  EXPECT_EQ(views, 2u);
  EXPECT_EQ(model.modules[1].programs[0].constraints[0].text,
            expected.modules[1].programs[0].constraints[0].text);
  EXPECT_EQ(model.weights[1].offset % 64, 0u);
  int32_t shift = 0;
  ASSERT_EQ(artifact->weight(1).size(), sizeof shift);
  std::memcpy(&shift, artifact->weight(1).data(), sizeof shift);
  EXPECT_EQ(shift, fakeShift);
  for (size_t i = 0; i < artifact->sections().size(); ++i)
    if (artifact->sections()[i].type != static_cast<uint32_t>(SectionType::Hashes)) {
      EXPECT_TRUE(artifact->checkSection(i));
    }
}

// Every byte counts: opening the model and checking its weights finds every
// changed bit and every missing end, and never crashes.
TEST(Artifact, EveryFlippedBitIsFound) {
  TemporaryFile file("model.bin");
  writeFake(file.path());
  std::vector<std::byte> good = readBytes(file.path());
  std::unique_ptr<int, CloseFile> descriptor(
      new int(::open(file.path().c_str(), O_WRONLY | O_CLOEXEC)));
  auto pool = ThreadPool::create(1);
  ASSERT_TRUE(pool);
  for (size_t i = 0; i < good.size(); ++i) {
    std::byte bad = good[i] ^ std::byte(1 << (i % 8));
    ASSERT_EQ(::pwrite(*descriptor, &bad, 1, static_cast<off_t>(i)), 1);
    auto artifact = Artifact::open(file.path());
    bool found = !artifact;
    Code code = found ? artifact.error().code : Code::Internal;
    if (!found) {
      auto check = WeightCheck::start(*artifact, **pool);
      found = !check;
      if (found)
        code = check.error().code;
    }
    ASSERT_TRUE(found) << "byte " << i << " of " << good.size();
    ASSERT_TRUE(code == Code::ArtifactDamaged || code == Code::NotAnArtifact)
        << codeName(code);
    ASSERT_EQ(::pwrite(*descriptor, &good[i], 1, static_cast<off_t>(i)), 1);
  }
  EXPECT_TRUE(Artifact::open(file.path()));
}

TEST(Artifact, EveryTruncationIsFound) {
  TemporaryFile file("model.bin");
  writeFake(file.path());
  std::vector<std::byte> good = readBytes(file.path());
  for (size_t length = good.size(); length-- > 0;) {
    ASSERT_EQ(::truncate(file.path().c_str(), static_cast<off_t>(length)), 0);
    auto artifact = Artifact::open(file.path());
    ASSERT_FALSE(artifact) << length;
    ASSERT_TRUE(artifact.error().code == Code::NotAnArtifact ||
                artifact.error().code == Code::ArtifactDamaged);
  }
}

TEST(Artifact, BytesBehindTheEndAreRefused) {
  TemporaryFile file("model.bin");
  writeFake(file.path());
  std::vector<std::byte> bytes = readBytes(file.path());
  bytes.push_back(std::byte(0));
  writeBytes(file.path(), bytes);
  auto artifact = Artifact::open(file.path());
  ASSERT_FALSE(artifact);
  EXPECT_EQ(artifact.error().code, Code::NotAnArtifact);
  EXPECT_EQ(artifact.error().what, "bytes were added behind the model");
  EXPECT_NE(artifact.error().fix.find("head -c " + std::to_string(bytes.size() - 1)),
            std::string::npos) << artifact.error().fix;
}

TEST(Artifact, AnotherVersionIsNamed) {
  TemporaryFile file("model.bin");
  writeFake(file.path());
  std::vector<std::byte> bytes = readBytes(file.path());
  Trailer trailer;
  std::byte *place = bytes.data() + bytes.size() - sizeof trailer;
  std::memcpy(&trailer, place, sizeof trailer);
  trailer.version = 99;
  trailer.checksum = hash64(std::as_bytes(std::span(&trailer, 1)).first(trailerChecked));
  std::memcpy(place, &trailer, sizeof trailer);
  writeBytes(file.path(), bytes);
  auto artifact = Artifact::open(file.path());
  ASSERT_FALSE(artifact);
  EXPECT_EQ(artifact.error().code, Code::ArtifactVersion);
}

TEST(Artifact, AnExecutableWithoutAModelIsExplained) {
  auto artifact = Artifact::open("/proc/self/exe");
  ASSERT_FALSE(artifact);
  EXPECT_EQ(artifact.error().code, Code::NotAnArtifact);
  EXPECT_NE(artifact.error().render().find("strip"), std::string::npos);
}

TEST(Artifact, MissingFilesAndFoldersAreErrors) {
  auto missing = Artifact::open("/nonexistent/model.bin");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::FileNotFound);
  auto folder = Artifact::open("/");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, Code::NotAFile);
}
