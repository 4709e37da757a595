#include "runtime/support/Json.h"
#include "runtime/support/Npy.h"
#include "runtime/support/OutputFile.h"
#include "test/unit/runtime/FakeModel.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <random>
#include <sys/stat.h>

using namespace llmc;
using namespace llmc::test;

namespace {

std::vector<std::byte> bytesOf(std::string_view text) {
  auto *data = reinterpret_cast<const std::byte *>(text.data());
  return {data, data + text.size()};
}

/// A version 1 file with this header and this many bytes of data.
std::vector<std::byte> npyWith(const std::string &header, size_t dataBytes) {
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size() & 255);
  text += static_cast<char>(header.size() >> 8);
  return bytesOf(text + header + std::string(dataBytes, '\0'));
}

} // namespace

TEST(Error, SpellsOutWhatWouldMoveATerminal) {
  Error error{Code::BadModel, "bad \x1b[31mred", "node \x07", "one\ntwo\x7f",
              "look"};
  std::string text = error.render();
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("bad \\x1b[31mred"), std::string::npos) << text;
  EXPECT_NE(text.find("node \\x07"), std::string::npos) << text;
  EXPECT_NE(text.find("one\n       two\\x7f"), std::string::npos) << text;
}

TEST(Npy, EveryTypeAndRankComesBack) {
  for (unsigned type = 0; type < elementTypeCount; ++type) {
    if (ElementType(type) == ElementType::BF16)
      continue;
    for (std::vector<int64_t> shape :
         std::vector<std::vector<int64_t>>{{}, {3}, {2, 3}, {1, 0, 4}, {2, 1, 3, 5}}) {
      Tensor tensor;
      tensor.type = ElementType(type);
      tensor.shape = shape;
      size_t bytes = static_cast<size_t>(elementBytes(tensor.type));
      for (int64_t extent : shape)
        bytes *= static_cast<size_t>(extent);
      for (size_t i = 0; i < bytes; ++i)
        tensor.data.push_back(std::byte(i * 37));
      std::vector<std::byte> file = formatNpy(tensor);
      EXPECT_EQ((file.size() - bytes) % 64, 0u);
      auto back = parseNpy(file, "test");
      ASSERT_TRUE(back) << back.error().render();
      EXPECT_EQ(back->type, tensor.type);
      EXPECT_EQ(back->shape, tensor.shape);
      EXPECT_EQ(back->data, tensor.data);
    }
  }
}

TEST(Npy, WritesBf16AsF32) {
  Tensor tensor{ElementType::BF16, {2}, bytesOf("\xc0\x3f\x00\xc0")};
  tensor.data.resize(4);
  std::byte raw[] = {std::byte(0xc0), std::byte(0x3f), std::byte(0x00), std::byte(0xc0)};
  tensor.data.assign(raw, raw + 4);
  auto back = parseNpy(formatNpy(tensor), "test");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->type, ElementType::F32);
  float numbers[2];
  std::memcpy(numbers, back->data.data(), 8);
  EXPECT_EQ(numbers[0], 1.5f);
  EXPECT_EQ(numbers[1], -2.0f);
}

TEST(Npy, ReadsWhatNumPyWrites) {
  auto tensor = parseNpy(
      npyWith("{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }\n", 24), "t");
  ASSERT_TRUE(tensor) << tensor.error().render();
  EXPECT_EQ(tensor->type, ElementType::I64);
  EXPECT_EQ(tensor->shape, std::vector<int64_t>{3});
}

TEST(Npy, RefusesWhatItCannotRead) {
  const char *headers[] = {
      "", "{", "{'descr': '<i8'}", "{'descr': '>i8', 'fortran_order': False, 'shape': ()}",
      "{'descr': '<i8', 'fortran_order': True, 'shape': ()}",
      "{'descr': '<c8', 'fortran_order': False, 'shape': ()}",
      "{'descr': '<i8', 'fortran_order': False, 'shape': (-1,)}",
      "{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<i8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
      "{'descr': '<i8', 'descr': '<i8', 'fortran_order': False, 'shape': ()}",
      "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': ()}"};
  for (const char *header : headers) {
    auto tensor = parseNpy(npyWith(header, 8), "t");
    ASSERT_FALSE(tensor) << header;
    EXPECT_EQ(tensor.error().code, Code::BadTensor);
  }
}

