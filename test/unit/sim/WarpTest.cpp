// Divergence, and what the lanes of a warp do together.
#include "test/unit/sim/SimMachine.h"

using namespace llmc;
using namespace llmc::sim;

/// Runs 32 (or more) threads; each stores %r1, which begins as its number.
static std::vector<uint32_t> lanes(const std::string &body,
                                   uint32_t threads = 32) {
  SimMachine machine;
  uint64_t out = machine.buffer(std::vector<uint32_t>(threads));
  auto done = machine.run(ptxHeader() + R"(
.visible .entry k(.param .u64 out)
{
  .reg .pred %p<8>;
  .reg .b32 %r<16>;
  .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [out];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd2, %r1, 4;
  add.s64 %rd1, %rd1, %rd2;
)" + body + "\n  st.global.b32 [%rd1], %r1;\n  ret;\n}\n",
                          1, threads, {out});
  EXPECT_TRUE(done) << (done ? "" : done.error().render());
  return machine.readBack<uint32_t>(out, threads);
}

TEST(SimWarp, DivergentPathsJoinAgain) {
  auto result = lanes(R"(
  and.b32 %r2, %r1, 1;
  setp.eq.u32 %p1, %r2, 0;
  @%p1 bra $even;
  add.s32 %r1, %r1, 100;
  bra $join;
$even:
  add.s32 %r1, %r1, 200;
$join:
  activemask.b32 %r3;
  setp.ne.u32 %p2, %r3, -1;
  @%p2 mov.b32 %r1, 0;
)");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(result[i], i + (i % 2 ? 100 : 200));
}

// As LLVM lays blocks out at times; the lanes that come early wait.
TEST(SimWarp, PathsJoinAtAProductInFrontOfTheirBranch) {
  auto result = lanes(R"(
  mov.b32 %r4, 0;
  mov.b32 %r5, 0;
  bra $start;
$join:
  mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32
    {%r6, %r7}, {%r4}, {%r5}, {%r4, %r5};
  add.s32 %r1, %r1, %r6;
  bra $end;
$start:
  setp.lt.u32 %p1, %r1, 16;
  @!%p1 bra $join;
  add.s32 %r1, %r1, 100;
  bra $join;
$end:
)");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(result[i], i + (i < 16 ? 100 : 0));
}

TEST(SimWarp, LoopsEndForEachLaneAlone) {
  auto result = lanes(R"(
  mov.b32 %r2, 0;
  mov.b32 %r3, %r1;
$loop:
  setp.eq.u32 %p1, %r3, 0;
  @%p1 bra $end;
  add.s32 %r2, %r2, %r3;
  sub.s32 %r3, %r3, 1;
  bra $loop;
$end:
  mov.b32 %r1, %r2;
)");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(result[i], i * (i + 1) / 2);
}

TEST(SimWarp, ShufflesInEveryMode) {
  auto down = lanes("shfl.sync.down.b32 %r1|%p1, %r1, 3, 31, -1;");
  auto up = lanes("shfl.sync.up.b32 %r1, %r1, 3, 0, -1;");
  auto butterfly = lanes("shfl.sync.bfly.b32 %r1, %r1, 5, 31, -1;");
  auto index = lanes("shfl.sync.idx.b32 %r1, %r1, 7, 31, -1;");
  // Segments of eight lanes.
  auto segment = lanes("shfl.sync.idx.b32 %r1, %r1, 2, 0x181F, -1;");
  for (uint32_t i = 0; i < 32; ++i) {
    EXPECT_EQ(down[i], i + 3 < 32 ? i + 3 : i);
    EXPECT_EQ(up[i], i >= 3 ? i - 3 : i);
    EXPECT_EQ(butterfly[i], i ^ 5);
    EXPECT_EQ(index[i], 7u);
    EXPECT_EQ(segment[i], i / 8 * 8 + 2);
  }
}

