/// A model.bin of the fake model that tests run as a process.
#ifndef LLMC_TEST_UNIT_RUNTIME_FAKEBINARY_H
#define LLMC_TEST_UNIT_RUNTIME_FAKEBINARY_H

#include "test/unit/runtime/FakeModel.h"

#include <cstdint>
#include <string>
#include <sys/types.h>

namespace llmc::test {

struct Outcome {
  int exit = -1; ///< 128 and the signal's number where one ended it.
  std::string out, err;
};

std::string readText(const std::string &path);

/// An executable model.bin of the stub and the fake model. Its tokenizer's ids 3
/// to 96 are the characters `!` to `~`.
struct Binary {
  TemporaryFile file{"model.bin"};

  /// \p chatTemplate: a serialised one; empty: none.
  explicit Binary(bool withTokenizer = true, int64_t eos = -1,
                  std::span<const std::byte> chatTemplate = {});

  std::string beside(const std::string &name) const {
    return file.folder() + "/" + name;
  }

  /// Runs `model.bin WORDS` in its folder; \p words are the shell's.
  Outcome run(const std::string &words) const;
  /// Runs \p command of the shell in the folder.
  Outcome shell(const std::string &command) const;
  /// Runs it, sends \p signal after \p milliseconds, and waits.
  Outcome stop(const std::string &words, int signal, int milliseconds) const;
};

} // namespace llmc::test

#endif // LLMC_TEST_UNIT_RUNTIME_FAKEBINARY_H
