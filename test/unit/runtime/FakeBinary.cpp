#include "test/unit/runtime/FakeBinary.h"

#include "runtime/tokenizer/TokenizerFormat.h"

#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace llmc::test {

namespace {

std::vector<std::byte> fakeTokenizer() {
  tokenizer::TokenizerModel model;
  model.tokens = {"<s>", "</s>", " "};
  for (char c = '!'; c <= '~'; ++c)
    model.tokens.push_back(std::string(1, c));
  model.added = {{0, true, false, false, false, false, false},
                 {1, true, false, false, false, false, false}};
  model.prefixIds = {0};
  model.bosId = 0;
  model.eosIds = {1};
  model.decoder = {{tokenizer::DecoderStep::Kind::Fuse, 0, "", ""}};
  return tokenizer::serialize(model);
}

int exitOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

std::string readText(const std::string &path) {
  std::vector<std::byte> bytes = readBytes(path);
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

Binary::Binary(bool withTokenizer, int64_t eos,
               std::span<const std::byte> chatTemplate) {
  std::vector<std::byte> stub = readBytes(LLMC_STUB);
  std::vector<std::byte> tokenizer = fakeTokenizer();
  ArtifactContent content = fakeContent(eos);
  content.stub = stub;
  content.chatTemplate = chatTemplate;
  if (withTokenizer)
    content.tokenizer = tokenizer;
  Status status = writeArtifact(file.path(), std::move(content));
  EXPECT_TRUE(status) << status.error().render();
}

Outcome Binary::run(const std::string &words) const {
  return shell("./model.bin " + words + " </dev/null");
}

Outcome Binary::shell(const std::string &command) const {
  std::string line = "cd " + file.folder() + " && { " + command +
                     "\n} >out.txt 2>err.txt";
  int status = std::system(line.c_str());
  return {exitOf(status), readText(beside("out.txt")), readText(beside("err.txt"))};
}

Outcome Binary::stop(const std::string &words, int signal, int milliseconds) const {
  pid_t child = ::fork();
  if (child == 0) {
    // Under nohup the signal would be ignored, as it should be.
    ::signal(signal, SIG_DFL);
    std::string line = "cd " + file.folder() + " && exec ./model.bin " + words +
                       " >out.txt 2>err.txt </dev/null";
    ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    ::_exit(1);
  }
  ::usleep(static_cast<useconds_t>(milliseconds) * 1000);
  ::kill(child, signal);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return {exitOf(status), readText(beside("out.txt")), readText(beside("err.txt"))};
}

} // namespace llmc::test
