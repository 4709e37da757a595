// mma.sync of every type and ldmatrix against plain arithmetic; the places of
// the fragments are written down once more, from the tables of the ISA.
#include "test/unit/sim/SimMachine.h"

#include "runtime/sim/ops/Fp8.h"
#include "runtime/sim/ops/HalfLanes.h"

#include <cmath>
#include <random>

using namespace llmc;
using namespace llmc::sim;

namespace {

struct MmaCase {
  std::string shape; ///< m16n8k16
  std::string d, a, b, c;
  unsigned m, k;
  unsigned bits; ///< Of an element of A and B.
};

double elementValue(const std::string &type, uint32_t bits) {
  if (type == "f16")
    return floatOfHalf(uint16_t(bits));
  if (type == "bf16")
    return floatOfBrain(uint16_t(bits));
  if (type == "tf32")
    return floatOf(bits);
  if (type == "e4m3")
    return floatOfE4m3(uint8_t(bits));
  if (type == "e5m2")
    return floatOfE5m2(uint8_t(bits));
  if (type == "s8")
    return int8_t(bits);
  if (type == "u8")
    return uint8_t(bits);
  if (type == "s4")
    return int(bits << 28) >> 28;
  return bits & 15;
}

uint32_t randomElement(const std::string &type, std::mt19937 &random) {
  std::normal_distribution<float> normal;
  float value = normal(random);
  if (type == "f16")
    return halfOfFloat(value);
  if (type == "bf16")
    return brainOfFloat(value);
  if (type == "tf32")
    return uint32_t(bitsOf(value)) & ~0x1FFFu;
  if (type == "e4m3")
    return e4m3OfFloat(value);
  if (type == "e5m2")
    return e5m2OfFloat(value);
  return random() & (type[1] == '4' ? 15u : 255u);
}

/// Row and k of element \p i of register \p r in \p lane, by the figures of
/// "Matrix Fragments for mma.m16n8k…".
void placeInA(const MmaCase &mma, unsigned lane, unsigned r, unsigned i,
              unsigned &row, unsigned &k) {
  unsigned per = 32 / mma.bits, group = lane >> 2, in = lane & 3;
  bool lower = mma.m == 16 && r % 2 == 1;
  row = lower ? group + 8 : group;
  unsigned half = mma.m == 16 ? r / 2 : r;
  k = in * per + i + (half ? 4 * per : 0);
}

void runMma(const MmaCase &mma) {
  std::mt19937 random(42);
  unsigned per = 32 / mma.bits;
  unsigned aRegisters = mma.m * mma.k / (32 * per);
  unsigned bRegisters = 8 * mma.k / (32 * per);
  bool halfC = mma.c == "f16", halfD = mma.d == "f16";
  unsigned cRegisters = mma.m / (halfC ? 8 : 4);
  unsigned dRegisters = mma.m / (halfD ? 8 : 4);
  bool integer = mma.d == "s32";
  std::vector<uint32_t> in; // [lane][registers]
  std::vector<std::vector<double>> a(mma.m, std::vector<double>(mma.k));
  std::vector<std::vector<double>> b(mma.k, std::vector<double>(8));
  std::vector<std::vector<double>> c(mma.m, std::vector<double>(8));
  for (unsigned lane = 0; lane < 32; ++lane) {
    for (unsigned r = 0; r < aRegisters; ++r) {
      uint32_t word = 0;
      for (unsigned i = 0; i < per; ++i) {
        uint32_t bits = randomElement(mma.a, random);
        unsigned row, k;
        placeInA(mma, lane, r, i, row, k);
        a[row][k] = elementValue(mma.a, bits);
        word |= bits << (i * mma.bits % 32);
      }
      in.push_back(word);
    }
    for (unsigned r = 0; r < bRegisters; ++r) {
      uint32_t word = 0;
      for (unsigned i = 0; i < per; ++i) {
        uint32_t bits = randomElement(mma.b, random);
        b[(lane & 3) * per + i + r * 4 * per][lane >> 2] =
            elementValue(mma.b, bits);
        word |= bits << (i * mma.bits % 32);
      }
      in.push_back(word);
    }
    for (unsigned r = 0; r < cRegisters; ++r) {
      uint32_t word = 0;
      for (unsigned i = 0; i < (halfC ? 2u : 1u); ++i) {
        unsigned at = halfC ? r * 2 + i : r;
        unsigned row = (lane >> 2) + (at >= 2 ? 8 : 0);
        unsigned column = (lane & 3) * 2 + at % 2;
        if (integer) {
          word = random() % 1000;
          c[row][column] = word;
        } else if (halfC) {
          uint16_t bits = halfOfFloat(float(random() % 16));
          c[row][column] = floatOfHalf(bits);
          word |= uint32_t(bits) << 16 * i;
        } else {
          float value = float(random() % 16);
          c[row][column] = value;
          word = uint32_t(bitsOf(value));
        }
      }
      in.push_back(word);
    }
  }
  unsigned total = aRegisters + bRegisters + cRegisters;
  std::string ptx = ptxHeader() +
                    ".visible .entry k(.param .u64 in, .param .u64 out)\n{\n"
                    ".reg .b32 %r<40>;\n.reg .b32 %d<4>;\n.reg .b64 %rd<8>;\n"
                    "ld.param.u64 %rd1, [in];\nld.param.u64 %rd2, [out];\n"
                    "mov.u32 %r39, %tid.x;\n"
                    "mul.wide.u32 %rd3, %r39, " +
                    std::to_string(4 * total) +
                    ";\nadd.s64 %rd1, %rd1, %rd3;\n"
                    "mul.wide.u32 %rd3, %r39, 16;\nadd.s64 %rd2, %rd2, %rd3;\n";
  for (unsigned i = 0; i < total; ++i)
    ptx += "ld.global.b32 %r" + std::to_string(i) + ", [%rd1+" +
           std::to_string(4 * i) + "];\n";
  auto list = [](const std::string &prefix, unsigned first, unsigned count) {
    std::string text = "{";
    for (unsigned i = 0; i < count; ++i)
      text += (i ? ", " : "") + prefix + std::to_string(first + i);
    return text + "}";
  };
  ptx += "mma.sync.aligned." + mma.shape + ".row.col." + mma.d + "." + mma.a +
         "." + mma.b + "." + mma.c + " " + list("%d", 0, dRegisters) + ", " +
         list("%r", 0, aRegisters) + ", " + list("%r", aRegisters, bRegisters) +
         ", " + list("%r", aRegisters + bRegisters, cRegisters) + ";\n";
  for (unsigned i = 0; i < dRegisters; ++i)
    ptx += "st.global.b32 [%rd2+" + std::to_string(4 * i) + "], %d" +
           std::to_string(i) + ";\n";
  ptx += "ret;\n}\n";
  SimMachine machine;
  uint64_t input = machine.buffer(in);
  uint64_t output = machine.buffer(std::vector<uint32_t>(32 * 4));
  auto done = machine.run(ptx, 1, 32, {input, output});
  ASSERT_TRUE(done) << done.error().render();
  auto out = machine.readBack<uint32_t>(output, 32 * 4);
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned at = 0; at < mma.m / 4; ++at) {
      unsigned row = (lane >> 2) + (at >= 2 ? 8 : 0);
      unsigned column = (lane & 3) * 2 + at % 2;
      double exact = c[row][column], magnitude = std::fabs(exact);
      for (unsigned k = 0; k < mma.k; ++k) {
        exact += a[row][k] * b[k][column];
        magnitude += std::fabs(a[row][k] * b[k][column]);
      }
      uint32_t word = out[lane * 4 + (halfD ? at / 2 : at)];
      if (integer)
        ASSERT_EQ(int32_t(word), int32_t(exact)) << mma.shape << mma.a;
      else if (halfD)
        ASSERT_NEAR(floatOfHalf(uint16_t(word >> 16 * (at % 2))), exact,
                    magnitude * 1e-3)
            << mma.shape << mma.a;
      else
        ASSERT_NEAR(floatOf(word), exact, magnitude * 1e-6)
            << mma.shape << mma.a << " lane " << lane << " d" << at;
    }
}

} // namespace