TEST(Npy, NoPrefixAndNoChangedByteOfTheHeaderCrashes) {
  std::vector<std::byte> good = npyWith(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }\n", 8);
  for (size_t i = 0; i < good.size(); ++i)
    EXPECT_FALSE(parseNpy(std::span(good).first(i), "t"));
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> bytes = good;
    bytes[random() % bytes.size()] = std::byte(random());
    bytes[random() % bytes.size()] = std::byte(random());
    (void)bool(parseNpy(bytes, "t"));
  }
}

TEST(Json, NestsAndSeparates) {
  JsonWriter json;
  json.beginObject().member("a", 1).key("b").beginArray().value(true).null();
  json.beginObject().end().value(1.5).end().member("c", "d").end();
  EXPECT_EQ(json.text(), R"({"a":1,"b":[true,null,{},1.5],"c":"d"})");
}

TEST(Json, EscapesAndReplacesWhatIsNoText) {
  JsonWriter json;
  json.value(std::string_view("\"\\\n\t\x01\xc3\xa4\xff\xed\xa0\x80", 11));
  EXPECT_EQ(json.text(), "\"\\\"\\\\\\n\\t\\u0001\xc3\xa4"
                         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
  JsonWriter numbers;
  numbers.beginArray().value(NAN).value(0.1).value(uint64_t(-1)).end();
  EXPECT_EQ(numbers.text(), "[null,0.1,18446744073709551615]");
}

TEST(OutputFile, LeavesNothingBehindWhenItIsDropped) {
  TemporaryFile target("out");
  {
    auto file = OutputFile::create(target.path(), 100);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->append(bytesOf("half")));
  }
  EXPECT_TRUE(std::filesystem::is_empty(target.folder()));
}

TEST(OutputFile, ReplacesOnlyWhenCommitted) {
  TemporaryFile target("out");
  writeBytes(target.path(), bytesOf("old"));
  auto file = OutputFile::create(target.path(), 1000);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->append(bytesOf("newer")));
  EXPECT_EQ(readBytes(target.path()), bytesOf("old"));
  ASSERT_TRUE(file->padTo(8));
  ASSERT_TRUE(file->commit(true));
  EXPECT_EQ(readBytes(target.path()), bytesOf(std::string_view("newer\0\0\0", 8)));
  struct stat status;
  ASSERT_EQ(::stat(target.path().c_str(), &status), 0);
  mode_t mask = ::umask(0);
  ::umask(mask);
  EXPECT_EQ(status.st_mode & 0777, 0777 & ~mask);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(target.folder()), {}), 1);
}

TEST(OutputFile, HoldsPiecesOfAnySizeInOrder) {
  constexpr size_t border = 2 << 20;
  TemporaryFile target("out");
  auto file = OutputFile::create(target.path(), 0);
  ASSERT_TRUE(file);
  std::vector<std::byte> all;
  for (size_t size : {size_t(5), border - 5, border, size_t(0), border - 1, size_t(1), size_t(7),
                      3 * border, border - 7, 2 * border + 9}) {
    std::vector<std::byte> piece(size);
    for (size_t i = 0; i < size; ++i)
      piece[i] = static_cast<std::byte>((all.size() + i) * 2654435761u >> 13);
    ASSERT_TRUE(file->append(piece));
    all.insert(all.end(), piece.begin(), piece.end());
    EXPECT_EQ(file->size(), all.size());
  }
  ASSERT_TRUE(file->commit(false));
  EXPECT_TRUE(readBytes(target.path()) == all);
}

TEST(OutputFile, SaysWhyItCannotBeCreated) {
  auto nowhere = OutputFile::create("/nonexistent/folder/out", 1);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Code::CannotCreate);
  TemporaryFile target("x");
  auto folder = OutputFile::create(target.folder(), 1);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, Code::CannotCreate);
}
