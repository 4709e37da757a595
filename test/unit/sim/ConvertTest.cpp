// cvt between all kinds of types.
#include "test/unit/sim/SimMachine.h"

#include "runtime/sim/ops/Fp8.h"
#include "runtime/sim/ops/HalfLanes.h"

#include <cmath>

using namespace llmc;
using namespace llmc::sim;

static uint64_t one(const std::string &text, std::vector<std::string> types,
                    std::vector<uint64_t> row) {
  return runInstruction(text, std::move(types), {std::move(row)})[0];
}

TEST(SimConvert, CutsAndExtendsIntegers) {
  EXPECT_EQ(one("cvt.s64.s32 d, a;", {"b64", "b32"}, {0x80000000}),
            0xFFFFFFFF80000000);
  EXPECT_EQ(one("cvt.u64.u32 d, a;", {"b64", "b32"}, {0x80000000}),
            0x80000000u);
  EXPECT_EQ(uint32_t(one("cvt.s32.s8 d, a;", {"b32", "b32"}, {0x1FF})),
            0xFFFFFFFFu);
  EXPECT_EQ(uint32_t(one("cvt.u32.u8 d, a;", {"b32", "b32"}, {0x1FF})), 0xFFu);
  EXPECT_EQ(uint16_t(one("cvt.u16.u64 d, a;", {"b16", "b64"}, {0x123456789})),
            0x6789u);
  EXPECT_EQ(uint32_t(one("cvt.sat.s8.s32 d, a;", {"b32", "b32"}, {1000})),
            127u);
  EXPECT_EQ(
      uint32_t(one("cvt.sat.u8.s32 d, a;", {"b32", "b32"}, {uint32_t(-5)})),
      0u);
}

TEST(SimConvert, RoundsFloatsToIntegers) {
  auto to = [](const char *mode, float value) {
    return int32_t(one(std::string("cvt.") + mode + ".s32.f32 d, a;",
                       {"b32", "f32"}, {bitsOf(value)}));
  };
  EXPECT_EQ(to("rni", 2.5f), 2);
  EXPECT_EQ(to("rzi", -2.7f), -2);
  EXPECT_EQ(to("rmi", -2.1f), -3);
  EXPECT_EQ(to("rpi", 2.1f), 3);
  EXPECT_EQ(to("rzi", 1e20f), INT32_MAX);
  EXPECT_EQ(to("rzi", -1e20f), INT32_MIN);
  EXPECT_EQ(to("rzi", NAN), 0);
  EXPECT_EQ(
      uint32_t(one("cvt.rzi.u32.f32 d, a;", {"b32", "f32"}, {bitsOf(-1.0f)})),
      0u);
  EXPECT_EQ(
      floatOf(one("cvt.rmi.f32.f32 d, a;", {"f32", "f32"}, {bitsOf(-2.5f)})),
      -3.0f);
}

TEST(SimConvert, NarrowsAndWidensFloats) {
  EXPECT_EQ(floatOf(one("cvt.rn.f32.s32 d, a;", {"f32", "b32"}, {16777217})),
            16777216.0f);
  EXPECT_EQ(floatOf(one("cvt.rz.f32.u64 d, a;", {"f32", "b64"}, {16777219})),
            16777218.0f);
  EXPECT_EQ(floatOf(one("cvt.rn.f32.f64 d, a;", {"f32", "f64"}, {bitsOf(0.1)})),
            0.1f);
  EXPECT_EQ(one("cvt.f64.f32 d, a;", {"f64", "f32"}, {bitsOf(0.1f)}),
            bitsOf(double(0.1f)));
  EXPECT_EQ(
      uint16_t(one("cvt.rn.f16.f32 d, a;", {"b16", "f32"}, {bitsOf(0.1f)})),
      halfOfFloat(0.1f));
  EXPECT_EQ(
      uint16_t(one("cvt.rn.bf16.f32 d, a;", {"b16", "f32"}, {bitsOf(0.1f)})),
      0x3DCD);
  EXPECT_EQ(floatOf(one("cvt.f32.bf16 d, a;", {"f32", "b16"}, {0x3DCD})),
            floatOfBrain(0x3DCD));
  EXPECT_EQ(floatOf(one("cvt.f32.f16 d, a;", {"f32", "b16"}, {0x3800})), 0.5f);
  EXPECT_EQ(
      uint32_t(one("cvt.rna.tf32.f32 d, a;", {"b32", "f32"}, {0x3F801000})),
      0x3F802000u);
}

TEST(SimConvert, PacksPairsWithTheFirstSourceOnTop) {
  EXPECT_EQ(uint32_t(one("cvt.rn.bf16x2.f32 d, a, b;", {"b32", "f32", "f32"},
                         {bitsOf(2.0f), bitsOf(-1.0f)})),
            0x4000BF80u);
  EXPECT_EQ(uint32_t(one("cvt.rn.relu.f16x2.f32 d, a, b;",
                         {"b32", "f32", "f32"}, {bitsOf(2.0f), bitsOf(-1.0f)})),
            0x40000000u);
  EXPECT_EQ(
      uint16_t(one("cvt.rn.satfinite.e4m3x2.f32 d, a, b;",
                   {"b16", "f32", "f32"}, {bitsOf(1000.0f), bitsOf(1.0f)})),
      0x7E38u);
  EXPECT_EQ(
      uint32_t(one("cvt.rn.f16x2.e4m3x2 d, a;", {"b32", "b16"}, {0x38C0})),
      0x3C00C000u);
}

TEST(SimFp8, EveryFiniteNumberComesBack) {
  for (unsigned bits = 0; bits < 256; ++bits) {
    float e4m3 = floatOfE4m3(uint8_t(bits)), e5m2 = floatOfE5m2(uint8_t(bits));
    if (std::isfinite(e4m3)) {
      EXPECT_EQ(e4m3OfFloat(e4m3), bits);
    }
    if (std::isfinite(e5m2)) {
      EXPECT_EQ(e5m2OfFloat(e5m2), bits);
    }
  }
  EXPECT_EQ(floatOfE4m3(0x7E), 448.0f);
  EXPECT_EQ(floatOfE5m2(0x7B), 57344.0f);
  EXPECT_EQ(floatOfE4m3(0x01), std::ldexp(1.0f, -9));
}
