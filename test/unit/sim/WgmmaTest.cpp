// wgmma against plain arithmetic: every type, every layout of shared memory.
// The images of the operands are written here element by element, by the
// figures of "Matrix layouts in shared memory" and of CUTLASS's canonical
// layouts; a bulk copy brings them in.
#include "test/unit/sim/SimMachine.h"

#include "runtime/sim/ops/Fp8.h"
#include "runtime/sim/ops/HalfLanes.h"

#include <cmath>
#include <random>

using namespace llmc;
using namespace llmc::sim;

namespace {

/// How an operand lies in shared memory. Swizzle: 0, 32, 64 or 128 bytes.
struct Layout {
  unsigned swizzle = 0;
  bool transposed = false; ///< M or N is contiguous, not K.

  unsigned chunks() const { return swizzle ? swizzle / 16 : 1; }
  /// Leading and stride byte offset for rows up to 256 and 32 bytes of k.
  unsigned leading() const {
    if (!transposed)
      return swizzle ? 16 : 128;
    return swizzle ? 16 * swizzle : 128;
  }
  unsigned stride() const {
    if (!transposed)
      return swizzle ? 8 * swizzle : 256;
    return swizzle ? 8 * swizzle : 256;
  }
  /// Byte of element (row, k) of \p bytes each.
  unsigned place(unsigned row, unsigned k, unsigned bytes) const {
    // In a swizzled line the chunk is crossed with the line's number.
    unsigned divide = swizzle ? 128 / swizzle : 1;
    if (!transposed) {
      unsigned chunk = k * bytes / 16, in = k * bytes % 16;
      if (!swizzle)
        return row / 8 * stride() + chunk * leading() + row % 8 * 16 + in;
      chunk ^= row % 8 / divide;
      return row / 8 * stride() + row % 8 * swizzle + chunk * 16 + in;
    }
    unsigned chunk = row * bytes / 16, in = row * bytes % 16;
    if (!swizzle)
      return chunk * stride() + k % 8 * 16 + k / 8 * leading() + in;
    unsigned crossed = chunk % chunks() ^ k % 8 / divide;
    return crossed * 16 + chunk / chunks() * leading() + k % 8 * swizzle +
           k / 8 * stride() + in;
  }
  uint64_t descriptor(unsigned address) const {
    uint64_t mode = swizzle == 128  ? 1
                    : swizzle == 64 ? 2
                    : swizzle == 32 ? 3
                                    : 0;
    return uint64_t(address >> 4) | uint64_t(leading() >> 4) << 16 |
           uint64_t(stride() >> 4) << 32 | mode << 62;
  }
};

struct WgmmaCase {
  std::string d = "f32", a = "bf16", b = "bf16";
  unsigned n = 16;
  Layout aLayout, bLayout;
  bool aInRegisters = false;
  bool accumulates = true;
};

unsigned bytesOf(const std::string &type) {
  return type == "tf32" ? 4 : type == "f16" || type == "bf16" ? 2 : 1;
}

/// A random element: its bits and its value.
uint32_t randomElement(const std::string &type, std::mt19937 &random,
                       double &value) {
  std::normal_distribution<float> normal;
  float number = normal(random);
  uint32_t bits;
  if (type == "f16") {
    bits = halfOfFloat(number);
    value = floatOfHalf(uint16_t(bits));
  } else if (type == "bf16") {
    bits = brainOfFloat(number);
    value = floatOfBrain(uint16_t(bits));
  } else if (type == "tf32") {
    bits = uint32_t(bitsOf(number)) & ~0x1FFFu;
    value = floatOf(bits);
  } else if (type == "e4m3") {
    bits = e4m3OfFloat(number);
    value = floatOfE4m3(uint8_t(bits));
  } else if (type == "e5m2") {
    bits = e5m2OfFloat(number);
    value = floatOfE5m2(uint8_t(bits));
  } else {
    bits = random() & 255;
    value = type == "s8" ? double(int8_t(bits)) : double(bits);
  }
  return bits;
}

constexpr unsigned kImage = 32768;

std::string wgmmaKernel(const WgmmaCase &test, unsigned registers) {
  unsigned k = 32 / bytesOf(test.a);
  bool integer = test.d == "s32";
  std::string list = "{";
  for (unsigned i = 0; i < registers; ++i)
    list += (i ? ", %d" : "%d") + std::to_string(i);
  list += "}";
  std::string ptx = ptxHeader() + R"(
.extern .shared .align 1024 .b8 smem[];
.visible .entry k(.param .u64 pa, .param .u64 pb, .param .u64 regs, .param .u64 out,
                  .param .u64 da, .param .u64 db)
{
  .reg .pred %p<4>;
  .reg .b32 %r<16>;
  .reg .b32 %a<4>;
  .reg .b64 %rd<16>;
  .reg .b32 %d<)" + std::to_string(registers) +
                    R"(>;
  ld.param.u64 %rd1, [pa];
  ld.param.u64 %rd2, [pb];
  ld.param.u64 %rd3, [regs];
  ld.param.u64 %rd4, [out];
  ld.param.u64 %rd5, [da];
  ld.param.u64 %rd6, [db];
  mov.u32 %r1, %tid.x;
  mov.u32 %r2, smem;
  add.s32 %r3, %r2, 65536;
  setp.eq.u32 %p1, %r1, 0;
  @%p1 mbarrier.init.shared::cta.b64 [%r3], 1;
  fence.mbarrier_init.release.cluster;
  bar.sync 0;
  @!%p1 bra $wait;
  mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r3], 65536;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%rd1], 32768, [%r3];
  add.s32 %r4, %r2, 32768;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r4], [%rd2], 32768, [%r3];
