// One planted fault for each space and rule: the report must say which kernel,
// which line of its PTX, which thread, and which address.
#include "test/unit/sim/SimMachine.h"

#include <algorithm>

using namespace llmc;
using namespace llmc::sim;

namespace {

struct Planted {
  const char *name;
  const char *body; ///< Its line with a `!` behind it is the faulty one.
  FaultKind kind;
  const char *thread;
  const char *address; ///< Of the report's reason.
};

/// %rd1: 256 floats, %rd2: the thread's, %r2: 1 KiB of shared memory, %r3: the
/// thread's word of it, %rd4: nothing has written it.
std::string kernelOf(const std::string &body) {
  return ptxHeader() + R"(
.const .align 16 .b8 table[16] = {1, 2, 3};
.shared .align 128 .b8 buffer[1024];
.visible .entry planted(.param .u64 p, .param .u64 q)
{
  .local .align 16 .b8 frame[64];
  .reg .pred %p<8>;
  .reg .b32 %r<32>;
  .reg .f32 %f<8>;
  .reg .b64 %rd<16>;
  ld.param.u64 %rd1, [p];
  ld.param.u64 %rd4, [q];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd3, %r1, 4;
  add.s64 %rd2, %rd1, %rd3;
  mov.u32 %r2, buffer;
  shl.b32 %r4, %r1, 2;
  add.s32 %r3, %r2, %r4;
  setp.eq.u32 %p1, %r1, 0;
)" + body +
         "\n  ret;\n}\n";
}

const Planted kPlanted[] = {
    {"GlobalBounds", "st.global.f32 [%rd2+900], 0f00000000;!",
     FaultKind::OutOfBounds, "(31,0,0)", "global address 0x"},
    {"GlobalAlignment", "ld.global.f32 %f1, [%rd2+2];!", FaultKind::Misaligned,
     "(0,0,0)", "no multiple of 4"},
    {"GlobalUnwritten", "ld.global.f32 %f1, [%rd4];!", FaultKind::Unwritten,
     "(0,0,0)", "nothing wrote the byte at 0x"},
    {"GlobalNull", "mov.u64 %rd5, 0;\nld.global.f32 %f1, [%rd5+8];!",
     FaultKind::OutOfBounds, "(0,0,0)", "global address 0x8"},
    {"SharedBounds", "st.shared.b32 [%r3+904], %r1;!", FaultKind::OutOfBounds,
     "(30,0,0)", "shared address 0x800"},
    {"SharedAlignment", "st.shared.b32 [%r3+1], %r1;!", FaultKind::Misaligned,
     "(0,0,0)", "address 0x401"},
    {"SharedUnwritten", "ld.shared.b32 %r5, [%r3+4];!", FaultKind::Unwritten,
     "(0,0,0)", "shared memory 0x404"},
    {"SharedRace", "st.shared.b32 [%r3], %r1;\nld.shared.b32 %r5, [%r2];!",
     FaultKind::Race, "(1,0,0)", "shared memory 0x400"},
    {"ParamBounds", "ld.param.u64 %rd5, [p+16];!", FaultKind::OutOfBounds,
     "(0,0,0)", "parameter address 0x10"},
    {"ParamAlignment", "ld.param.u64 %rd5, [p+4];!", FaultKind::Misaligned,
     "(0,0,0)", "address 0x4"},
    {"ConstBounds", "ld.const.b32 %r5, [table+16];!", FaultKind::OutOfBounds,
     "(0,0,0)", "the variable 'table'"},
    {"ConstAlignment", "ld.const.b32 %r5, [table+2];!", FaultKind::Misaligned,
     "(0,0,0)", "no multiple of 4"},
    {"LocalBounds", "mov.u64 %rd5, frame;\nst.local.b32 [%rd5+64], %r1;!",
     FaultKind::OutOfBounds, "(0,0,0)", "local address 0x440"},
    {"LocalAlignment", "mov.u64 %rd5, frame;\nst.local.b32 [%rd5+6], %r1;!",
     FaultKind::Misaligned, "(0,0,0)", "address 0x406"},
    {"LocalUnwritten", "mov.u64 %rd5, frame;\nld.local.b32 %r5, [%rd5+8];!",
     FaultKind::Unwritten, "(0,0,0)", "0x408: local memory"},
    {"GenericBounds", "cvta.shared.u64 %rd5, 1024;\nst.b32 [%rd5+1024], %r1;!",
     FaultKind::OutOfBounds, "(0,0,0)", "shared address 0x800"},
    {"CopyUsedEarly",
     "cp.async.ca.shared.global [%r3], [%rd2], 4;\n"
     "ld.shared.f32 %f1, [%r3];!",
     FaultKind::AsyncUse, "(0,0,0)", "shared memory 0x400"},
    {"BulkCopyUsedEarly",
     "@!%p1 exit;\nmbarrier.init.shared::cta.b64 [%r2], 1;\n"
     "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], 64;\n"
     "add.s32 %r5, %r2, 128;\n"
     "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
     "[%r5], [%rd1], 64, [%r2];\n"
     "ld.shared.f32 %f1, [%r2+128];!",
     FaultKind::AsyncUse, "(0,0,0)", "shared memory 0x480"},
    {"BulkSourceOverwritten",
     "@!%p1 exit;\nst.shared.v4.b32 [%r2], {%r1, %r1, %r1, %r1};\n"
     "cp.async.bulk.global.shared::cta.bulk_group [%rd1], [%r2], 16;\n"
     "cp.async.bulk.commit_group;\nst.shared.b32 [%r2+4], %r1;!",
     FaultKind::AsyncUse, "(0,0,0)", "shared memory 0x404"},
    {"BulkBounds",
     "@!%p1 exit;\nmbarrier.init.shared::cta.b64 [%r2], 1;\n"
     "add.s32 %r5, %r2, 128;\n"
     "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
     "[%r5], [%rd1+1008], 32, [%r2];!",
     FaultKind::OutOfBounds, "(0,0,0)", "allocation 1"},
    {"NoMbarrier", "mbarrier.arrive.shared.b64 %rd5, [%r2+8];!",
     FaultKind::Descriptor, "(0,0,0)", "shared memory 0x408"},
    {"NoTensorMap",
     "@!%p1 exit;\nmbarrier.init.shared::cta.b64 [%r2], 1;\n"
     "add.s32 %r5, %r2, 128;\nmov.b32 %r6, 0;\n"
     "cp.async.bulk.tensor.1d.shared::cluster.global."
     "mbarrier::complete_tx::bytes [%r5], [%rd1, {%r6}], [%r2];!",
     FaultKind::Descriptor, "(0,0,0)", "the 128 bytes at 0x"},
    {"BarrierOfFew", "@%p1 bar.sync 0;!", FaultKind::Barrier, "(0,0,0)",
     "1 of 32 lanes"},
};

class PlantedFaults : public testing::TestWithParam<Planted> {};

} // namespace

TEST_P(PlantedFaults, AreToldWithKernelLineThreadAndAddress) {
  const Planted &planted = GetParam();
  std::string ptx = kernelOf(planted.body);
  size_t mark = ptx.find(";!") + 1;
  ptx.erase(mark, 1);
  auto line = 1 + std::count(ptx.begin(), ptx.begin() + long(mark), '\n');
  SimMachine machine;
  uint64_t p = machine.buffer(std::vector<float>(256, 1.0f));
  auto done = machine.run(ptx, 1, 32, {p, machine.scratch(256)});
  ASSERT_FALSE(done);
  const Error &error = done.error();
  EXPECT_EQ(std::string(faultName(machine.device->lastFault().kind)),
            faultName(planted.kind))
      << error.render();
  for (const std::string &words :
       {std::string("the kernel 'planted' was stopped"),
        "PTX line " + std::to_string(line) + " `",
        "thread " + std::string(planted.thread), std::string(planted.address)})
    EXPECT_NE((error.what + "\n" + error.where + "\n" + error.why).find(words),
              std::string::npos)
        << words << "\n"
        << error.render();
}

INSTANTIATE_TEST_SUITE_P(Sim, PlantedFaults, testing::ValuesIn(kPlanted),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });
