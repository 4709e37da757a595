// Tensors: the bytes that a model stores in its many ways.
#include "frontends/onnx/reader/OnnxReader.h"
#include "test/unit/reader/ProtoWriter.h"

#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::onnx;
using namespace llmc::test;

namespace {

class OnnxTensor : public testing::Test {
protected:
  /// The initializer that \p proto reads as; it must be valid.
  const TensorData &read(const Proto &proto, uint32_t field = 5) {
    bytes = test::model(Proto().message(field, proto)).data;
    Result<Model> result = readModelFromBytes(asBytes(bytes), "");
    EXPECT_TRUE(result) << (result ? "" : result.error().render());
    static const TensorData none;
    if (!result)
      return none;
    model = std::move(*result);
    return model.graph.initializers[0];
  }
  /// The error for \p proto, which must not be valid.
  Error refuse(const Proto &proto, uint32_t field = 5) {
    bytes = test::model(Proto().message(field, proto)).data;
    Result<Model> result = readModelFromBytes(asBytes(bytes), "");
    EXPECT_FALSE(result);
    return result ? Error{} : result.takeError();
  }
  template <typename T> std::vector<T> values(const TensorData &tensor) {
    std::span<const std::byte> data = model.bytes(tensor);
    std::vector<T> result(data.size() / sizeof(T));
    std::memcpy(result.data(), data.data(), data.size());
    return result;
  }
  std::string bytes;
  Model model;
};

TEST_F(OnnxTensor, RawDataStaysInTheFile) {
  const TensorData &t = read(tensor("w", 1, {2}).bytes(9, "abcdefgh"));
  EXPECT_EQ(t.storage, TensorData::Storage::InFile);
  EXPECT_EQ(t.count, 2u);
  EXPECT_EQ(bytes.substr(t.range.offset, t.range.length), "abcdefgh");
  EXPECT_EQ(static_cast<const void *>(model.bytes(t).data()),
            bytes.data() + t.range.offset);
}

TEST_F(OnnxTensor, PackedFloatsStayInTheFile) {
  const TensorData &t =
      read(tensor("w", 1, {3}).packedFixed<float>(4, {1, 2, 3}));
  EXPECT_EQ(t.storage, TensorData::Storage::InFile);
  EXPECT_EQ(values<float>(t), (std::vector<float>{1, 2, 3}));
}

TEST_F(OnnxTensor, ScatteredFloatsAreGathered) {
  const TensorData &t = read(tensor("w", 1, {3})
                                 .packedFixed<float>(4, {1, 2})
                                 .varint(99, 1)
                                 .fixed32(4, 3));
  EXPECT_EQ(t.storage, TensorData::Storage::Owned);
  EXPECT_EQ(values<float>(t), (std::vector<float>{1, 2, 3}));
}

TEST_F(OnnxTensor, DoublesAndComplexNumbersAreRead) {
  EXPECT_EQ(
      values<double>(read(
          tensor("", 11, {1}).bytes(8, "w").packedFixed<double>(10, {.5}))),
      std::vector<double>{.5});
  EXPECT_EQ(
      values<float>(read(tensor("w", 14, {1}).packedFixed<float>(4, {1, 2}))),
      (std::vector<float>{1, 2}));
  EXPECT_EQ(
      values<double>(read(tensor("w", 15, {1}).fixed64(10, 1).fixed64(10, 2))),
      (std::vector<double>{1, 2}));
}

TEST_F(OnnxTensor, IntegersAreDecoded) {
  EXPECT_EQ(
      values<int64_t>(read(tensor("w", 7, {3}).packed(7, {1, -1, INT64_MIN}))),
      (std::vector<int64_t>{1, -1, INT64_MIN}));
  EXPECT_EQ(values<int32_t>(
                read(tensor("w", 6, {2}).varint(5, 7).varint(5, uint64_t(-7)))),
            (std::vector<int32_t>{7, -7}));
  EXPECT_EQ(values<uint64_t>(read(tensor("w", 13, {1}).packed(11, {-1}))),
            std::vector<uint64_t>{UINT64_MAX});
  EXPECT_EQ(
      values<uint32_t>(read(tensor("w", 12, {1}).packed(11, {4000000000}))),
      std::vector<uint32_t>{4000000000});
}

TEST_F(OnnxTensor, SmallTypesStandInInt32Data) {
  EXPECT_EQ(
      values<int8_t>(read(tensor("w", 3, {3}).packed(5, {-128, 127, 255}))),
      (std::vector<int8_t>{-128, 127, -1}));
  EXPECT_EQ(values<uint8_t>(read(tensor("w", 2, {1}).packed(5, {255}))),
            std::vector<uint8_t>{255});
  EXPECT_EQ(values<uint8_t>(read(tensor("w", 9, {2}).packed(5, {0, 1}))),
            (std::vector<uint8_t>{0, 1}));
  for (int half : {10, 16, 4, 5})
    EXPECT_EQ(
        values<uint16_t>(read(tensor("w", half, {1}).packed(5, {0x3c00}))),
        std::vector<uint16_t>{0x3c00});
  for (int eighth : {17, 18, 19, 20, 24})
    EXPECT_EQ(values<uint8_t>(read(tensor("w", eighth, {1}).packed(5, {0x7e}))),
              std::vector<uint8_t>{0x7e});
}

TEST_F(OnnxTensor, FourBitTypesPackTwoToTheByteWithoutRowPadding) {
  for (int nibble : {21, 22, 23}) {
    const TensorData &t = read(tensor("w", nibble, {3, 3}).bytes(9, "abcde"));
    EXPECT_EQ(t.count, 9u);
    EXPECT_EQ(t.byteSize(), 5u);
  }
  EXPECT_EQ(values<uint8_t>(read(tensor("w", 22, {3}).packed(5, {0x21, 0x03}))),
            (std::vector<uint8_t>{0x21, 0x03}));
  EXPECT_EQ(read(tensor("w", 25, {5}).bytes(9, "ab")).byteSize(), 2u);
}

TEST_F(OnnxTensor, StringsAreViewsOfTheFile) {
  const TensorData &t = read(tensor("w", 8, {2}).bytes(6, "ab").bytes(6, ""));
  ASSERT_EQ(t.strings.size(), 2u);
  EXPECT_EQ(t.strings[0], "ab");
  EXPECT_EQ(t.strings[1], "");
  EXPECT_EQ(t.byteSize(), 0u);
}

TEST_F(OnnxTensor, ScalarsAndEmptyTensorsAreRead) {
  EXPECT_EQ(read(tensor("w", 1, {}).bytes(9, "abcd")).count, 1u);
  EXPECT_EQ(read(tensor("w", 1, {4, 0})).count, 0u);
  EXPECT_EQ(read(tensor("w", 1, {INT64_MAX, INT64_MAX, 0})).count, 0u);
  EXPECT_EQ(read(tensor("w", 8, {0})).count, 0u);
  EXPECT_EQ(read(tensor("w", 7, {0}).packed(7, {})).byteSize(), 0u);
}

TEST_F(OnnxTensor, RefusesBytesThatDoNotFitItsDims) {
  EXPECT_EQ(refuse(tensor("w", 1, {2}).bytes(9, "abcdefg")).why,
            "it has 7 bytes of data, its type and dims call for 8");
  EXPECT_EQ(refuse(tensor("w", 1, {2})).why,
            "it has no data, its type and dims call for 8 bytes");
  EXPECT_EQ(refuse(tensor("w", 7, {2}).packed(7, {1})).why,
            "it has 1 values, its type and dims call for 2");
  EXPECT_EQ(refuse(tensor("w", 8, {2}).bytes(6, "a")).why,
            "it has 1 strings, its dims call for 2");
  EXPECT_EQ(refuse(tensor("w", 22, {3, 3}).bytes(9, "abcdef")).code,
            Code::BadModel);
  EXPECT_EQ(refuse(tensor("w", 1, {2}).packedFixed<float>(4, {1})).code,
            Code::BadModel);
}

TEST_F(OnnxTensor, RefusesDimsThatAreNegativeOrOverflow) {
  EXPECT_EQ(refuse(tensor("w", 1, {2, -1})).why, "dimension -1 is negative");
  EXPECT_EQ(refuse(tensor("w", 1, {INT64_MAX, 4})).why,
            "its dims multiply to more than 63 bits hold");
  EXPECT_EQ(refuse(tensor("w", 1, {INT64_MAX / 2})).code, Code::TooLarge);
}

TEST_F(OnnxTensor, RefusesValuesInTheWrongPlace) {
  EXPECT_EQ(refuse(tensor("w", 1, {1}).packed(7, {1})).why,
            "values of type float do not stand in field 7 of TensorProto");
  EXPECT_EQ(refuse(tensor("w", 1, {1}).fixed32(4, 1).bytes(9, "abcd")).why,
            "its values stand in two places");
  EXPECT_EQ(refuse(tensor("w", 8, {1}).bytes(9, "abcd")).why,
            "strings cannot stand in raw_data");
  EXPECT_EQ(refuse(externalTensor("w", 1, {1}, "a").bytes(9, "abcd")).why,
            "its values stand in two places");
  EXPECT_EQ(refuse(tensor("w", 99, {1}).packed(5, {1})).code, Code::BadModel);
}

TEST_F(OnnxTensor, RefusesValuesThatDoNotFitTheirType) {
  EXPECT_EQ(refuse(tensor("w", 3, {1}).packed(5, {256})).why,
            "a value does not fit its type int8");
  EXPECT_EQ(refuse(tensor("w", 6, {1}).packed(5, {int64_t(1) << 40})).code,
            Code::BadModel);
  EXPECT_EQ(refuse(tensor("w", 12, {1}).packed(11, {int64_t(1) << 32})).code,
            Code::BadModel);
}

TEST_F(OnnxTensor, RefusesWhatIsNoWholeTensor) {
  EXPECT_EQ(refuse(Proto().bytes(8, "w").varint(1, 1)).why,
            "it has no element type");
  EXPECT_EQ(
      refuse(
          tensor("w", 1, {1}).bytes(9, "abcd").message(3, Proto().varint(1, 0)))
          .why,
      "it is one segment of a larger tensor");
  EXPECT_EQ(refuse(tensor("w", 1, {1}).varint(14, 2)).code, Code::NotOnnx);
  EXPECT_EQ(refuse(tensor("w", 1, {1}).bytes(4, "abc")).code, Code::NotOnnx);
}

/// A SparseTensorProto.
Proto sparse(const Proto &values, const Proto &indices,
             std::initializer_list<int64_t> dims) {
  return Proto().message(1, values).message(2, indices).packed(3, dims);
}

TEST_F(OnnxTensor, SparseTensorsBecomeDense) {
  Proto two = tensor("w", 6, {2}).packed(5, {5, 6});
  const TensorData &flat =
      read(sparse(two, tensor("", 7, {2}).packed(7, {1, 3}), {2, 2}), 15);
  EXPECT_EQ(flat.name, "w");
  EXPECT_EQ(flat.dims, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(values<int32_t>(flat), (std::vector<int32_t>{0, 5, 0, 6}));
  const TensorData &pairs = read(
      sparse(two, tensor("", 7, {2, 2}).packed(7, {0, 1, 1, 0}), {2, 2}), 15);
  EXPECT_EQ(values<int32_t>(pairs), (std::vector<int32_t>{0, 5, 6, 0}));
}

TEST_F(OnnxTensor, RefusesSparseTensorsThatContradictThemselves) {
  Proto one = tensor("w", 6, {1}).packed(5, {5});
  auto at = [](int64_t i) { return tensor("", 7, {1}).packed(7, {i}); };
  EXPECT_EQ(refuse(sparse(one, at(4), {2, 2}), 15).why,
            "index 0 lies outside its dims");
  EXPECT_EQ(refuse(sparse(one, at(-1), {2, 2}), 15).code, Code::BadModel);
  EXPECT_EQ(refuse(sparse(one, at(0), {-1}), 15).code, Code::BadModel);
  EXPECT_EQ(refuse(sparse(one, at(0), {}), 15).code, Code::BadModel);
  EXPECT_EQ(
      refuse(sparse(one, tensor("", 7, {1, 3}).packed(7, {0, 0, 0}), {2, 2}),
             15)
          .code,
      Code::BadModel);
  EXPECT_EQ(
      refuse(sparse(one, tensor("", 6, {1}).packed(5, {0}), {2}), 15).code,
      Code::BadModel);
  EXPECT_EQ(refuse(Proto().message(1, one), 15).code, Code::BadModel);
  EXPECT_EQ(
      refuse(sparse(tensor("w", 8, {1}).bytes(6, "s"), at(0), {2}), 15).code,
      Code::UnsupportedType);
}

TEST_F(OnnxTensor, BoundsWhatASparseTensorAsksFor) {
  Proto one = tensor("w", 6, {1}).packed(5, {5});
  Proto zero = tensor("", 7, {1}).packed(7, {0});
  EXPECT_EQ(refuse(sparse(one, zero, {int64_t(1) << 40}), 15).code,
            Code::TooLarge);
  EXPECT_EQ(refuse(sparse(one, zero, {int64_t(1) << 62, 8}), 15).code,
            Code::BadModel);
}

} // namespace
