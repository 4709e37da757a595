// Whole kernels on the simulated device, hand-written and as LLVM emits them.
#include "test/unit/sim/SimMachine.h"

#include "runtime/sim/ops/HalfLanes.h"

#include <fstream>
#include <numeric>
#include <random>
#include <sstream>

using namespace llmc;
using namespace llmc::sim;

static std::string sample(const std::string &name) {
  std::ifstream file(LLMC_TEST_DATA "/ptx/" + name);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

TEST(SimKernel, AddsVectorsAndGuardsTheTail) {
  SimMachine machine;
  std::vector<float> x(1000), y(1000);
  std::iota(x.begin(), x.end(), 0.0f);
  std::iota(y.begin(), y.end(), 0.5f);
  uint64_t a = machine.buffer(x), b = machine.buffer(y);
  uint64_t c = machine.scratch(4000);
  auto done = machine.run(ptxHeader() + R"(
.visible .entry add(.param .u64 a, .param .u64 b, .param .u64 c, .param .u64 n)
{
  .reg .pred %p<2>;
  .reg .b32 %r<6>;
  .reg .f32 %f<4>;
  .reg .b64 %rd<10>;
  ld.param.u64 %rd1, [a];
  ld.param.u64 %rd2, [b];
  ld.param.u64 %rd3, [c];
  ld.param.u64 %rd4, [n];
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mad.lo.s32 %r4, %r1, %r2, %r3;
  cvt.u64.u32 %rd5, %r4;
  setp.ge.u64 %p1, %rd5, %rd4;
  @%p1 bra $L_end;
  shl.b64 %rd6, %rd5, 2;
  add.s64 %rd7, %rd1, %rd6;
  add.s64 %rd8, %rd2, %rd6;
  add.s64 %rd9, %rd3, %rd6;
  ld.global.nc.f32 %f1, [%rd7];
  ld.global.f32 %f2, [%rd8];
  add.rn.f32 %f3, %f1, %f2;
  st.global.f32 [%rd9], %f3;
$L_end:
  ret;
}
)",
                          8, 128, {a, b, c, 1000});
  ASSERT_TRUE(done) << done.error().render();
  auto sum = machine.readBack<float>(c, 1000);
  for (size_t i = 0; i < 1000; ++i)
    EXPECT_EQ(sum[i], x[i] + y[i]);
}

TEST(SimKernel, ReducesThroughSharedMemoryAndBarriers) {
  SimMachine machine("sm_80");
  std::vector<float> x(256);
  std::iota(x.begin(), x.end(), 1.0f);
  uint64_t in = machine.buffer(x), out = machine.scratch(4);
  auto done = machine.run(ptxHeader("sm_80") + R"(
.shared .align 4 .b8 buffer[1024];
.visible .entry reduce(.param .u64 in, .param .u64 out)
{
  .reg .pred %p<4>;
  .reg .b32 %r<8>;
  .reg .f32 %f<8>;
  .reg .b64 %rd<8>;
  ld.param.u64 %rd1, [in];
  ld.param.u64 %rd2, [out];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd3, %r1, 4;
  add.s64 %rd4, %rd1, %rd3;
  ld.global.f32 %f1, [%rd4];
  mov.u32 %r2, buffer;
  shl.b32 %r3, %r1, 2;
  add.s32 %r4, %r2, %r3;
  st.shared.f32 [%r4], %f1;
  bar.sync 0;
  mov.u32 %r5, 128;
$L_loop:
  setp.ge.u32 %p1, %r1, %r5;
  @%p1 bra $L_skip;
  shl.b32 %r6, %r5, 2;
  add.s32 %r7, %r4, %r6;
  ld.shared.f32 %f2, [%r7];
  ld.shared.f32 %f3, [%r4];
  add.f32 %f4, %f2, %f3;
  st.shared.f32 [%r4], %f4;
$L_skip:
  bar.sync 0;
  shr.u32 %r5, %r5, 1;
  setp.ne.u32 %p2, %r5, 0;
  @%p2 bra $L_loop;
  setp.ne.u32 %p3, %r1, 0;
  @%p3 ret;
  ld.shared.f32 %f5, [%r2];
  st.global.f32 [%rd2], %f5;
  ret;
}
)",
                          1, 256, {in, out});
  ASSERT_TRUE(done) << done.error().render();
  EXPECT_EQ(machine.readBack<float>(out, 1)[0], 256 * 257 / 2.0f);
}

// llvm/scalar.ll through llc: calls with parameters, local memory, constants,
// bytes, a by-value array.
TEST(SimKernel, RunsWhatLlvmEmits) {
  SimMachine machine("sm_80");
  LoadedModule *module = machine.load(sample("scalar-sm80.ptx"));
  ASSERT_TRUE(module);
  std::vector<float> p(64);
  std::iota(p.begin(), p.end(), 1.0f);
  uint64_t buffer = machine.buffer(p);
  uint8_t q[128];
  for (unsigned i = 0; i < 128; ++i)
    q[i] = uint8_t(i);
  int8_t c = -3;
  uint16_t h = 0x3800; // 0.5
  const void *arguments[] = {&buffer, q, &c, &h};
  auto done = machine.device->launch(*module->find("k"),
                                     {{1, 1, 1}, {64, 1, 1}, 64}, arguments);
  ASSERT_TRUE(done) << done.error().render();
  auto result = machine.readBack<float>(buffer, 64);
  for (unsigned i = 1; i < 64; ++i) {
    float table[] = {1, 2, 3, 4};
    float before = (p[i] - 3 + table[i % 4]) * 0.5f;
    EXPECT_EQ(result[i], before > 0 ? std::exp2(before) : p[i]) << i;
  }
}

// gemm.ll through llc: cp.async, ldmatrix and mma.sync together.
TEST(SimKernel, MultipliesMatricesAsLlvmEmitsIt) {
  SimMachine machine("sm_80");
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<uint16_t> a(16 * 64), b(8 * 64);
  for (auto *list : {&a, &b})
    for (uint16_t &value : *list)
      value = brainOfFloat(normal(random));
  uint64_t d = machine.scratch(16 * 8 * 4);
  auto done = machine.run(sample("gemm-sm80.ptx"), 1, 32,
                          {machine.buffer(a), machine.buffer(b), d});
  ASSERT_TRUE(done) << done.error().render();
  auto result = machine.readBack<float>(d, 16 * 8);
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned column = 0; column < 8; ++column) {
      double exact = 0;
      for (unsigned k = 0; k < 64; ++k)
        exact += double(floatOfBrain(a[row * 64 + k])) *
                 floatOfBrain(b[column * 64 + k]);
      EXPECT_NEAR(result[row * 8 + column], exact, 1e-4);
    }
}