TEST(SimWarp, VotesMatchesAndReduces) {
  std::string odd = "and.b32 %r2, %r1, 1; setp.ne.u32 %p1, %r2, 0;\n";
  for (uint32_t value : lanes(odd + "vote.sync.ballot.b32 %r1, %p1, -1;"))
    EXPECT_EQ(value, 0xAAAAAAAAu);
  for (uint32_t value :
       lanes(odd + "vote.sync.any.pred %p2, %p1, -1;\n"
                   "vote.sync.all.pred %p3, !%p1, -1;\n"
                   "selp.b32 %r1, 1, 0, %p2; @%p3 add.s32 %r1, %r1, 2;"))
    EXPECT_EQ(value, 1u);
  for (uint32_t value : lanes("redux.sync.add.s32 %r1, %r1, -1;"))
    EXPECT_EQ(value, 496u);
  for (uint32_t value :
       lanes("sub.s32 %r1, %r1, 9; redux.sync.min.s32 %r1, %r1, -1;"))
    EXPECT_EQ(int32_t(value), -9);
  auto groups = lanes("shr.u32 %r2, %r1, 3; match.any.sync.b32 %r1, %r2, -1;");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(groups[i], 0xFFu << i / 8 * 8);
  auto leader = lanes("elect.sync %r2|%p1, -1; selp.b32 %r1, 1, 0, %p1;");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(leader[i], i == 0 ? 1u : 0u);
}

TEST(SimWarp, LanesWaitForOthersAtAWarpBarrier) {
  // The upper half computes longer and stands later in the text.
  auto result = lanes(R"(
  setp.ge.u32 %p1, %r1, 16;
  @%p1 bra $late;
  bar.warp.sync -1;
  bra $join;
$late:
  add.s32 %r1, %r1, 1000;
  bar.warp.sync -1;
$join:
  shfl.sync.bfly.b32 %r1, %r1, 16, 31, -1;
)");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(result[i], i < 16 ? i + 1016 : i - 16);
}

TEST(SimWarp, LanesOfADivergentWarpMeetBeforeAnAlignedBarrier) {
  // The branch of the odd lanes stands behind the barrier in the text, as
  // compilers like to lay out what is rarely taken.
  auto result = lanes(R"(
  and.b32 %r2, %r1, 1;
  setp.ne.u32 %p1, %r2, 0;
  @%p1 bra $odd;
$join:
  bar.sync 0;
  bra $end;
$odd:
  add.s32 %r1, %r1, 100;
  bra $join;
$end:
)",
                      64);
  for (uint32_t i = 0; i < 64; ++i)
    EXPECT_EQ(result[i], i % 2 ? i + 100 : i);
}

TEST(SimWarp, BarriersReduceOverTheBlock) {
  auto result = lanes("and.b32 %r2, %r1, 3; setp.eq.u32 %p1, %r2, 0;\n"
                      "bar.red.popc.u32 %r3, 0, %p1;\n"
                      "bar.red.and.pred %p2, 0, %p1;\n"
                      "bar.red.or.pred %p3, 0, !%p1;\n"
                      "mov.b32 %r1, %r3; @%p2 add.s32 %r1, %r1, 100;\n"
                      "@%p3 add.s32 %r1, %r1, 1000;",
                      96);
  for (uint32_t value : result)
    EXPECT_EQ(value, 1024u);
}

TEST(SimWarp, WarpsOfABlockHandOverByNamedBarriers) {
  auto result = lanes(R"(
  setp.ge.u32 %p1, %r1, 32;
  @%p1 bra $consumer;
  bar.arrive 3, 64;
  bar.sync 4, 64;
  bra $end;
$consumer:
  bar.sync 3, 64;
  bar.arrive 4, 64;
$end:
)",
                      64);
  EXPECT_EQ(result[63], 63u);
}

TEST(SimWarp, BlocksMayWaitForLaterBlocks) {
  // Each block adds one to a counter and waits until all have.
  SimMachine machine;
  uint64_t counter = machine.buffer(std::vector<uint32_t>(1));
  auto done = machine.run(ptxHeader() + R"(
.visible .entry k(.param .u64 counter)
{
  .reg .pred %p;
  .reg .b32 %r<4>;
  .reg .b64 %rd;
  ld.param.u64 %rd, [counter];
  mov.u32 %r1, %nctaid.x;
  atom.global.add.u32 %r2, [%rd], 1;
$wait:
  ld.acquire.gpu.global.u32 %r3, [%rd];
  setp.lt.u32 %p, %r3, %r1;
  @%p bra $wait;
  ret;
}
)",
                          8, 1, {counter});
  EXPECT_TRUE(done) << done.error().render();
}
