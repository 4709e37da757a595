#include "runtime/verbs/InputText.h"

#include "runtime/verbs/Console.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace llmc {

namespace {

Result<std::string> readToEnd(int descriptor, const std::string &name, size_t most) {
  std::string text;
  char piece[65536];
  for (;;) {
    ssize_t count = ::read(descriptor, piece, sizeof piece);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return Error{Code::CannotRead, "cannot read the text", name, std::strerror(errno),
                   "write it to a file and name that"};
    if (count == 0)
      return text;
    text.append(piece, static_cast<size_t>(count));
    if (text.size() > most)
      return Error{Code::TooLarge, "the text is too long", name,
                   "it has no end within " + formatBytes(most),
                   "write it to a regular file, which may be longer, and name that"};
  }
}

} // namespace

Result<InputText> InputText::read(const std::string &path, size_t most) {
  InputText input;
  if (path == "-") {
    LLMC_TRY(input.kept, readToEnd(0, "stdin", most));
    return input;
  }
  struct stat status;
  // Files of /proc are regular and without a size, and hold something all the same.
  if (::stat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode) ||
      (S_ISREG(status.st_mode) && status.st_size > 0)) {
    LLMC_TRY(input.file, MappedFile::open(path));
    return input;
  }
  if (S_ISFIFO(status.st_mode) && stderrIsTerminal())
    report("waiting for what is written to " + path + "\n");
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0)
    return openError(path, errno);
  Result<std::string> text = readToEnd(descriptor, path, most);
  ::close(descriptor);
  if (!text)
    return text.takeError();
  input.kept = *std::move(text);
  return input;
}

} // namespace llmc
