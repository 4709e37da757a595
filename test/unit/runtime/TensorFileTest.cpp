#include "runtime/support/TensorFile.h"
#include "test/unit/runtime/FakeModel.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace llmc;
using namespace llmc::test;

namespace {

std::vector<std::byte> bytesOf(std::string_view text) {
  auto *data = reinterpret_cast<const std::byte *>(text.data());
  return {data, data + text.size()};
}

Result<NamedTensor> parseText(std::string_view text) {
  return parseTensorProto(bytesOf(text), "t");
}

template <typename T> Tensor tensorOf(ElementType type, std::vector<T> numbers) {
  Tensor tensor{type, {static_cast<int64_t>(numbers.size())}, {}};
  tensor.data.resize(numbers.size() * sizeof(T));
  std::memcpy(tensor.data.data(), numbers.data(), tensor.data.size());
  return tensor;
}

void expectBad(std::string_view text, std::string_view part) {
  auto tensor = parseText(text);
  ASSERT_FALSE(tensor) << part;
  EXPECT_EQ(tensor.error().code, Code::BadTensor);
  EXPECT_NE(tensor.error().why.find(part), std::string::npos) << tensor.error().why;
  EXPECT_FALSE(tensor.error().fix.empty());
}

using namespace std::string_view_literals;

} // namespace

TEST(TensorProto, EveryTypeAndRankComesBack) {
  for (unsigned type = 0; type < elementTypeCount; ++type)
    for (std::vector<int64_t> shape :
         std::vector<std::vector<int64_t>>{{}, {3}, {2, 300}, {1, 0, 4}}) {
      Tensor tensor{ElementType(type), shape, {}};
      size_t bytes = static_cast<size_t>(elementBytes(tensor.type));
      for (int64_t extent : shape)
        bytes *= static_cast<size_t>(extent);
      for (size_t i = 0; i < bytes; ++i)
        tensor.data.push_back(std::byte(type == 0 ? i % 2 : i * 37));
      auto back = parseTensorProto(formatTensorProto(tensor, "a name"), "t");
      ASSERT_TRUE(back) << back.error().render();
      EXPECT_EQ(back->name, "a name");
      EXPECT_EQ(back->tensor.type, tensor.type);
      EXPECT_EQ(back->tensor.shape, tensor.shape);
      EXPECT_EQ(back->tensor.data, tensor.data);
    }
}

