// A planted fault for each kind of check, and beside it the same kernel
// without the fault.
#include "test/unit/sim/SimMachine.h"

using namespace llmc;
using namespace llmc::sim;

/// A kernel with registers for everything and `buffer`, 1 KiB of shared memory.
/// %r1: thread, %r2: &buffer, %r3: &buffer[thread], %rd1: the argument, %rd2:
/// the argument + 4 * thread.
static std::string kernel(const std::string &body) {
  return ptxHeader() + R"(
.shared .align 128 .b8 buffer[1024];
.visible .entry k(.param .u64 p)
{
  .local .align 16 .b8 frame[64];
  .reg .pred %p<8>;
  .reg .b16 %rs<8>;
  .reg .b32 %r<32>;
  .reg .f32 %f<32>;
  .reg .b64 %rd<16>;
  ld.param.u64 %rd1, [p];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd3, %r1, 4;
  add.s64 %rd2, %rd1, %rd3;
  mov.u32 %r2, buffer;
  shl.b32 %r4, %r1, 2;
  add.s32 %r3, %r2, %r4;
)" + body +
         "\n  ret;\n}\n";
}

class SimChecker : public testing::Test {
protected:
  void clean(const std::string &body, uint32_t threads = 64) {
    SimMachine machine;
    uint64_t p = machine.buffer(std::vector<float>(256, 1.0f));
    auto done = machine.run(kernel(body), 1, threads, {p});
    EXPECT_TRUE(done) << done.error().render();
  }
  /// The report must be of this kind, at the line with \p line in it, and hold
  /// all of \p words.
  void faulty(const std::string &body, FaultKind kind, const std::string &line,
              std::vector<std::string> words = {}, uint32_t threads = 64) {
    SimMachine machine;
    uint64_t p = machine.buffer(std::vector<float>(256, 1.0f));
    auto done = machine.run(kernel(body), 1, threads, {p});
    ASSERT_FALSE(done) << body;
    std::string report = done.error().render();
    const Fault &fault = machine.device->lastFault();
    EXPECT_EQ(faultName(fault.kind), std::string(faultName(kind))) << report;
    EXPECT_NE(fault.text.find(line), std::string::npos) << report;
    EXPECT_EQ(fault.kernel, "k");
    for (const std::string &word : words)
      EXPECT_NE(report.find(word), std::string::npos) << word << "\n" << report;
  }
};

TEST_F(SimChecker, FindsAccessesOutOfBounds) {
  clean("st.global.f32 [%rd2], 0f00000000;", 256);
  faulty("st.global.f32 [%rd2+4], 0f00000000;", FaultKind::OutOfBounds,
         "st.global.f32", {"thread (255,0,0)", "0 bytes behind allocation 1"},
         256);
  faulty("ld.global.f32 %f1, [%rd3];", FaultKind::OutOfBounds, "ld.global",
         {"no memory of the device"});
  faulty("st.shared.b32 [%r3+768], %r1;", FaultKind::OutOfBounds, "st.shared",
         {"the block has 1024 bytes", "thread (64,0,0)"}, 128);
  faulty("mov.u64 %rd4, frame; st.local.b32 [%rd4+64], %r1;",
         FaultKind::OutOfBounds, "st.local", {"the thread has 64 bytes"});
  faulty("ld.global.v4.f32 {%f1,%f2,%f3,%f4}, [%rd1+1016];",
         FaultKind::Misaligned, "ld.global.v4");
}

TEST_F(SimChecker, FindsMisalignedAccesses) {
  faulty("ld.global.f32 %f1, [%rd2+2];", FaultKind::Misaligned, "ld.global");
  faulty("st.shared.v2.b32 [%r3], {%r1, %r1};", FaultKind::Misaligned,
         "st.shared.v2", {"thread (1,0,0)"});
}

TEST_F(SimChecker, FindsReadsOfWhatNothingWrote) {
  faulty("ld.shared.b32 %r5, [%r3];", FaultKind::Unwritten, "ld.shared",
         {"nothing in this block wrote shared memory 0x400"});
  clean("st.shared.b32 [%r3], %r1; ld.shared.b32 %r5, [%r3];");
  faulty("mov.u64 %rd4, frame; st.local.b16 [%rd4], %rs1;\n"
         "ld.local.b32 %r5, [%rd4];",
         FaultKind::Unwritten, "ld.local", {"local memory"});
  SimMachine machine;
  auto done = machine.run(kernel("ld.global.f32 %f1, [%rd2];"), 1, 1,
                          {machine.scratch(1024)});
  ASSERT_FALSE(done);
  EXPECT_EQ(machine.device->lastFault().kind, FaultKind::Unwritten);
}

