#include "runtime/format/Writer.h"

#include "runtime/format/Artifact.h"
#include "test/unit/runtime/FakeModel.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llmc;
using namespace llmc::test;

namespace {

bool isEmptyFolder(const std::string &folder) {
  return std::filesystem::is_empty(folder);
}

/// Lowers the limit on file sizes for a scope.
class FileSizeLimit {
public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit limit = before;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before); }

private:
  rlimit before;
};

} // namespace

TEST(Writer, SameContentGivesSameBytes) {
  TemporaryFile first("a"), second("b");
  writeFake(first.path());
  writeFake(second.path());
  EXPECT_EQ(readBytes(first.path()), readBytes(second.path()));
}

TEST(Writer, StubMakesTheFileExecutable) {
  TemporaryFile file("model.bin");
  std::vector<std::byte> stub(1000, std::byte(7));
  ArtifactContent content = fakeContent();
  content.stub = stub;
  ASSERT_TRUE(writeArtifact(file.path(), std::move(content)));
  EXPECT_EQ(::access(file.path().c_str(), X_OK), 0);
  std::vector<std::byte> bytes = readBytes(file.path());
  bytes.resize(stub.size());
  EXPECT_EQ(bytes, stub);
  EXPECT_TRUE(Artifact::open(file.path()));

  TemporaryFile plain("model.bin");
  writeFake(plain.path());
  struct stat status;
  ASSERT_EQ(::stat(plain.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0111, 0u);
}

TEST(Writer, TokenizerComesBack) {
  TemporaryFile file("model.bin");
  std::vector<std::byte> tokenizer(77, std::byte(3));
  ArtifactContent content = fakeContent();
  content.tokenizer = tokenizer;
  ASSERT_TRUE(writeArtifact(file.path(), std::move(content)));
  auto artifact = Artifact::open(file.path());
  ASSERT_TRUE(artifact);
  EXPECT_TRUE(std::ranges::equal(artifact->tokenizer(), tokenizer));
}

TEST(Writer, CodeOfDevicesComesBack) {
  TemporaryFile file("model.bin");
  ArtifactContent content = fakeContent();
  addFakeDevice(content.model);
  addFakeDevice(content.model);
  content.model.devices[1].target = "sm_90a";
  std::vector<std::byte> cubin(33, std::byte(5));
  content.devices = {{"first", {}}, {"second", cubin}};
  Status status = writeArtifact(file.path(), content);
  ASSERT_TRUE(status) << status.error().render();
  auto artifact = Artifact::open(file.path());
  ASSERT_TRUE(artifact) << artifact.error().render();
  auto text = [&](size_t device) {
    return std::string(reinterpret_cast<const char *>(artifact->ptx(device).data()));
  };
  EXPECT_EQ(text(0), "first");
  EXPECT_EQ(text(1), "second");
  EXPECT_EQ(artifact->ptx(1).size(), 7u);
  EXPECT_TRUE(artifact->cubin(0).empty());
  EXPECT_TRUE(std::ranges::equal(artifact->cubin(1), cubin));
  for (const SectionEntry &section : artifact->sections())
    if (section.type == static_cast<uint32_t>(SectionType::Ptx) ||
        section.type == static_cast<uint32_t>(SectionType::Cubin)) {
      EXPECT_EQ(section.flags, sectionIgnorable);
    }
}

TEST(Writer, RefusesCodeThatIsNotOnePerDevice) {
  TemporaryFile file("model.bin");
  ArtifactContent content = fakeContent();
  addFakeDevice(content.model);
  EXPECT_FALSE(writeArtifact(file.path(), content));
  content.devices = {{std::string_view("a\0b", 3), {}}};
  EXPECT_FALSE(writeArtifact(file.path(), content));
  EXPECT_TRUE(isEmptyFolder(file.folder()));
}

TEST(Writer, FullDiskLeavesTheOldFileAndNothingElse) {
  TemporaryFile file("model.bin");
  ArtifactContent content = fakeContent();
  content.model.weights[0].bytes = 3 << 20;
  auto shift = content.weights;
  content.weights = [shift](size_t weight, WeightSink &sink) {
    std::vector<std::byte> bytes(3 << 20);
    return weight == 0 ? sink.write(bytes) : shift(weight, sink);
  };
  writeBytes(file.path(), std::vector<std::byte>(5, std::byte(1)));
  for (rlim_t limit : {rlim_t(1000), rlim_t(9000), rlim_t(2 << 20), rlim_t((3 << 20) + 5000)}) {
    FileSizeLimit scope(limit);
    Status status = writeArtifact(file.path(), content);
    ASSERT_FALSE(status) << limit;
    EXPECT_EQ(status.error().code, Code::CannotWrite);
    EXPECT_EQ(readBytes(file.path()).size(), 5u);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(file.folder()), {}), 1);
  }
  EXPECT_TRUE(writeArtifact(file.path(), content));
}

TEST(Writer, ErrorsOfTheProducerEndTheWriting) {
  TemporaryFile file("model.bin");
  ArtifactContent content = fakeContent();
  content.weights = [](size_t, WeightSink &) -> Status {
    return Error{Code::ExternalDataShort, "too short", "", "", ""};
  };
  Status status = writeArtifact(file.path(), content);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::ExternalDataShort);
  EXPECT_TRUE(isEmptyFolder(file.folder()));
}

TEST(Writer, WeightsMustHaveTheirDeclaredLength) {
  TemporaryFile file("model.bin");
  for (size_t length : {size_t(0), size_t(59), size_t(61)}) {
    ArtifactContent content = fakeContent();
    content.weights = [length](size_t, WeightSink &sink) {
      return sink.write(std::vector<std::byte>(length));
    };
    Status status = writeArtifact(file.path(), content);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Code::Internal);
  }
  EXPECT_TRUE(isEmptyFolder(file.folder()));
}

TEST(Writer, RefusesAModelThatContradictsItself) {
  TemporaryFile file("model.bin");
  ArtifactContent content = fakeContent();
  content.model.modules[0].programs[0].launches[0].kernel = 99;
  Status status = writeArtifact(file.path(), content);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::Internal);
  EXPECT_TRUE(isEmptyFolder(file.folder()));
}
