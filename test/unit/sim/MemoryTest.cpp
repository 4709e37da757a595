// Loads, stores and atomics in every space, and the device's memory itself.
#include "test/unit/sim/SimMachine.h"

using namespace llmc;
using namespace llmc::sim;

TEST(SimMemory, LoadsAndStoresEveryWidth) {
  SimMachine machine;
  std::vector<uint8_t> bytes(64);
  for (unsigned i = 0; i < 64; ++i)
    bytes[i] = uint8_t(i * 5 + 128);
  uint64_t in = machine.buffer(bytes);
  uint64_t out = machine.buffer(std::vector<uint64_t>(32));
  auto done = machine.run(ptxHeader() + R"(
.shared .align 32 .b8 buffer[64];
.visible .entry k(.param .u64 in, .param .u64 out)
{
  .local .align 8 .b8 frame[16];
  .reg .b16 %h<4>;
  .reg .b32 %r<8>;
  .reg .b64 %rd<16>;
  .reg .b128 %q<2>;
  ld.param.u64 %rd1, [in];
  ld.param.u64 %rd2, [out];
  ld.global.s8 %r1, [%rd1];
  st.global.b32 [%rd2], %r1;
  ld.global.u8 %h1, [%rd1+1];
  st.global.b16 [%rd2+8], %h1;
  ld.global.s16 %rd3, [%rd1+2];
  st.global.b64 [%rd2+16], %rd3;
  ld.global.nc.L1::no_allocate.L2::128B.v2.b64 {%rd4, %rd5}, [%rd1+16];
  st.global.v2.b64 [%rd2+32], {%rd4, %rd5};
  createpolicy.fractional.L2::evict_first.b64 %rd11, 0f3F800000;
  ld.global.L2::cache_hint.b128 %q1, [%rd1+32], %rd11;
  st.global.b128 [%rd2+48], %q1;
  cvta.to.global.u64 %rd6, %rd1;
  mov.u64 %rd7, frame;
  cvta.local.u64 %rd8, %rd7;
  st.b32 [%rd8+4], %r1;
  ld.local.b32 %r2, [%rd7+4];
  st.global.b32 [%rd2+64], %r2;
  mov.u64 %rd9, buffer;
  cvta.shared.u64 %rd10, %rd9;
  st.v4.b32 [%rd10+16], {%r1, %r1, %r2, 7};
  ld.shared.volatile.b32 %r3, [buffer+28];
  st.global.b32 [%rd2+72], %r3;
  ret;
}
)",
                          1, 1, {in, out});
  // Modifiers may come in any order for us; ptxas wants .volatile first.
  ASSERT_TRUE(done) << done.error().render();
  auto values = machine.readBack<uint64_t>(out, 10);
  EXPECT_EQ(int32_t(values[0]), int8_t(bytes[0]));
  EXPECT_EQ(values[1], bytes[1]);
  EXPECT_EQ(int64_t(values[2]), int16_t(bytes[2] | bytes[3] << 8));
  EXPECT_EQ(memcmp(&values[4], &bytes[16], 16), 0);
  EXPECT_EQ(memcmp(&values[6], &bytes[32], 16), 0);
  EXPECT_EQ(int32_t(values[8]), int8_t(bytes[0]));
  EXPECT_EQ(values[9], 7u);
}

/// One atomic by 32 lanes on a word; what the word is afterwards.
static uint64_t atomic(const std::string &text, uint64_t before,
                       bool shared = false) {
  SimMachine machine;
  uint64_t word = machine.buffer(std::vector<uint64_t>{before, 0});
  std::string place = shared ? "[cell]" : "[%rd1]";
  std::string ptx = ptxHeader() + R"(
.shared .align 16 .b8 cell[16];
.visible .entry k(.param .u64 p)
{
  .reg .pred %p;
  .reg .b16 %h<4>;
  .reg .b32 %r<8>;
  .reg .f32 %f<8>;
  .reg .b64 %rd<8>;
  ld.param.u64 %rd1, [p];
  mov.u32 %r1, %tid.x;
  setp.eq.u32 %p, %r1, 0;
  cvt.u64.u32 %rd2, %r1;
  ld.global.v2.b64 {%rd3, %rd4}, [%rd1];
  @%p st.shared.v2.b64 [cell], {%rd3, %rd4};
  bar.warp.sync -1;
)" + text + "\n  bar.warp.sync -1;\n" +
                    (shared ? "  ld.shared.b64 %rd5, [cell];\n"
                              "  @%p st.global.b64 [%rd1], %rd5;\n"
                            : "") +
                    "  ret;\n}\n";
  size_t at;
  while ((at = ptx.find("PLACE")) != std::string::npos)
    ptx.replace(at, 5, place);
  auto done = machine.run(ptx, 1, 32, {word});
  EXPECT_TRUE(done) << (done ? "" : done.error().render());
  return machine.readBack<uint64_t>(word, 1)[0];
}

TEST(SimMemory, AtomicsComeOneAfterTheOther) {
  EXPECT_EQ(atomic("atom.global.add.u32 %r2, PLACE, 2;", 5), 69u);
  EXPECT_EQ(atomic("red.shared.add.u32 PLACE, %r1;", 5, true), 501u);
  EXPECT_EQ(atomic("atom.global.max.s32 %r2, PLACE, %r1;", 7), 31u);
  EXPECT_EQ(atomic("atom.global.min.s32 %r2, PLACE, %r1;", 7), 0u);
  EXPECT_EQ(atomic("atom.global.inc.u32 %r2, PLACE, 9;", 0), 2u);
  EXPECT_EQ(atomic("atom.global.exch.b64 %rd5, PLACE, %rd2;", 7), 31u);
  EXPECT_EQ(atomic("atom.global.cas.b32 %r2, PLACE, %r1, 100;", 7), 100u);
  EXPECT_EQ(atomic("red.global.or.b32 PLACE, %r1;", 64), 95u);
  EXPECT_EQ(floatOf(atomic("red.relaxed.gpu.global.add.f32 PLACE, 0f3F000000;",
                           bitsOf(1.0f))),
            17.0f);
  EXPECT_EQ(uint32_t(atomic("mov.b32 %r3, 0x3C003800;\n"
                            "red.global.add.noftz.f16x2 PLACE, %r3;",
                            0)),
            0x50004C00u);
  EXPECT_EQ(atomic("atom.add.acq_rel.cta.u64 %rd5, PLACE, %rd2;", 4), 500u);
}

