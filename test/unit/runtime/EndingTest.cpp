// How a model.bin ends that was stopped, failed or was called wrongly.
#include "runtime/support/Npy.h"
#include "test/unit/runtime/FakeBinary.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::test;

namespace {

void expectPart(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

} // namespace

TEST(Interruption, EndsWithOneLineAndItsExitCode) {
  Binary program(false);
  for (auto [signal, exit] :
       {std::pair(SIGINT, 130), std::pair(SIGTERM, 143), std::pair(SIGHUP, 129)}) {
    Outcome outcome = program.stop("bench -r 1000000", signal, 200);
    EXPECT_EQ(outcome.exit, exit);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "error: interrupted [LLMC-E901]\n");
  }
}

TEST(Interruption, IsAnObjectWhereJsonIsWanted) {
  Outcome outcome = Binary(false).stop("bench -r 1000000 --json", SIGTERM, 200);
  EXPECT_EQ(outcome.exit, 143);
  EXPECT_TRUE(outcome.out.starts_with(
      R"({"version":1,"error":{"code":"LLMC-E901","exit":143,)")) << outcome.out;
}

TEST(Interruption, IsNotWaitedForInALongText) {
  Binary program;
  std::string text(40 << 20, 'a');
  writeBytes(program.beside("long.txt"), std::as_bytes(std::span(text)));
  for (int milliseconds : {20, 150, 600}) {
    auto begin = std::chrono::steady_clock::now();
    Outcome outcome = program.stop("eval --text=long.txt", SIGINT, milliseconds);
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(outcome.exit, 130) << outcome.err;
    EXPECT_LT(took.count(), milliseconds / 1000.0 + 1);
  }
}

TEST(Crash, IsToldInTextAndJson) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer handles crashes itself";
#endif
  Outcome outcome = Binary(false).stop("bench -r 1000000 --json", SIGSEGV, 200);
  EXPECT_EQ(outcome.exit, 70);
  expectPart(outcome.err, "LLMC-E900");
  expectPart(outcome.err, "try: please report");
  expectPart(outcome.out, R"("code":"LLMC-E900","exit":70)");
}

TEST(JsonError, HoldsWhatStderrTells) {
  Binary program;
  for (auto [words, code, exit] :
       {std::tuple("run --ids=1,97 --json", "LLMC-E502", 65),
        std::tuple("run --json --tempratur=1 x", "LLMC-E101", 2),
        std::tuple("eval --text=none.txt --json", "LLMC-E701", 66),
        std::tuple("infer a --json", "LLMC-E504", 65),
        std::tuple("compile x --json", "LLMC-E104", 2)}) {
    Outcome outcome = program.run(words);
    EXPECT_EQ(outcome.exit, exit) << outcome.err;
    expectPart(outcome.err, code);
    EXPECT_TRUE(outcome.out.starts_with(R"({"version":1,"error":{"code":")" +
                                        std::string(code) + R"(","exit":)" +
                                        std::to_string(exit) + ",")) << outcome.out;
    EXPECT_TRUE(outcome.out.ends_with("}}\n")) << outcome.out;
  }
  EXPECT_EQ(program.run("run --stop=x --ids=1,97 -- --json").out, "");
}

TEST(Errors, NameTheFileAsItWasCalled) {
  Binary program;
  std::filesystem::resize_file(program.file.path(),
                               std::filesystem::file_size(program.file.path()) - 1);
  Outcome direct = program.run("--ids=1");
  EXPECT_EQ(direct.exit, 65);
  expectPart(direct.err, "at:  ./model.bin\n");
  Outcome byPath = program.shell("PATH=$PWD:$PATH; model.bin inspect");
  EXPECT_EQ(byPath.exit, 65);
  expectPart(byPath.err, "at:  " + program.file.path() + "\n");
  Outcome link = program.shell("ln -s model.bin other; ./other verify --json");
  expectPart(link.err, "at:  ./other\n");
  expectPart(link.out, R"("where":"./other")");
  for (const std::string &text : {direct.err, byPath.err, link.err})
    EXPECT_EQ(text.find("/proc"), std::string::npos) << text;
}

TEST(Errors, TellThatLlmcCompiles) {
  Outcome outcome = Binary().run("compile model.onnx");
  EXPECT_EQ(outcome.exit, 2);
  expectPart(outcome.err, "try: llmc compile model.onnx -o model.bin");
}

TEST(Outputs, NeverOverwriteWhatIsRead) {
  Binary program;
  std::vector<std::byte> before = readBytes(program.file.path());
  ASSERT_EQ(program.run("logits --ids=1,2 --out=l.npy").exit, 0);
  Tensor tensor{ElementType::F32, {1}, std::vector<std::byte>(4)};
  ASSERT_TRUE(writeNpy(program.beside("a.npy"), tensor));
  ASSERT_EQ(program.shell("ln -s model.bin link; ln a.npy hard; mkdir d").exit, 0);
  for (const char *words :
       {"logits --ids=1 --out=model.bin", "logits --ids=1 --out=d/../link",
        "run --ids=1 -n 1 --trace=model.bin", "inspect --memory-svg=model.bin",
        "infer a=a.npy b=a.npy --out=model.bin", "infer a=a.npy b=a.npy --out=hard",
        "infer a=a.npy b=a.npy --trace=a.npy", "infer a=a.npy b=a.npy --expect=a.npy --out=hard",
        "infer a=a.npy b=a.npy --out=x.npy --trace=x.npy"}) {
    Outcome outcome = program.run(words);
    EXPECT_EQ(outcome.exit, 2) << words << "\n" << outcome.err;
    expectPart(outcome.err, "overwrite");
    EXPECT_EQ(outcome.err.find("/proc"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(readBytes(program.file.path()), before);
  EXPECT_EQ(readBytes(program.beside("a.npy")), formatNpy(tensor));
}

TEST(Inputs, ThatAreNoFilesAreRefusedAtOnce) {
  Binary program;
  ASSERT_EQ(program.shell("mkfifo fifo.npy; mkdir folder").exit, 0);
  for (const char *words :
       {"eval --text=folder", "run --prompts=folder", "infer a=fifo.npy b=fifo.npy",
        "infer a=folder", "infer a=/dev/zero"}) {
    Outcome outcome = program.shell("timeout 5 ./model.bin " + std::string(words));
    EXPECT_EQ(outcome.exit, 66) << words << outcome.err;
    expectPart(outcome.err, "LLMC-E706");
    expectPart(outcome.err, "try: ");
  }
}