TEST_F(SimChecker, FindsRacesBetweenBarriers) {
  // Each thread reads its neighbour's word.
  std::string write = "st.shared.b32 [%r3], %r1;\n";
  std::string read = "xor.b32 %r5, %r4, 128; add.s32 %r6, %r2, %r5;\n"
                     "ld.shared.b32 %r7, [%r6];\n";
  clean(write + "bar.sync 0;\n" + read);
  faulty(write + read, FaultKind::Unwritten, "ld.shared");
  std::string prepared = "st.shared.b32 [%r3], 0; bar.sync 0;\n";
  // The warp that comes second stumbles, whichever it is.
  faulty(prepared + write + read, FaultKind::Race, ".shared.b32",
         {"nothing orders this write", "after the read by thread"});
  faulty(prepared + read + write, FaultKind::Race, ".shared.b32",
         {"nothing orders this read", "after the write by thread"});
  clean(prepared + read + "bar.sync 0;\n" + write);
  faulty("st.shared.b32 [%r2], %r1;", FaultKind::Race, "st.shared",
         {"after the write by thread"});
  // All write the same value: no matter who wins.
  clean("st.shared.b32 [%r2], 7;", 32);
  clean("st.shared.b32 [%r3], 0; bar.sync 0;\n"
        "atom.shared.add.u32 %r5, [%r2], 1;");
}

TEST_F(SimChecker, LanesOfAWarpNeedAWarpBarrier) {
  std::string write = "st.shared.b32 [%r3], %r1;\n";
  std::string read = "xor.b32 %r5, %r4, 4; add.s32 %r6, %r2, %r5;\n"
                     "ld.shared.b32 %r7, [%r6];\n";
  clean(write + "bar.warp.sync 0xFFFFFFFF;\n" + read, 32);
  faulty(write + read, FaultKind::Race, "ld.shared", {}, 32);
}

TEST_F(SimChecker, NeighboursInAWordDoNotRace) {
  clean("add.s32 %r8, %r2, %r1; cvt.u16.u32 %rs1, %r1;\n"
        "st.shared.b8 [%r8], %rs1; ld.shared.u8 %rs2, [%r8];");
  clean("shl.b32 %r8, %r1, 1; add.s32 %r8, %r2, %r8; cvt.u16.u32 %rs1, %r1;\n"
        "st.shared.b16 [%r8], %rs1; bar.sync 0;\n"
        "setp.lt.u32 %p1, %r1, 16; @%p1 ld.shared.b32 %r9, [%r3];",
        32);
}

TEST_F(SimChecker, FindsAsyncCopiesUsedBeforeTheirWait) {
  std::string copy = "cp.async.ca.shared.global [%r3], [%rd2], 4;\n"
                     "cp.async.commit_group;\n";
  std::string use = "ld.shared.f32 %f1, [%r3];\n";
  clean(copy + "cp.async.wait_group 0;\n" + use);
  faulty(copy + use, FaultKind::AsyncUse, "ld.shared",
         {"not waited for", "cp.async.ca"});
  faulty(copy + copy + "cp.async.wait_group 1;\n" + use, FaultKind::AsyncUse,
         "cp.async.ca");
  faulty(copy + "cp.async.wait_group 1;\n" + use, FaultKind::AsyncUse,
         "ld.shared");
  // Waiting is each thread's own: others need a barrier as well.
  std::string other = "xor.b32 %r5, %r4, 128; add.s32 %r6, %r2, %r5;\n"
                      "ld.shared.b32 %r7, [%r6];\n";
  faulty(copy + "cp.async.wait_all;\nbar.sync 0;\nst.shared.b32 [%r3], 1;\n" +
             other,
         FaultKind::Race, ".shared.b32");
  clean(copy + "cp.async.wait_all;\nbar.sync 0;\n" + other);
}

