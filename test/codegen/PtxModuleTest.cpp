#include "codegen/nvptx/PtxModule.h"

#include "gtest/gtest.h"

using namespace llmc;
using namespace llmc::codegen;

namespace {

KernelObject object(const std::string &name, const std::string &version = "7.0",
                    const std::string &symbol = "") {
  std::string entry = symbol.empty() ? "k_" + name : symbol;
  return {name, "sm_80", entry,
          "// llmc: threads 256, shared 1024, rows 8\n//\n// Generated\n//\n\n"
          ".version " + version + "\n.target sm_80\n.address_size 64\n\n"
          ".extern .shared .align 128 .b8 shared[];\n"
          ".visible .entry " + entry + "(\n\t.param .u64 a\n)\n{\n\t.reg .b64 %rd<2>;\n"
          "\tld.param.b64 %rd1, [a];\n\tret;\n}\n"};
}

size_t count(const std::string &text, const std::string &part) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at)
    ++found;
  return found;
}

TEST(PtxModule, HasOneHeaderOverAllKernels) {
  auto module = joinPtx({object("a"), object("b", "8.0")}, "sm_80");
  ASSERT_TRUE(module) << module.error().why;
  EXPECT_EQ(module->text.find(".version 8.0\n.target sm_80\n.address_size 64\n"), 0u);
  EXPECT_EQ(count(module->text, ".version"), 1u);
  EXPECT_EQ(count(module->text, ".extern .shared"), 1u);
  EXPECT_EQ(count(module->text, ".visible .entry"), 2u);
  ASSERT_EQ(module->entries.size(), 2u);
  EXPECT_EQ(module->entries[1].symbol, "k_b");
  EXPECT_EQ(module->entries[1].figures.sharedBytes, 1024);
}

TEST(PtxModule, HasTheVersionThatItsLevelNeeds) {
  KernelObject lesser = object("a");
  lesser.level = "sm_90a";
  auto module = joinPtx({lesser}, "sm_90a");
  ASSERT_TRUE(module) << module.error().why;
  EXPECT_EQ(module->text.find(".version 8.0\n.target sm_90a\n"), 0u);
}

TEST(KernelFigures, AreReadAsTheyWereTold) {
  KernelFigures figures{256, 98368, 128, {}};
  EXPECT_EQ(figures.text(), "// llmc: threads 256, shared 98368, rows 128\n");
  figures.tensors = {{0, 0, 2, 128, {{4096, 2, 0, 64}, {0, 8192, 1, 128}}},
                     {1, 64, 1, 0, {{128, 1, 0, 128}}}};
  std::string text = figures.text();
  EXPECT_EQ(text, "// llmc: threads 256, shared 98368, rows 128, tensor 0 + 0 of 2, "
                  "swizzle 128: 4096 by 2 box 64, #1 by 8192 box 128, tensor 1 + 64 of 1, "
                  "swizzle 0: 128 by 1 box 128\n");
  auto read = KernelFigures::of(text + "//\n");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->tensors, figures.tensors);
  EXPECT_EQ(read->rowsPerBlock, 128);
  EXPECT_FALSE(KernelFigures::of("// llmc: threads 256, shared 0, rows 0, tensor 1\n"));
  EXPECT_FALSE(KernelFigures::of("// llmc: threads 256, shared 0, rows 0 or more\n"));
}

TEST(PtxModule, HasEqualKernelsOnce) {
  auto module = joinPtx({object("a", "7.0", "k_same"), object("b", "7.0", "k_same")}, "sm_80");
  ASSERT_TRUE(module) << module.error().why;
  EXPECT_EQ(count(module->text, ".visible .entry"), 1u);
  EXPECT_EQ(module->entries.size(), 2u);
}

TEST(PtxModule, SkipsObjectsOfOtherLevels) {
  auto module = joinPtx({object("a")}, "sm_90a");
  ASSERT_TRUE(module);
  EXPECT_TRUE(module->entries.empty());
}

TEST(PtxModule, RefusesWhatIsNoPtx) {
  KernelObject elf{"a", "sm_80", "k_a", "\x7f" "ELF"};
  EXPECT_FALSE(joinPtx({elf}, "sm_80"));
  KernelObject twice = object("b");
  twice.object += ".func k_a()\n{\n}\n";
  auto module = joinPtx({object("a"), twice}, "sm_80");
  ASSERT_FALSE(module);
  EXPECT_NE(module.error().why.find("k_a"), std::string::npos);
}

TEST(PtxModule, IsAssembledWherePtxasIs) {
  std::string ptxas = findPtxas();
  if (ptxas.empty())
    GTEST_SKIP() << "there is no ptxas";
  auto module = joinPtx({object("a"), object("b")}, "sm_80");
  ASSERT_TRUE(module);
  Status status = assemble(*module, ptxas);
  ASSERT_TRUE(status) << status.error().why;
  EXPECT_EQ(module->cubin.substr(1, 3), "ELF");
  EXPECT_GT(module->entries[0].registers, 0u);
  EXPECT_EQ(module->entries[0].spillBytes, 0u);
}

TEST(PtxModule, ThatPtxasRefusesSaysWhy) {
  std::string ptxas = findPtxas();
  if (ptxas.empty())
    GTEST_SKIP() << "there is no ptxas";
  KernelObject wrong = object("a");
  wrong.object.replace(wrong.object.find("\tret;"), 5, "\tbogus.u32;");
  auto module = joinPtx({wrong}, "sm_80");
  ASSERT_TRUE(module);
  Status status = assemble(*module, ptxas);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().why.find("bogus"), std::string::npos) << status.error().why;
}

TEST(PtxModule, IsNotSaidToBeRefusedByWhatDoesNotStart) {
  auto module = joinPtx({object("a")}, "sm_80");
  ASSERT_TRUE(module);
  Status status = assemble(*module, "/nonexistent/ptxas");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find("cannot be started"), std::string::npos)
      << status.error().what;
  EXPECT_NE(status.error().why.find("No such file"), std::string::npos) << status.error().why;
}

TEST(PtxModule, IsNotAssembledByWhatWritesNothing) {
  auto module = joinPtx({object("a")}, "sm_80");
  ASSERT_TRUE(module);
  Status status = assemble(*module, "/bin/true");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().where, "/bin/true");
  EXPECT_NE(status.error().fix.find("LLMC_PTXAS"), std::string::npos);
}

} // namespace