$wait:
  mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r3], 0;
  @!%p2 bra $wait;
  mul.wide.u32 %rd7, %r1, 16;
  add.s64 %rd3, %rd3, %rd7;
  ld.global.v4.b32 {%a0, %a1, %a2, %a3}, [%rd3];
)";
  for (unsigned i = 0; i < registers; ++i)
    ptx += "  mov.b32 %d" + std::to_string(i) + ", " +
           (integer           ? "1"
            : test.d == "f16" ? "0x3C003C00"
                              : "0f3F800000") +
           ";\n";
  ptx += "  setp.eq.u32 %p3, 0, " + std::string(test.accumulates ? "0" : "1") +
         ";\n  wgmma.fence.sync.aligned;\n"
         "  wgmma.mma_async.sync.aligned.m64n" +
         std::to_string(test.n) + "k" + std::to_string(k) + "." + test.d + "." +
         test.a + "." + test.b + " " + list + ", " +
         (test.aInRegisters ? "{%a0, %a1, %a2, %a3}" : "%rd5") + ", %rd6, %p3";
  if (!integer)
    ptx += ", 1, 1";
  if (bytesOf(test.a) == 2) {
    if (!test.aInRegisters)
      ptx += test.aLayout.transposed ? ", 1" : ", 0";
    ptx += test.bLayout.transposed ? ", 1" : ", 0";
  }
  ptx += ";\n  wgmma.commit_group.sync.aligned;\n"
         "  wgmma.wait_group.sync.aligned 0;\n"
         "  mul.wide.u32 %rd7, %r1, " +
         std::to_string(4 * registers) + ";\n  add.s64 %rd4, %rd4, %rd7;\n";
  for (unsigned i = 0; i < registers; ++i)
    ptx += "  st.global.b32 [%rd4+" + std::to_string(4 * i) + "], %d" +
           std::to_string(i) + ";\n";
  return ptx + "  ret;\n}\n";
}