TEST_F(SimChecker, FindsBarriersThatNotAllLanesReach) {
  faulty("setp.lt.u32 %p1, %r1, 16; @%p1 bar.sync 0;", FaultKind::Barrier,
         "bar.sync", {"16 of 32 lanes"});
  faulty("setp.lt.u32 %p1, %r1, 32; @%p1 bar.sync 0, 96;", FaultKind::Deadlock,
         "bar.sync", {"no warp can go on", "32 of 96 threads"});
  faulty("bar.sync 0, 48;", FaultKind::Barrier, "bar.sync",
         {"no multiple of 32"});
  clean("setp.lt.u32 %p1, %r1, 32; @%p1 bra $one; bar.sync 1, 32; bra $end;\n"
        "$one: bar.sync 2, 32;\n$end: bar.sync 0;");
  faulty("setp.lt.u32 %p1, %r1, 32; @%p1 bra $one; bar.sync 1, 64; bra $end;\n"
         "$one: bar.sync 2, 64;\n$end:",
         FaultKind::Deadlock, "bar.sync");
  faulty("setp.lt.u32 %p1, %r1, 4; @%p1 exit;\n"
         "shfl.sync.idx.b32 %r5, %r1, 0, 31, 0xF;",
         FaultKind::Barrier, "shfl.sync", {"member mask"});
}

TEST_F(SimChecker, FindsWrongMbarriers) {
  std::string init = "setp.eq.u32 %p1, %r1, 0;\n"
                     "@%p1 mbarrier.init.shared.b64 [%r2], 64;\n";
  std::string arrive = "mbarrier.arrive.shared.b64 %rd4, [%r2];\n";
  std::string wait = "$w: mbarrier.try_wait.shared.b64 %p2, [%r2], %rd4;\n"
                     "@!%p2 bra $w;\n";
  clean(init + "bar.sync 0;\n" + arrive + wait);
  faulty(arrive, FaultKind::Descriptor, "mbarrier.arrive",
         {"no initialised mbarrier"});
  faulty(init + arrive, FaultKind::Race, "mbarrier.arrive");
  faulty("setp.eq.u32 %p1, %r1, 0;\n"
         "@%p1 mbarrier.init.shared.b64 [%r2], 128;\nbar.sync 0;\n" +
             arrive + wait,
         FaultKind::Deadlock, "");
}

TEST_F(SimChecker, MbarriersOrderSharedMemory) {
  std::string init = "setp.eq.u32 %p1, %r1, 0;\n"
                     "@%p1 mbarrier.init.shared.b64 [%r2+512], 64;\n"
                     "bar.sync 0;\nst.shared.b32 [%r3], %r1;\n";
  std::string arrive = "mbarrier.arrive.shared.b64 %rd4, [%r2+512];\n";
  std::string wait = "$w: mbarrier.try_wait.shared.b64 %p2, [%r2+512], %rd4;\n"
                     "@!%p2 bra $w;\n";
  std::string read = "xor.b32 %r5, %r4, 128; add.s32 %r6, %r2, %r5;\n"
                     "ld.shared.b32 %r7, [%r6];\n";
  clean(init + arrive + wait + read);
  faulty("st.shared.b32 [%r3], 0;\n" + init + arrive + read, FaultKind::Race,
         ".shared.b32");
}

TEST_F(SimChecker, ReportsTraps) {
  faulty("trap;", FaultKind::Trap, "trap");
  faulty("$l: bra $l;", FaultKind::Limit, "bra");
}

TEST_F(SimChecker, ReadsInFlightAreBounded) {
  faulty("st.shared.v4.b32 [%r2], {%r1, %r1, %r1, %r1};\n$l:\n"
         "cp.async.bulk.global.shared::cta.bulk_group [%rd1], [%r2], 16;\n"
         "bra $l;",
         FaultKind::Limit, "cp.async.bulk", {"has waited for none"}, 1);
}

TEST_F(SimChecker, ABlockTakesABoundedPartOfTheHost) {
  SimMachine machine;
  auto done = machine.run(ptxHeader() + ".visible .entry k()\n{\n"
                                        ".local .b8 large[500000];\nret;\n}\n",
                          1, 1024, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(machine.device->problem(), LaunchProblem::Resources);
  EXPECT_NE(done.error().why.find("MiB of the host"), std::string::npos)
      << done.error().render();
}

TEST_F(SimChecker, ChecksCanBeTurnedOff) {
  Checks none;
  none.unwritten = none.races = false;
  SimMachine machine("sm_90a", none);
  auto done = machine.run(kernel("ld.shared.b32 %r5, [%r3];\n"
                                 "st.shared.b32 [%r2], %r1;"),
                          1, 64, {machine.scratch(16)});
  EXPECT_TRUE(done) << done.error().render();
}