TEST(TensorProto, TypedFieldsAreReadPackedAndApart) {
  // dims 2 (unpacked), type INT64, int64_data {1, -1} packed.
  auto packed = parseText("\x08\x02\x10\x07\x3a\x0b\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv);
  // dims [2] (packed), int64_data one by one, the type at the end.
  auto apart = parseText("\x0a\x01\x02\x38\x01\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x07"sv);
  ASSERT_TRUE(packed) << packed.error().render();
  ASSERT_TRUE(apart) << apart.error().render();
  Tensor wanted = tensorOf<int64_t>(ElementType::I64, {1, -1});
  EXPECT_EQ(packed->tensor.data, wanted.data);
  EXPECT_EQ(apart->tensor.data, wanted.data);
  auto floats = parseText("\x08\x02\x10\x01\x22\x08\0\0\x80\x3f\0\0\x00\xc0"sv);
  ASSERT_TRUE(floats) << floats.error().render();
  EXPECT_EQ(floats->tensor.data, (tensorOf<float>(ElementType::F32, {1, -2}).data));
  auto lone = parseText("\x10\x01\x25\0\0\x80\x3f"sv);
  ASSERT_TRUE(lone) << lone.error().render();
  EXPECT_EQ(lone->tensor.shape, std::vector<int64_t>{});
  auto doubles = parseText("\x08\x01\x10\x0b\x51\0\0\0\0\0\0\xf0\x3f"sv);
  ASSERT_TRUE(doubles) << doubles.error().render();
  EXPECT_EQ(doubles->tensor.data, tensorOf<double>(ElementType::F64, {1}).data);
  auto small = parseText("\x08\x01\x10\x03\x28\xfb\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv);
  ASSERT_TRUE(small) << small.error().render();
  EXPECT_EQ(small->tensor.data, std::vector<std::byte>{std::byte(0xfb)});
}

TEST(TensorProto, RefusesWhatItCannotRead) {
  expectBad("", "no element type");
  expectBad("zzz", "no TensorProto");
  expectBad("\x10\x08", "element type 8");
  expectBad("\x10\x11", "element type 17");
  expectBad("\x10\x01\x6a\0"sv, "another file");
  expectBad("\x10\x01\x70\x01", "another file");
  expectBad("\x10\x01\x1a\0"sv, "segment");
  expectBad("\x10\x01\x32\0"sv, "strings");
  expectBad("\x10\x01\x25\0\0\0\0\x4a\x04\0\0\0\0"sv, "twice");
  expectBad("\x08\x02\x10\x01\x4a\x04\0\0\0\0"sv, "asks for 8 bytes and it has 4");
  expectBad("\x10\x01\x22\x08\0\0\0\0\0\0\0\0"sv, "more elements");
  expectBad("\x10\x01\x28\x01", "another type");
  expectBad("\x10\x09\x28\x02", "neither 0 nor 1");
  expectBad("\x10\x03\x28\x80\x01", "does not fit i8");
  // Four dimensions of 2^62.
  std::string huge;
  for (int i = 0; i < 4; ++i)
    huge += "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x40";
  expectBad(huge + "\x10\x01", "impossible");
  // A dimension below zero, and too many of them.
  expectBad("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x01", "shape");
  std::string many;
  for (int i = 0; i < 33; ++i)
    many += "\x08\x01";
  expectBad(many + "\x10\x01", "shape");
}

TEST(TensorProto, NoPrefixAndNoChangedByteCrashes) {
  Tensor tensor = tensorOf<float>(ElementType::F32, {1, 2, 3});
  std::vector<std::byte> good = formatTensorProto(tensor, "name");
  std::vector<std::byte> typed = bytesOf(
      "\x08\x02\x10\x07\x3a\x0b\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x42\x01x"sv);
  for (size_t i = 0; i < good.size(); ++i)
    EXPECT_FALSE(parseTensorProto(std::span(good).first(i), "t")) << i;
  std::mt19937 random(5);
  for (const auto &base : {good, typed})
    for (int round = 0; round < 20000; ++round) {
      std::vector<std::byte> bytes = base;
      bytes.resize(1 + random() % bytes.size());
      for (int i = 0; i < 3; ++i)
        bytes[random() % bytes.size()] = std::byte(random());
      if (auto read = parseTensorProto(bytes, "t")) {
        size_t size = static_cast<size_t>(elementBytes(read->tensor.type));
        for (int64_t extent : read->tensor.shape)
          size *= static_cast<size_t>(extent);
        ASSERT_EQ(size, read->tensor.data.size());
      }
    }
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> bytes(random() % 40);
    for (std::byte &b : bytes)
      b = std::byte(random());
    (void)bool(parseTensorProto(bytes, "t"));
  }
}

TEST(TensorFile, IsWhatItsEndingSays) {
  TemporaryFile file("x.pb");
  Tensor tensor = tensorOf<int32_t>(ElementType::I32, {4, 5});
  std::string npy = file.folder() + "/x.npy";
  ASSERT_TRUE(writeTensor(file.path(), tensor, "x"));
  ASSERT_TRUE(writeTensor(npy, tensor, "x"));
  EXPECT_EQ(readBytes(npy), formatNpy(tensor));
  for (const std::string &path : {file.path(), npy}) {
    auto back = readTensor(path);
    ASSERT_TRUE(back) << back.error().render();
    EXPECT_EQ(back->tensor.data, tensor.data);
    EXPECT_EQ(back->name, path == npy ? "" : "x");
  }
}

TEST(TensorComparison, CountsElementsOutsideTheTolerance) {
  Tensor one = tensorOf<float>(ElementType::F32, {1, 2, NAN, INFINITY, 0});
  Tensor two = tensorOf<float>(ElementType::F32, {1, 2.0001f, -NAN, INFINITY, -0.0f});
  auto near = compareTensors(one, two, 1e-4);
  ASSERT_TRUE(near);
  EXPECT_EQ(near->elements, 0u);
  EXPECT_NEAR(near->largest, 1e-4, 1e-6);
  auto far = compareTensors(one, two, 1e-6);
  ASSERT_TRUE(far);
  EXPECT_EQ(far->elements, 1u);
  EXPECT_EQ(far->first, 1u);
  auto none = compareTensors(one, tensorOf<float>(ElementType::F32, {1, 2, 3, INFINITY, NAN}), 1);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->elements, 2u);
  EXPECT_EQ(none->largest, INFINITY);
  EXPECT_FALSE(compareTensors(one, tensorOf<float>(ElementType::F32, {1}), 1));
}

TEST(TensorComparison, IntegersMustBeEqual) {
  Tensor one = tensorOf<int64_t>(ElementType::I64, {int64_t(1) << 62});
  Tensor two = tensorOf<int64_t>(ElementType::I64, {(int64_t(1) << 62) + 1});
  auto difference = compareTensors(one, two, 1);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->elements, 1u);
}

TEST(TensorComparison, ReadsHalves) {
  // 1, the smallest, the largest, infinity; and the same as f32 by hand.
  Tensor half = tensorOf<uint16_t>(ElementType::F16, {0x3c00, 0x0001, 0x7bff, 0x7c00});
  Tensor zero = tensorOf<uint16_t>(ElementType::F16, {0, 0, 0, 0x7c00});
  auto difference = compareTensors(half, zero, 0);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->largest, 65504);
  EXPECT_EQ(difference->elements, 3u);
  Tensor brain = tensorOf<uint16_t>(ElementType::BF16, {0x3fc0});
  Tensor nothing = tensorOf<uint16_t>(ElementType::BF16, {0});
  EXPECT_EQ(compareTensors(brain, nothing, 0)->largest, 1.5);
}
