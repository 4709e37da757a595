#include "runtime/support/OutputFile.h"
#include "runtime/support/TensorFile.h"
#include "test/unit/runtime/FakeBinary.h"

#include <filesystem>
#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::test;

TEST(Outputs, AreCheckedBeforeAnythingIsComputed) {
  Binary program;
  program.shell("ln -s /dev/full full.npy");
  // What else is wrong would be found by running.
  for (const char *words :
       {"run --ids=99999 --trace=/dev/full", "run --ids=99999 --trace=none/t.json",
        "logits --ids=99999 --out=none/x.npy", "logits --ids=99999 --out=full.npy",
        "inspect --report=/dev/full --measure", "inspect --report=none/r.html --measure",
        "inspect --memory-svg=/dev/full --report --measure"}) {
    Outcome outcome = program.run(words);
    EXPECT_EQ(outcome.exit, 73) << words << outcome.err;
    EXPECT_EQ(outcome.out, "") << words;
    EXPECT_NE(outcome.err.find("LLMC-E704"), std::string::npos) << outcome.err;
  }
  EXPECT_FALSE(std::filesystem::exists(program.beside("report.html")));
}

TEST(Outputs, OfGraphsAreCheckedBeforeTheRun) {
  Binary program;
  Tensor tensor{ElementType::F32, {4}, std::vector<std::byte>(16)};
  ASSERT_TRUE(writeNpy(program.beside("x.npy"), tensor));
  for (const char *words : {"--out=none/y.npy", "--trace=/dev/full --out=y.npy", "--out-dir=x.npy"}) {
    Outcome outcome = program.run(std::string("infer a=x.npy b=x.npy ") + words);
    EXPECT_EQ(outcome.exit, 73) << words << outcome.err;
    EXPECT_EQ(outcome.out, "") << words;
  }
  EXPECT_FALSE(std::filesystem::exists(program.beside("y.npy")));
}

TEST(Outputs, NeverReplaceTheirInputs) {
  Binary program;
  program.shell("echo abc >prompts.npy");
  for (const char *words : {"logits --prompts=prompts.npy --out=prompts.npy",
                            "run --prompts=prompts.npy --trace=./prompts.npy",
                            "run abc --trace=model.bin", "inspect --report=model.bin"}) {
    Outcome outcome = program.run(words);
    EXPECT_EQ(outcome.exit, 2) << words << outcome.err;
    EXPECT_NE(outcome.err.find("overwrite"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(readText(program.beside("prompts.npy")), "abc\n");
}

TEST(OutputFile, CheckLeavesNothingBehind) {
  TemporaryFile place("x");
  EXPECT_TRUE(OutputFile::check(place.folder() + "/a"));
  EXPECT_TRUE(std::filesystem::is_empty(place.folder()));
  EXPECT_FALSE(OutputFile::check(place.folder() + "/none/a"));
  EXPECT_FALSE(OutputFile::check("/dev/full"));
}