void runWgmma(const WgmmaCase &test) {
  std::mt19937 random(11);
  unsigned bytes = bytesOf(test.a), k = 32 / bytes;
  std::vector<uint8_t> aImage(kImage), bImage(kImage);
  std::vector<uint32_t> aRegisters(128 * 4);
  std::vector<double> a(64 * k), b(test.n * k);
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned at = 0; at < k; ++at) {
      uint32_t bits = randomElement(test.a, random, a[row * k + at]);
      memcpy(&aImage[test.aLayout.place(row, at, bytes)], &bits, bytes);
      // Warp, group and lane of the fragment, as for mma.
      unsigned per = 4 / bytes, in = row % 16;
      unsigned lane = in % 8 * 4 + at / per % 4;
      unsigned r = in / 8 + at / (4 * per) * 2;
      aRegisters[(row / 16 * 32 + lane) * 4 + r] |=
          bits << (at % per * 8 * bytes % 32);
    }
  for (unsigned row = 0; row < test.n; ++row)
    for (unsigned at = 0; at < k; ++at) {
      uint32_t bits = randomElement(test.b, random, b[row * k + at]);
      memcpy(&bImage[test.bLayout.place(row, at, bytes)], &bits, bytes);
    }
  bool half = test.d == "f16";
  unsigned registers = test.n / (half ? 4 : 2);
  SimMachine machine;
  uint64_t out = machine.buffer(std::vector<uint32_t>(128 * registers));
  auto done = machine.run(wgmmaKernel(test, registers), 1, 128,
                          {machine.buffer(aImage), machine.buffer(bImage),
                           machine.buffer(aRegisters), out,
                           test.aLayout.descriptor(kSharedBase),
                           test.bLayout.descriptor(kSharedBase + kImage)},
                          65536 + 16);
  ASSERT_TRUE(done) << done.error().render();
  auto results = machine.readBack<uint32_t>(out, 128 * registers);
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned column = 0; column < test.n; ++column) {
      double exact = test.accumulates ? 1 : 0, magnitude = 1;
      for (unsigned at = 0; at < k; ++at) {
        double product = a[row * k + at] * b[column * k + at];
        exact += product;
        magnitude += std::fabs(product);
      }
      unsigned lane = row % 8 * 4 + column % 8 / 2;
      unsigned i = column / 8 * 4 + row % 16 / 8 * 2 + column % 2;
      uint32_t word =
          results[(row / 16 * 32 + lane) * registers + (half ? i / 2 : i)];
      if (test.d == "s32")
        ASSERT_EQ(int32_t(word), int32_t(exact)) << row << " " << column;
      else
        ASSERT_NEAR(half ? floatOfHalf(uint16_t(word >> 16 * (i % 2)))
                         : floatOf(word),
                    exact, magnitude * (half ? 1e-3 : 1e-6))
            << test.a << " row " << row << " column " << column << " swizzle "
            << test.aLayout.swizzle << " " << test.bLayout.swizzle;
    }
}

} // namespace

TEST(SimWgmma, ReadsEveryLayout) {
  for (unsigned swizzle : {0u, 32u, 64u, 128u})
    for (bool transposed : {false, true}) {
      WgmmaCase test;
      test.n = 128;
      test.aLayout = {swizzle, transposed};
      test.bLayout = {swizzle, !transposed};
      runWgmma(test);
    }
}

TEST(SimWgmma, MultipliesEveryType) {
  for (const char *type : {"f16", "bf16", "tf32", "e4m3", "e5m2", "s8", "u8"}) {
    WgmmaCase test;
    test.a = test.b = type;
    test.d = type[0] == 's' || type[0] == 'u' ? "s32" : "f32";
    test.aLayout.swizzle = 128;
    runWgmma(test);
  }
  WgmmaCase half;
  half.a = half.b = half.d = "f16";
  half.n = 24;
  runWgmma(half);
}

TEST(SimWgmma, TakesAFromRegistersAndDropsTheAccumulator) {
  for (const char *type : {"bf16", "e4m3", "tf32"}) {
    WgmmaCase test;
    test.a = test.b = type;
    test.n = 256;
    test.aInRegisters = true;
    test.accumulates = false;
    test.bLayout.swizzle = 64;
    runWgmma(test);
  }
}

/// The case's kernel with one line replaced must stop with this fault.
static void planted(const std::string &from, const std::string &to,
                    FaultKind kind, uint64_t aDescriptor) {
  WgmmaCase test;
  std::string ptx = wgmmaKernel(test, 8);
  size_t at = ptx.find(from);
  ASSERT_NE(at, std::string::npos);
  ptx.replace(at, from.size(), to);
  SimMachine machine;
  auto done =
      machine.run(ptx, 1, 128,
                  {machine.buffer(std::vector<uint8_t>(kImage)),
                   machine.buffer(std::vector<uint8_t>(kImage)),
                   machine.buffer(std::vector<uint32_t>(512)),
                   machine.buffer(std::vector<uint32_t>(128 * 8)), aDescriptor,
                   test.bLayout.descriptor(kSharedBase + kImage)},
                  65536 + 16);
  ASSERT_FALSE(done);
  EXPECT_EQ(machine.device->lastFault().kind, kind) << done.error().render();
}

TEST(SimWgmma, FindsWrongDescriptorsAndMissingWaits) {
  uint64_t good = Layout().descriptor(kSharedBase);
  planted("ret;", "ret;", FaultKind::Descriptor,
          Layout().descriptor(kSharedBase + 131072));
  planted("ret;", "ret;", FaultKind::Descriptor, good | uint64_t(1) << 49);
  planted("wgmma.wait_group.sync.aligned 0;", "", FaultKind::AsyncUse, good);
  planted("wgmma.wait_group.sync.aligned 0;", "st.shared.b32 [%r2], %r1;",
          FaultKind::AsyncUse, good);
  planted("@!%p2 bra $wait;", "", FaultKind::AsyncUse, good);
}