TEST(SimMemory, AtomicGivesTheValueBefore) {
  SimMachine machine;
  uint64_t word = machine.buffer(std::vector<uint32_t>{10});
  uint64_t out = machine.buffer(std::vector<uint32_t>(32));
  auto done = machine.run(ptxHeader() + R"(
.visible .entry k(.param .u64 p, .param .u64 out)
{
  .reg .b32 %r<4>;
  .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [p];
  ld.param.u64 %rd2, [out];
  mov.u32 %r1, %laneid;
  mul.wide.u32 %rd3, %r1, 4;
  add.s64 %rd2, %rd2, %rd3;
  atom.global.add.u32 %r2, [%rd1], 1;
  st.global.b32 [%rd2], %r2;
  ret;
}
)",
                          1, 32, {word, out});
  ASSERT_TRUE(done);
  auto before = machine.readBack<uint32_t>(out, 32);
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(before[i], 10 + i);
}

TEST(SimMemory, CopiesAsyncWithZeroFill) {
  SimMachine machine;
  std::vector<uint32_t> in(128);
  for (uint32_t i = 0; i < 128; ++i)
    in[i] = i + 1;
  uint64_t input = machine.buffer(in);
  uint64_t out = machine.buffer(std::vector<uint32_t>(128));
  auto done = machine.run(ptxHeader() + R"(
.shared .align 16 .b8 buffer[512];
.visible .entry k(.param .u64 in, .param .u64 out)
{
  .reg .pred %p<2>;
  .reg .b32 %r<16>;
  .reg .b64 %rd<8>;
  ld.param.u64 %rd1, [in];
  ld.param.u64 %rd2, [out];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd3, %r1, 16;
  add.s64 %rd1, %rd1, %rd3;
  add.s64 %rd2, %rd2, %rd3;
  shl.b32 %r2, %r1, 4;
  mov.u32 %r3, buffer;
  add.s32 %r3, %r3, %r2;
  and.b32 %r4, %r1, 3;
  shl.b32 %r4, %r4, 2;
  cp.async.cg.shared.global.L2::128B [%r3], [%rd1], 16, %r4;
  cp.async.commit_group;
  cp.async.wait_group 0;
  ld.shared.v4.b32 {%r5, %r6, %r7, %r8}, [%r3];
  st.global.v4.b32 [%rd2], {%r5, %r6, %r7, %r8};
  ret;
}
)",
                          1, 32, {input, out});
  ASSERT_TRUE(done) << done.error().render();
  auto values = machine.readBack<uint32_t>(out, 128);
  for (uint32_t i = 0; i < 128; ++i)
    EXPECT_EQ(values[i], i % 4 < i / 4 % 4 ? in[i] : 0) << i;
}

TEST(DeviceMemory, AddressesAreNeverNeighboursAndNeverUsedAgain) {
  DeviceMemory memory(1 << 20);
  uint64_t a = memory.allocate(100), b = memory.allocate(100);
  EXPECT_GE(b, a + 100 + 4096);
  EXPECT_EQ(memory.used(), 200u);
  EXPECT_TRUE(memory.free(a));
  EXPECT_FALSE(memory.free(a));
  EXPECT_GT(memory.allocate(100), b);
  EXPECT_EQ(memory.find(a), nullptr);
  EXPECT_EQ(memory.allocate(2 << 20), 0u);
  EXPECT_EQ(memory.allocate(0), 0u);
}

TEST(DeviceMemory, PagesAreMappedWhereAddressesWereReserved) {
  constexpr uint64_t page = 2 << 20;
  DeviceMemory memory(8 * page);
  uint64_t base = memory.reserve(4 * page, page);
  ASSERT_NE(base, 0u);
  uint32_t word = 7;
  EXPECT_FALSE(memory.copyIn(base, &word, 4));
  uint64_t first = memory.create(page), second = memory.create(page);
  EXPECT_TRUE(memory.map(base, page, 0, first));
  EXPECT_FALSE(memory.map(base, page, 0, second));
  EXPECT_FALSE(memory.map(base + 4 * page, page, 0, second));
  EXPECT_TRUE(memory.map(base + page, page, 0, second));
  EXPECT_FALSE(memory.copyIn(base, &word, 4)); // No access yet.
  EXPECT_TRUE(memory.allow(base, 2 * page, true));
  std::vector<uint8_t> across(page, 9);
  EXPECT_TRUE(memory.copyIn(base + page / 2, across.data(), page));
  EXPECT_FALSE(memory.unreserve(base, 4 * page));
  EXPECT_FALSE(memory.unmap(base, page / 2));
  EXPECT_TRUE(memory.unmap(base, 2 * page));
  EXPECT_EQ(memory.used(), 2 * page);
  EXPECT_TRUE(memory.release(first));
  EXPECT_TRUE(memory.release(second));
  EXPECT_EQ(memory.used(), 0u);
  EXPECT_TRUE(memory.unreserve(base, 4 * page));
}
