#include "runtime/support/File.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace llmc;
namespace fs = std::filesystem;

namespace {

std::string text(const MappedFile &file) {
  return {reinterpret_cast<const char *>(file.bytes().data()),
          file.bytes().size()};
}

/// A folder `in` with a file, a subfolder, links and other things, and a file
/// beside it that must stay out of reach.
class File : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "file-XXXXXX";
    root = ::mkdtemp(pattern.data());
    in = root / "in";
    fs::create_directories(in / "sub/deep");
    std::ofstream(in / "plain") << "plain";
    std::ofstream(in / "empty");
    std::ofstream(in / "sub/deep/leaf") << "leaf";
    std::ofstream(root / "outside") << "outside";
    fs::create_symlink("plain", in / "link");
    fs::create_symlink("../outside", in / "linkout");
    fs::create_symlink("sub", in / "sublink");
    fs::create_symlink("..", in / "up");
    fs::create_symlink("loop", in / "loop");
    ::mkfifo((in / "fifo").c_str(), 0600);
  }
  void TearDown() override { fs::remove_all(root); }
  fs::path root, in;
};

TEST_F(File, MapsWholeFiles) {
  auto file = MappedFile::open(in / "plain");
  ASSERT_TRUE(file);
  EXPECT_EQ(text(*file), "plain");
  EXPECT_TRUE(MappedFile::open(in / "empty")->bytes().empty());
  EXPECT_EQ(text(*MappedFile::open(in / "link")), "plain");
}

TEST_F(File, KeepsItsBytesInPlaceWhenMoved) {
  auto file = MappedFile::open(in / "plain");
  ASSERT_TRUE(file);
  const std::byte *data = file->bytes().data();
  MappedFile moved = std::move(*file);
  EXPECT_EQ(moved.bytes().data(), data);
  EXPECT_TRUE(file->bytes().empty());
  MappedFile assigned;
  assigned = std::move(moved);
  EXPECT_EQ(text(assigned), "plain");
}

TEST_F(File, RefusesWhatIsNoRegularFile) {
  EXPECT_EQ(MappedFile::open(in / "none").error().code, Code::FileNotFound);
  EXPECT_EQ(MappedFile::open(in / "plain/x").error().code, Code::FileNotFound);
  EXPECT_EQ(MappedFile::open(in).error().why, "it is a folder");
  EXPECT_EQ(MappedFile::open(in / "fifo").error().why,
            "it is not a regular file");
  EXPECT_EQ(MappedFile::open(in / "fifo").error().code, Code::NotAFile);
  EXPECT_EQ(MappedFile::open("/dev/null").error().code, Code::NotAFile);
  EXPECT_EQ(MappedFile::open(in / "loop").error().code, Code::CannotRead);
}

TEST_F(File, OpensBeneathAFolder) {
  for (const char *name : {"plain", "./plain", ".//plain", "sub/../plain"}) {
    auto file = mapBeneath(in, name);
    // `..` is refused even where it would stay within.
    if (std::string(name).find("..") != std::string::npos) {
      ASSERT_FALSE(file);
      EXPECT_EQ(file.error().code, Code::ExternalDataEscapes);
    } else {
      ASSERT_TRUE(file) << file.error().render();
      EXPECT_EQ(text(*file), "plain");
    }
  }
  EXPECT_EQ(text(*mapBeneath(in, "sub/deep/leaf")), "leaf");
  EXPECT_TRUE(mapBeneath(in, "empty")->bytes().empty());
}

TEST_F(File, TrustsTheFolderItselfToBeALink) {
  fs::create_symlink(in, root / "alias");
  EXPECT_EQ(text(*mapBeneath(root / "alias", "plain")), "plain");
}

TEST_F(File, DoesNotLeaveTheFolder) {
  for (std::string name :
       {std::string("../outside"), (root / "outside").string(),
        std::string("up/outside"), std::string("linkout"), std::string("loop"),
        std::string(".."), std::string("sub/../../outside"),
        std::string("plain\0x", 7), std::string("/")}) {
    auto file = mapBeneath(in, name);
    ASSERT_FALSE(file) << name;
    EXPECT_EQ(file.error().code, Code::ExternalDataEscapes) << name;
  }
}

TEST_F(File, FollowsLinksThatStayBeneath) {
  EXPECT_EQ(text(*mapBeneath(in, "link")), "plain");
  EXPECT_EQ(text(*mapBeneath(in, "sublink/deep/leaf")), "leaf");
  fs::create_symlink(in / "fifo", in / "linkfifo");
  EXPECT_EQ(mapBeneath(in, "linkfifo").error().code, Code::ExternalDataEscapes);
  fs::create_symlink("nowhere", in / "dangling");
  EXPECT_EQ(mapBeneath(in, "dangling").error().code, Code::ExternalDataMissing);
  // The name alone is not what counts.
  fs::create_directory(root / "in-other");
  std::ofstream(root / "in-other/leaf") << "other";
  fs::create_symlink("../in-other/leaf", in / "sibling");
  EXPECT_EQ(mapBeneath(in, "sibling").error().code, Code::ExternalDataEscapes);
}

TEST_F(File, FollowsLinksToWhereTheModelLies) {
  // As in the cache of a hub: blobs/HASH, and snapshots/REVISION with links.
  fs::create_directories(root / "blobs");
  fs::create_directories(root / "snapshots/1/onnx");
  std::ofstream(root / "blobs/aa") << "model";
  std::ofstream(root / "blobs/bb") << "data";
  fs::path folder = root / "snapshots/1/onnx", model = folder / "model.onnx";
  fs::create_symlink("../../../blobs/aa", model);
  fs::create_symlink("../../../blobs/bb", folder / "model.onnx_data");
  fs::create_symlink("../../../outside", folder / "stolen");
  EXPECT_EQ(text(*mapBeneath(folder, "model.onnx_data", model)), "data");
  EXPECT_EQ(mapBeneath(folder, "model.onnx_data").error().code,
            Code::ExternalDataEscapes);
  for (const char *name : {"stolen", "../../../blobs/bb"})
    EXPECT_EQ(mapBeneath(folder, name, model).error().code,
              Code::ExternalDataEscapes)
        << name;
}

TEST_F(File, OpensNothingButRegularFilesBeneath) {
  for (const char *name : {"fifo", "sub", "."}) {
    auto file = mapBeneath(in, name);
    ASSERT_FALSE(file) << name;
    EXPECT_EQ(file.error().code, Code::ExternalDataEscapes) << name;
  }
  for (const char *name : {"none", "sub/none", "plain/x", "", "none/x"}) {
    auto file = mapBeneath(in, name);
    ASSERT_FALSE(file) << name;
    EXPECT_EQ(file.error().code, Code::ExternalDataMissing) << name;
  }
  EXPECT_EQ(mapBeneath(root / "nowhere", "plain").error().code,
            Code::FileNotFound);
}

TEST_F(File, WalkingAgreesWithTheKernel) {
  int base = ::open(in.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(base, 0);
  int probe = detail::openBeneathKernel(base, "plain");
  if (probe < 0) {
    ::close(base);
    GTEST_SKIP() << "openat2 is not to be had here: " << std::strerror(-probe);
  }
  ::close(probe);
  for (const char *name :
       {"plain", "./plain", "sub/deep/leaf", "sub//deep/./leaf", "none",
        "sub/none", "plain/x", "link", "linkout", "sublink/deep/leaf",
        "up/outside", "../outside", "loop", ".", "sub", "sub/", "plain/"}) {
    int kernel = detail::openBeneathKernel(base, name);
    int walked = detail::openBeneathByWalking(base, name);
    EXPECT_EQ(kernel < 0, walked < 0) << name;
    if (kernel < 0) {
      EXPECT_EQ(kernel, walked) << name;
    }
    struct stat a, b;
    if (kernel >= 0 && walked >= 0 && ::fstat(kernel, &a) == 0 &&
        ::fstat(walked, &b) == 0) {
      EXPECT_EQ(a.st_ino, b.st_ino) << name;
    }
    if (kernel >= 0)
      ::close(kernel);
    if (walked >= 0)
      ::close(walked);
  }
  ::close(base);
}

TEST(FolderOf, IsWhatPrecedesTheLastSlash) {
  EXPECT_EQ(folderOf("a/b/c"), "a/b");
  EXPECT_EQ(folderOf("/c"), "/");
  EXPECT_EQ(folderOf("c"), ".");
}

} // namespace