TEST(SimMma, MultipliesSixteenBitElements) {
  for (const char *type : {"f16", "bf16"}) {
    runMma({"m16n8k16", "f32", type, type, "f32", 16, 16, 16});
    runMma({"m16n8k8", "f32", type, type, "f32", 16, 8, 16});
  }
  runMma({"m16n8k16", "f16", "f16", "f16", "f16", 16, 16, 16});
}

TEST(SimMma, MultipliesTf32) {
  runMma({"m16n8k8", "f32", "tf32", "tf32", "f32", 16, 8, 32});
  runMma({"m16n8k4", "f32", "tf32", "tf32", "f32", 16, 4, 32});
}

TEST(SimMma, MultipliesIntegersOfEightAndFourBits) {
  for (const char *a : {"s8", "u8"})
    for (const char *b : {"s8", "u8"}) {
      runMma({"m16n8k32", "s32", a, b, "s32", 16, 32, 8});
      runMma({"m16n8k16", "s32", a, b, "s32", 16, 16, 8});
      runMma({"m8n8k16", "s32", a, b, "s32", 8, 16, 8});
    }
  for (const char *a : {"s4", "u4"})
    for (const char *b : {"s4", "u4"}) {
      runMma({"m16n8k64", "s32", a, b, "s32", 16, 64, 4});
      runMma({"m16n8k32", "s32", a, b, "s32", 16, 32, 4});
    }
}

