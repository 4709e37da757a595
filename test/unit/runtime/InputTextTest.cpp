#include "runtime/verbs/InputText.h"
#include "test/unit/runtime/FakeBinary.h"

#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::test;

namespace {

void write(const Binary &program, const char *name, const std::string &text) {
  writeBytes(program.beside(name), std::as_bytes(std::span(text)));
}

} // namespace

TEST(InputText, ComesFromWhateverCanBeRead) {
  Binary program;
  write(program, "prompts.txt", "abc\n\nde\n");
  Outcome file = program.run("run -n 5 --prompts=prompts.txt");
  ASSERT_EQ(file.exit, 0) << file.err;
  for (const char *command :
       {"mkfifo pipe; cat prompts.txt >pipe & ./model.bin run -n 5 --prompts=pipe",
        "./model.bin run -n 5 --prompts=- <prompts.txt",
        "cat prompts.txt | ./model.bin run -n 5 --prompts=-",
        "cat prompts.txt | ./model.bin run -n 5 --prompts=/dev/stdin"}) {
    Outcome outcome = program.shell(command);
    EXPECT_EQ(outcome.exit, 0) << command << outcome.err;
    EXPECT_EQ(outcome.out, file.out) << command;
  }
  Outcome judged = program.run("eval --text=prompts.txt");
  EXPECT_EQ(judged.exit, 0) << judged.err;
  EXPECT_EQ(program.shell("cat prompts.txt | ./model.bin eval --text=-").out, judged.out);
}

TEST(InputText, OfAFileWithoutASizeIsReadAllTheSame) {
  auto status = InputText::read("/proc/self/status");
  ASSERT_TRUE(bool(status)) << status.error().render();
  EXPECT_NE(status->text().find("VmHWM:"), std::string_view::npos);
  TemporaryFile empty("empty.txt");
  writeBytes(empty.path(), {});
  auto nothing = InputText::read(empty.path());
  ASSERT_TRUE(bool(nothing));
  EXPECT_EQ(nothing->text(), "");
}

TEST(InputText, ThatDoesNotEndIsRefusedByName) {
  auto endless = InputText::read("/dev/zero", 1000);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, Code::TooLarge);
  EXPECT_EQ(endless.error().where, "/dev/zero");
  EXPECT_NE(endless.error().why.find("1000 B"), std::string::npos) << endless.error().why;
}

TEST(InputText, ThatIsAFolderOrMissingIsRefused) {
  Binary program;
  EXPECT_EQ(program.run("run --prompts=.").exit, 66);
  EXPECT_EQ(program.run("run --prompts=none.txt").exit, 66);
  EXPECT_EQ(program.run("eval --text=.").exit, 66);
}
