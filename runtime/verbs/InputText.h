/// Text that a verb is told to read: a file, or what comes through a pipe.
#ifndef LLMC_RUNTIME_VERBS_INPUTTEXT_H
#define LLMC_RUNTIME_VERBS_INPUTTEXT_H

#include "runtime/support/File.h"

#include <string>
#include <string_view>

namespace llmc {

/// A regular file is mapped, all else is kept. Move-only.
class InputText {
public:
  /// \p path may also be a FIFO, a device or `-`, which is stdin: they are read
  /// to their end, of at most \p most bytes. Errors: those of MappedFile::open;
  /// TooLarge, CannotRead.
  static Result<InputText> read(const std::string &path, size_t most = 256 << 20);

  std::string_view text() const {
    if (!kept.empty())
      return kept;
    return {reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size()};
  }

private:
  MappedFile file;
  std::string kept;
};

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_INPUTTEXT_H
