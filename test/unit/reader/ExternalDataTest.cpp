// External data: found beneath the model's folder wherever a tensor stands,
// and nowhere else.
#include "frontends/onnx/reader/OnnxReader.h"
#include "test/unit/reader/ProtoWriter.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llmc;
using namespace llmc::onnx;
using namespace llmc::test;
namespace fs = std::filesystem;

namespace {

class OnnxExternalData : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "external-XXXXXX";
    root = ::mkdtemp(pattern.data());
    folder = root / "model";
    fs::create_directories(folder);
    write(folder / "data.bin", "0123456789abcdef");
  }
  void TearDown() override { fs::remove_all(root); }

  static void write(const fs::path &path, const std::string &text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  Result<Model> read(const Proto &graph) {
    write(folder / "model.onnx", test::model(graph).data);
    return readModel(folder / "model.onnx");
  }
  Result<Model> readInitializer(const Proto &proto) {
    return read(Proto().message(5, proto));
  }
  Error refuse(const Proto &proto) {
    auto result = readInitializer(proto);
    EXPECT_FALSE(result);
    return result ? Error{} : result.takeError();
  }
  static std::string text(const Model &model, const TensorData &tensor) {
    auto bytes = model.bytes(tensor);
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
  }
  fs::path root, folder;
};

TEST_F(OnnxExternalData, IsMappedFromOffsetAndLength) {
  auto model =
      readInitializer(externalTensor("w", 1, {2}, "data.bin", "4", "8"));
  ASSERT_TRUE(model) << model.error().render();
  const TensorData &w = model->graph.initializers[0];
  EXPECT_EQ(text(*model, w), "456789ab");
  EXPECT_EQ(w.range.file, 1u);
  ASSERT_EQ(model->files.size(), 2u);
  EXPECT_EQ(model->files[1].path, (folder / "data.bin").string());
}

TEST_F(OnnxExternalData, TakesItsLengthFromTheDimsIfNoneIsGiven) {
  auto model = readInitializer(externalTensor("w", 22, {9}, "data.bin"));
  ASSERT_TRUE(model) << model.error().render();
  EXPECT_EQ(text(*model, model->graph.initializers[0]), "01234");
}

TEST_F(OnnxExternalData, MapsEachFileOnce) {
  fs::create_directories(folder / "sub");
  write(folder / "sub/more.bin", "zzzz");
  auto model =
      read(Proto()
               .message(5, externalTensor("a", 1, {1}, "data.bin"))
               .message(5, externalTensor("b", 1, {1}, "./data.bin", "4"))
               .message(5, externalTensor("c", 1, {1}, "sub//more.bin")));
  ASSERT_TRUE(model) << model.error().render();
  EXPECT_EQ(model->files.size(), 3u);
  EXPECT_EQ(text(*model, model->graph.initializers[1]), "4567");
  EXPECT_EQ(text(*model, model->graph.initializers[2]), "zzzz");
}

/// One graph per position where a tensor can stand, with \p t there.
std::vector<Proto> everyPosition(const Proto &t) {
  Proto attributeTensor = node("Constant", {}, {"y"})
                              .message(5, attribute("value", 4).message(5, t));
  Proto tensorList =
      node("Op", {}, {"y"}).message(5, attribute("values", 9).message(10, t));
  Proto sparse = Proto()
                     .message(1, t)
                     .message(2, tensor("", 7, {1}).packed(7, {0}))
                     .packed(3, {4});
  Proto inSubgraph =
      node("If", {}, {"y"})
          .message(
              5, attribute("then_branch", 5).message(6, Proto().message(5, t)));
  return {
      model(Proto().message(5, t)),
      model(Proto().message(1, attributeTensor)),
      model(Proto().message(1, tensorList)),
      model(Proto().message(15, sparse)),
      model(Proto().message(
          1,
          node("Op", {}, {"y"})
              .message(5, attribute("sparse_value", 11).message(22, sparse)))),
      model(Proto().message(1, inSubgraph)),
      model(Proto()).message(
          25, Proto().bytes(1, "F").bytes(10, "l").message(7, attributeTensor)),
      model(Proto()).message(25, Proto().bytes(1, "F").bytes(10, "l").message(
                                     11, attribute("a", 4).message(5, t))),
  };
}

TEST_F(OnnxExternalData, IsReadInEveryPosition) {
  for (const Proto &proto :
       everyPosition(externalTensor("w", 1, {1}, "data.bin"))) {
    write(folder / "model.onnx", proto.data);
    auto model = readModel(folder / "model.onnx");
    EXPECT_TRUE(model) << model.error().render();
  }
}

