#include "frontends/onnx/reader/FileSniffer.h"
#include "frontends/onnx/reader/OnnxReader.h"
#include "test/unit/reader/ProtoWriter.h"

#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::onnx;
using namespace llmc::test;
using namespace std::string_literals;

namespace {

/// What the reader says of a file that is no model.
std::string why(const std::string &bytes) {
  auto model = readModelFromBytes(asBytes(bytes), "");
  EXPECT_FALSE(model);
  if (model)
    return "";
  EXPECT_EQ(model.error().code, Code::NotOnnx);
  return model.error().why;
}

TEST(FileSniffer, RecognisesAGitLfsPointer) {
  EXPECT_EQ(why("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"
                "size 12\n"),
            "it is a Git LFS pointer");
}

TEST(FileSniffer, RecognisesPagesAndText) {
  EXPECT_EQ(why("<!DOCTYPE html>\n<html>"), "it is an HTML page");
  EXPECT_EQ(why("\n  <HTML lang=en>"), "it is an HTML page");
  EXPECT_EQ(why("<?xml version=\"1.0\"?>"), "it is an XML document");
  EXPECT_EQ(why("{\"a\": 1}"), "it is JSON text");
  EXPECT_EQ(why("Not found\n"), "it is text");
}

TEST(FileSniffer, RecognisesOtherModelFormats) {
  EXPECT_EQ(why("GGUF\x03\0\0\0"s), "it is a GGUF file");
  EXPECT_EQ(why("PK\x03\x04\x14\0\0\0"s),
            "it is a zip archive, perhaps a PyTorch checkpoint");
  EXPECT_EQ(why("\x80\x02}q\0."s),
            "it is a Python pickle, perhaps a PyTorch checkpoint");
  EXPECT_EQ(why("\x0a\0\0\0\0\0\0\0{\"a\":1}   "s), "it is a safetensors file");
  EXPECT_EQ(why("\x1c\0\0\0ORTM\0\0"s),
            "it is a model in ONNX Runtime's own format (.ort)");
  EXPECT_EQ(why("\x1c\0\0\0TFL3\0\0"s), "it is a TensorFlow Lite model");
  EXPECT_EQ(why("\x89HDF\r\n\x1a\n"s),
            "it is an HDF5 file, perhaps a Keras model");
}

TEST(FileSniffer, RecognisesPackedFiles) {
  EXPECT_EQ(why("\x1f\x8b\x08\0"s), "it is compressed with gzip");
  EXPECT_EQ(why("\x28\xb5\x2f\xfd\0"s), "it is compressed with zstd");
  EXPECT_EQ(why("model/"s + std::string(251, '\0') + "ustar  "),
            "it is a tar archive");
}

TEST(FileSniffer, RecognisesWhatADownloadLeft) {
  EXPECT_EQ(why(""), "it is empty");
  EXPECT_EQ(why(std::string(4096, '\0')), "it begins with nothing but zeros");
}

TEST(FileSniffer, KeepsTheReadersReasonForUnknownBytes) {
  EXPECT_EQ(sniffFile(asBytes("\x08\x07\x3a\xff\x01"s)).what, "");
  EXPECT_EQ(why("\x08\x07\x3a\x7f\x01"s),
            "field 7 claims 127 bytes where 1 remain");
}

} // namespace