TEST(SimMma, MultipliesEightBitFloats) {
  for (const char *a : {"e4m3", "e5m2"})
    for (const char *b : {"e4m3", "e5m2"})
      runMma({"m16n8k32", "f32", a, b, "f32", 16, 32, 8});
}

TEST(SimMma, RefusesWhatTheIsaDoesNotHave) {
  SimMachine machine;
  auto loaded = machine.device->load(ptxHeader() + R"(
.visible .entry k()
{
  .reg .b32 %r<16>;
  mma.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32
      {%r0,%r1,%r2,%r3}, {%r4,%r5,%r6,%r7}, {%r8,%r9}, {%r0,%r1,%r2,%r3};
  ret;
}
)");
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().render().find("shape"), std::string::npos);
}

/// ldmatrix and back by stmatrix; lane t of matrix i holds row t / 4.
TEST(SimMatrixLoad, GivesEachLaneItsPairAndTakesItBack) {
  for (bool transposed : {false, true}) {
    std::string suffix = transposed ? ".trans" : "";
    SimMachine machine;
    std::vector<uint16_t> in(256);
    for (unsigned i = 0; i < 256; ++i)
      in[i] = uint16_t(i);
    uint64_t input = machine.buffer(in);
    uint64_t fragments = machine.buffer(std::vector<uint32_t>(128));
    uint64_t back = machine.buffer(std::vector<uint16_t>(256));
    auto done =
        machine.run(ptxHeader() + R"(
.shared .align 16 .b8 tile[512];
.shared .align 16 .b8 copy[512];
.visible .entry k(.param .u64 in, .param .u64 out, .param .u64 back)
{
  .reg .b32 %r<16>;
  .reg .b64 %rd<8>;
  ld.param.u64 %rd1, [in];
  ld.param.u64 %rd2, [out];
  ld.param.u64 %rd3, [back];
  mov.u32 %r1, %tid.x;
  shl.b32 %r2, %r1, 4;
  mul.wide.u32 %rd4, %r1, 16;
  add.s64 %rd1, %rd1, %rd4;
  add.s64 %rd2, %rd2, %rd4;
  add.s64 %rd3, %rd3, %rd4;
  mov.u32 %r3, tile;
  add.s32 %r3, %r3, %r2;
  mov.u32 %r4, copy;
  add.s32 %r4, %r4, %r2;
  ld.global.v4.b32 {%r5, %r6, %r7, %r8}, [%rd1];
  st.shared.v4.b32 [%r3], {%r5, %r6, %r7, %r8};
  bar.warp.sync 0xFFFFFFFF;
  ldmatrix.sync.aligned.m8n8.x4)" +
                        suffix + R"(.shared.b16 {%r9, %r10, %r11, %r12}, [%r3];
  st.global.v4.b32 [%rd2], {%r9, %r10, %r11, %r12};
  stmatrix.sync.aligned.m8n8.x4)" +
                        suffix + R"(.shared.b16 [%r4], {%r9, %r10, %r11, %r12};
  bar.warp.sync 0xFFFFFFFF;
  ld.shared.v4.b32 {%r5, %r6, %r7, %r8}, [%r4];
  st.global.v4.b32 [%rd3], {%r5, %r6, %r7, %r8};
  ret;
}
)",
                    1, 32, {input, fragments, back});
    ASSERT_TRUE(done) << done.error().render();
    auto out = machine.readBack<uint16_t>(fragments, 256);
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned i = 0; i < 4; ++i)
        for (unsigned half = 0; half < 2; ++half) {
          unsigned row = lane / 4, column = lane % 4 * 2 + half;
          unsigned expected = transposed ? i * 64 + column * 8 + row
                                         : i * 64 + row * 8 + column;
          ASSERT_EQ(out[lane * 8 + i * 2 + half], expected);
        }
    EXPECT_EQ(machine.readBack<uint16_t>(back, 256), in);
  }
}
