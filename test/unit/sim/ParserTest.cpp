// PTX text that must load, and text that must be refused with its line.
#include "test/unit/sim/SimMachine.h"

#include "runtime/sim/ptx/Parser.h"

using namespace llmc;
using namespace llmc::sim;

static std::string inKernel(const std::string &body) {
  return ptxHeader() +
         ".visible .entry k(.param .u64 p)\n{\n"
         ".reg .pred %p<4>;\n.reg .b16 %rs<4>;\n"
         ".reg .b32 %r<4>;\n.reg .f32 %f<4>;\n"
         ".reg .b64 %rd<4>;\n" +
         body + "\nret;\n}\n";
}

/// Loading must fail; the message must name the line and hold the words.
static void refused(const std::string &ptx, unsigned line,
                    const std::string &words) {
  SimMachine machine;
  auto loaded = machine.device->load(ptx);
  ASSERT_FALSE(loaded) << ptx;
  std::string text = loaded.error().render();
  EXPECT_EQ(loaded.error().code, Code::BadPtx);
  if (line != 0) {
    EXPECT_NE(text.find("line " + std::to_string(line)), std::string::npos)
        << text;
  }
  EXPECT_NE(text.find(words), std::string::npos) << text;
}

TEST(PtxParser, NamesUnknownInstructionsAndModifiersWithTheirLine) {
  refused(inKernel("frobnicate.b32 %r1, %r2;"), 11,
          "unknown instruction 'frobnicate");
  refused(inKernel("\nadd.wobbly.s32 %r1, %r2, %r3;"), 12,
          "modifier '.wobbly'");
  refused(inKernel("ld.global.L9::evict.b32 %r1, [%rd1];"), 11, "L9::evict");
  refused(inKernel("mul.s32 %r1, %r2, %r3;"), 11, ".lo, .hi or .wide");
  refused(inKernel("mov.u32 %r1, %nosuchregister;"), 11, "not known");
  refused(inKernel("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 %r1, "
                   "%r1, %r1, %r1;"),
          11, "too few registers");
}

TEST(PtxParser, ChecksOperandsAgainstTypes) {
  refused(inKernel("add.s32 %r1, %r2, %rd1;"), 11, "does not fit");
  refused(inKernel("add.s32 %r1, %r2;"), 11, "operands");
  refused(inKernel("add.s32 5, %r2, %r1;"), 11, "destination");
  refused(inKernel("@%r1 ret;"), 11, "predicate");
  refused(inKernel("bra nowhere;"), 11, "'nowhere' is not declared");
  refused(inKernel("ld.global.v2.b32 {%r1}, [%rd1];"), 11, "elements");
  refused(inKernel("st.shared.b32 [p], %r1;"), 11, "another space");
}

TEST(PtxParser, RefusesTextThatIsNoModule) {
  refused("", 1, ".version");
  refused("hello", 1, ".version");
  refused(".version 12.0\n.target sm_80", 1, "6.0 to 9.0");
  refused(".version 8.0\n.target x86", 2, "sm_80");
  refused(ptxHeader() + ".visible .entry k(.param .u64 p)\n{\nret;", 6,
          "statement");
  refused(ptxHeader() + "/* no end", 4, "'/*'");
  refused(ptxHeader() + ".global .b32 a[4] = {1,2,3,4,5};", 4, "longer");
  refused(ptxHeader() + ".global .align 3 .b32 a;", 4, "power of two");
  refused(ptxHeader() + ".visible .func f();", 0, "not defined");
  refused(inKernel("{ .reg .b32 %x; }\nmov.b32 %x, 1;"), 12, "register");
}

TEST(PtxParser, BoundsWhatTextMayAskFor) {
  refused(inKernel(".reg .b32 %big<2000000000>;"), 11, "at most");
  refused(ptxHeader() + ".global .b8 a[9999999][9999999];", 4, "limit");
  refused(inKernel(std::string(100, '{')), 11, "nested");
  refused(inKernel("mov.b32 %r1, {{{{{{%r1}}}}}};"), 11, "nested");
  refused(inKernel(".shared .b8 big[2000000];"), 0, "too large");
  refused(ptxHeader() + ".visible .entry k(.param .b8 p[40000]) { ret; }", 0,
          "parameters are larger");
  refused(ptxHeader() +
              ".func f() { .reg .b32 %a<600000>; ret; }\n"
              ".visible .entry k() { .reg .b32 %b<600000>; call f; ret; }",
          0, "too many registers");
}

TEST(PtxParser, RefusesRecursionAndOtherTargets) {
  refused(ptxHeader() + R"(
.func f() { call f, (); ret; }
.visible .entry k() { call f, (); ret; }
)",
          0, "recursion");
  SimMachine old("sm_80");
  auto loaded = old.device->load(inKernel(""));
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().render().find("it is for sm_90a"),
            std::string::npos);
}

TEST(PtxParser, UnderstandsScopesLabelsAndDebugLines) {
  SimMachine machine;
  uint64_t out = machine.buffer(std::vector<uint32_t>(4));
  auto done = machine.run(ptxHeader() + R"(
.file 1 "kernel.mlir"
.global .align 4 .u32 numbers[4] = {1, 0x10, 010, -1};
.global .align 8 .u64 pointer = numbers;
.const .align 4 .f32 half[2] = {0f3F000000, 0.25};
.section .debug_str { .b8 1, 2 }
.visible .entry k(.param .u64 out)
.reqntid 1, 1, 1
{
  .loc 1 3 0
  .pragma "nounroll";
  .reg .b32 %r<8>;
  .reg .b64 %rd<4>;
  .reg .f32 %f<2>;
  .reg .pred %p;
  ld.param.u64 %rd1, [out];
  mov.b32 %r1, 0;
  { // two scopes, the same names
    .reg .b32 %t;
    .reg .pred %p;
    mov.b32 %t, 3;
  again:
    add.s32 %r1, %r1, %t;
    setp.lt.s32 %p, %r1, 9;
    @%p bra again;
  }
  { .reg .b32 %t; mov.b32 %t, 100;
  again:
    add.s32 %r1, %r1, %t;
    setp.lt.s32 %p, %r1, 200;
    @%p bra.uni again; }
  st.global.b32 [%rd1], %r1;
  ld.global.u64 %rd2, [pointer];
  ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd2];
  add.s32 %r2, %r2, %r3;
  add.s32 %r2, %r2, %r4;
  add.s32 %r2, %r2, %r5;
  st.global.b32 [%rd1+4], %r2;
  ld.const.f32 %f1, [half+4];
  st.global.f32 [%rd1+8], %f1;
  mov.b32 %r6, 2;
$targets: .branchtargets one, two, three;
  brx.idx %r6, $targets;
one: st.global.b32 [%rd1+12], 1;
  ret;
two: st.global.b32 [%rd1+12], 2;
  ret;
three: st.global.b32 [%rd1+12], 3;
  ret;
}
)",
                          1, 1, {out});
  ASSERT_TRUE(done) << done.error().render();
  auto values = machine.readBack<uint32_t>(out, 4);
  EXPECT_EQ(values[0], 209u);
  EXPECT_EQ(values[1], 1u + 16 + 8 - 1);
  EXPECT_EQ(floatOf(values[2]), 0.25f);
  EXPECT_EQ(values[3], 3u);
}