TEST_F(OnnxExternalData, IsConfinedInEveryPosition) {
  write(root / "secret", "0123456789");
  fs::create_symlink(root / "secret", folder / "link");
  for (const char *location : {"../secret", "link", "/etc/passwd"})
    for (const Proto &proto :
         everyPosition(externalTensor("w", 1, {1}, location))) {
      write(folder / "model.onnx", proto.data);
      auto model = readModel(folder / "model.onnx");
      ASSERT_FALSE(model) << location;
      EXPECT_EQ(model.error().code, Code::ExternalDataEscapes) << location;
    }
}

TEST_F(OnnxExternalData, RefusesWhatIsNotThere) {
  Error error = refuse(externalTensor("w", 1, {1}, "gone.bin"));
  EXPECT_EQ(error.code, Code::ExternalDataMissing);
  EXPECT_NE(error.where.find("tensor \"w\""), std::string::npos);
  EXPECT_NE(error.where.find("gone.bin"), std::string::npos);
}

TEST_F(OnnxExternalData, RefusesWhatIsTooShort) {
  EXPECT_EQ(refuse(externalTensor("w", 1, {5}, "data.bin")).code,
            Code::ExternalDataShort);
  EXPECT_EQ(refuse(externalTensor("w", 1, {1}, "data.bin", "13")).code,
            Code::ExternalDataShort);
  EXPECT_EQ(
      refuse(externalTensor("w", 1, {1}, "data.bin", "18446744073709551615"))
          .code,
      Code::ExternalDataShort);
  EXPECT_EQ(refuse(externalTensor("w", 1, {int64_t(1) << 50}, "data.bin")).code,
            Code::ExternalDataShort);
}

TEST_F(OnnxExternalData, RefusesEntriesThatMakeNoSense) {
  auto whyOf = [&](const Proto &proto) {
    Error error = refuse(proto);
    EXPECT_EQ(error.code, Code::BadModel);
    return error.why;
  };
  EXPECT_EQ(whyOf(externalTensor("w", 1, {1}, "")), "no location is given");
  EXPECT_EQ(whyOf(externalTensor("w", 1, {1}, "data.bin", "-4")),
            "the offset \"-4\" is no number");
  EXPECT_EQ(whyOf(externalTensor("w", 1, {1}, "data.bin", "4x")),
            "the offset \"4x\" is no number");
  EXPECT_EQ(whyOf(externalTensor("w", 1, {1}, "data.bin", "0",
                                 "99999999999999999999")),
            "the length \"99999999999999999999\" is no number");
  EXPECT_EQ(whyOf(externalTensor("w", 1, {1}, "data.bin", "0", "5")),
            "the length given is 5 bytes, type and dims call for 4");
  EXPECT_EQ(whyOf(externalTensor("w", 1, {1}, std::string(5000, 'a'))),
            "the location is longer than any path");
  EXPECT_EQ(whyOf(externalTensor("w", 8, {1}, "data.bin")),
            "external data of type string has no known length");
}

TEST_F(OnnxExternalData, LetsTheModelItselfBeALink) {
  write(folder / "model.onnx",
        test::model(Proto().message(5, externalTensor("w", 1, {1}, "data.bin")))
            .data);
  fs::create_directories(root / "cache");
  write(root / "cache/data.bin", "WXYZ");
  fs::create_symlink(folder / "model.onnx", root / "cache/model.onnx");
  auto model = readModel(root / "cache/model.onnx");
  ASSERT_TRUE(model) << model.error().render();
  EXPECT_EQ(text(*model, model->graph.initializers[0]), "WXYZ");
}

TEST_F(OnnxExternalData, IsForbiddenForAModelWithoutAFolder) {
  std::string bytes =
      test::model(Proto().message(5, externalTensor("w", 1, {1}, "data.bin")))
          .data;
  auto model = readModelFromBytes(asBytes(bytes), "");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::ExternalDataEscapes);
  EXPECT_TRUE(readModelFromBytes(asBytes(bytes), folder));
}

TEST_F(OnnxExternalData, IsAdvisedWhereAModelExceedsProtobuf) {
  write(folder / "big.onnx", Proto().varint(1, 8).data);
  fs::resize_file(folder / "big.onnx", uint64_t(1) << 31);
  auto model = readModel(folder / "big.onnx");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::TooLarge);
  EXPECT_EQ(model.error().fix,
            "keep the weights in external data beside the model");
}

TEST_F(OnnxExternalData, ReportsAModelThatIsNotThere) {
  auto model = readModel(folder / "none.onnx");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::FileNotFound);
  auto itself = readModel(folder);
  ASSERT_FALSE(itself);
  EXPECT_EQ(itself.error().code, Code::NotAFile);
}

} // namespace
