#include "Harness.h"

namespace llmc::reference {

class TensorTest : public ReferenceTest {};

TEST_F(TensorTest, RoundsToBfloatHalfToEven) {
  // 1 + 2^-8 lies between two numbers of 8 bits: the even one is 1.
  EXPECT_EQ(roundTo(Element::BF16, 1 + 0x1p-8), 1.0);
  EXPECT_EQ(roundTo(Element::BF16, 1 + 3 * 0x1p-8), 1 + 0x1p-6);
  EXPECT_EQ(roundTo(Element::BF16, 1 + 0x1p-8 + 0x1p-40), 1 + 0x1p-7);
  EXPECT_EQ(roundTo(Element::BF16, 1e39), INFINITY);
  EXPECT_EQ(roundTo(Element::BF16, -0x1p-133), -0x1p-133); // subnormal
}

TEST_F(TensorTest, RoundsToHalfAtItsBounds) {
  EXPECT_EQ(roundTo(Element::F16, 65504), 65504);
  EXPECT_EQ(roundTo(Element::F16, 65519), 65504);
  EXPECT_EQ(roundTo(Element::F16, 65520), INFINITY);
  EXPECT_EQ(roundTo(Element::F16, 0x1p-24), 0x1p-24);
  EXPECT_EQ(roundTo(Element::F16, 0x1p-25), 0);
  EXPECT_EQ(roundTo(Element::F16, 0x1p-25 + 0x1p-40), 0x1p-24);
  EXPECT_EQ(roundTo(Element::F16, 1023.5 * 0x1p-24), 0x1p-14);
  EXPECT_TRUE(std::isnan(roundTo(Element::F16, NAN)));
  EXPECT_TRUE(std::signbit(roundTo(Element::F16, -0.0)));
}

TEST_F(TensorTest, EveryHalfSurvivesARoundTrip) {
  for (const char *name : {"f16", "bf16", "f8E4M3FN", "f8E5M2"}) {
    mlir::Type element = type(name);
    bool wide = element.getIntOrFloatBitWidth() == 16;
    for (int bits = 0; bits < (wide ? 0x10000 : 0x100); ++bits) {
      Tensor one = Tensor::zeros(element, {});
      if (wide)
        *one.mutableAs<uint16_t>() = bits;
      else
        *one.mutableAs<uint8_t>() = bits;
      double value = one.getDouble(0);
      if (!std::isfinite(value))
        continue;
      one.setDouble(0, value);
      EXPECT_EQ(wide ? *one.as<uint16_t>() : *one.as<uint8_t>(), bits) << name;
    }
  }
}

TEST_F(TensorTest, EightBitFloatsSaturate) {
  EXPECT_EQ(roundTo(Element::F8E4M3FN, 1e6), 448);
  EXPECT_EQ(roundTo(Element::F8E4M3FN, -INFINITY), -448);
  EXPECT_EQ(roundTo(Element::F8E5M2, 1e6), 57344);
}

TEST_F(TensorTest, IntegersWrapAround) {
  EXPECT_EQ(wrapTo(Element::I8, 200), -56);
  EXPECT_EQ(wrapTo(Element::U8, -1), 255);
  EXPECT_EQ(wrapTo(Element::I4, 9), -7);
  EXPECT_EQ(wrapTo(Element::U4, 17), 1);
  EXPECT_EQ(wrapTo(Element::Bool, 2), 1);
}

TEST_F(TensorTest, CopiesShareUntilWritten) {
  Tensor a = counting({3}), b = a;
  EXPECT_EQ(a.bytes(), b.bytes());
  b.setDouble(0, 9);
  EXPECT_EQ(a.getDouble(0), 1);
  EXPECT_EQ(b.getDouble(0), 9);
}

TEST_F(TensorTest, AttributesRoundTrip) {
  for (const char *name : {"f32", "f16", "bf16", "f64", "i1", "i4", "i8", "ui8",
                           "i32", "i64", "ui64", "f8E4M3FN"}) {
    Tensor values = tensor(name, {2, 2}, {0, 1, 1, 0});
    auto back = Tensor::fromElementsAttr(values.toElementsAttr());
    ASSERT_TRUE(back) << name;
    EXPECT_EQ(back->toDoubles(), values.toDoubles()) << name;
    EXPECT_EQ(back->elementType(), values.elementType());
    Tensor same = Tensor::splat(type(name), {3}, 1);
    mlir::DenseElementsAttr attribute = same.toElementsAttr();
    EXPECT_TRUE(attribute.isSplat()) << name;
    EXPECT_EQ(Tensor::fromElementsAttr(attribute)->toDoubles(), Doubles(3, 1)) << name;
    Tensor empty = Tensor::zeros(type(name), {0, 2});
    EXPECT_EQ(Tensor::fromElementsAttr(empty.toElementsAttr())->numElements(), 0);
  }
}

TEST_F(TensorTest, PackedNibblesComeLowFirst) {
  auto bytes = std::make_shared<std::array<std::byte, 2>>();
  (*bytes)[0] = std::byte(0x8f);
  (*bytes)[1] = std::byte(0x07);
  std::shared_ptr<const std::byte> data(bytes, bytes->data());
  auto wanted = mlir::RankedTensorType::get({3}, type("i4"));
  EXPECT_EQ(Tensor::fromPacked(wanted, data, 2)->toInts(),
            (std::vector<int64_t>{-1, -8, 7}));
  auto unsignedType = mlir::RankedTensorType::get({3}, type("ui4"));
  EXPECT_EQ(Tensor::fromPacked(unsignedType, data, 2)->toInts(),
            (std::vector<int64_t>{15, 8, 7}));
  EXPECT_FALSE(Tensor::fromPacked(wanted, data, 1));
}

TEST_F(TensorTest, LargeIntegersConvertInOneRounding) {
  // 2^53 + 2^29 + 1 is just above the middle of two f32.
  int64_t value = (int64_t(1) << 53) + (int64_t(1) << 29) + 1;
  Tensor tensor = Tensor::fromInts(type("i64"), {1}, {value});
  EXPECT_EQ(tensor.converted(type("f32")).getDouble(0), double(float(value)));
}

} // namespace llmc::reference
