#include "runtime/support/OutputFile.h"

#include "runtime/support/File.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace llmc {

namespace {

/// The file is written in pieces that begin and end on borders of 2 MiB: the
/// system then caches it in large pieces, too, and its map is read as fast as
/// memory (runtime/model/README.md).
constexpr size_t bufferBytes = 2 << 20;

/// So much is sent to the disk at once while more is made. Left alone, the
/// system begins at a tenth of its memory: commit() then waits for most of it.
constexpr uint64_t sendBytes = 8 << 20;

/// A write beyond the process's limit on file sizes raises SIGXFSZ, which would
/// end the process; this turns it into EFBIG for the calling thread.
class BlockFileSizeSignal {
public:
  BlockFileSizeSignal() {
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &set, &before);
  }
  ~BlockFileSizeSignal() {
    int saved = errno;
    timespec now = {};
    while (sigtimedwait(&set, nullptr, &now) > 0)
      continue;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = saved;
  }

private:
  sigset_t set, before;
};

/// Names of temporary files, for removeUnfinished(): a handler may read nothing
/// that another thread could be changing. More than these are not removed.
std::atomic<const char *> unfinished[8];

/// A hidden name in the folder of \p path that nobody else uses.
std::string hiddenName(const std::string &path, unsigned attempt) {
  size_t slash = path.rfind('/');
  std::string folder =
      slash == std::string::npos ? "" : path.substr(0, slash + 1);
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return folder + "." + name.substr(0, 200) + "." + std::to_string(getpid()) +
         "." + std::to_string(attempt) + ".tmp";
}

} // namespace

Status keepApart(const std::string &output,
                 std::span<const std::string> inputs) {
  struct stat target, source;
  if (::stat(output.c_str(), &target) != 0)
    return Status::ok();
  for (const std::string &input : inputs)
    if (::stat(input.c_str(), &source) == 0 &&
        source.st_dev == target.st_dev && source.st_ino == target.st_ino)
      return Error{Code::BadFlagValue, "an output would overwrite an input",
                   output, "it is the same file as " + input,
                   "name another file for the output"};
  return Status::ok();
}

Error OutputFile::systemError(const char *what, int number) const {
  Error error;
  error.code = Code::CannotWrite;
  error.what = what;
  error.where = path;
  error.why = std::strerror(number);
  if (number == ENOSPC || number == EDQUOT || number == EFBIG)
    error.fix = "free space, or write to another disk";
  else
    error.fix = "write to another folder or disk";
  return error;
}

void OutputFile::removeUnfinished() {
  for (const auto &slot : unfinished)
    if (const char *name = slot)
      ::unlink(name);
}

void OutputFile::nameTemporary(std::string name) {
  temporary = std::make_unique<std::string>(std::move(name));
  for (auto &slot : unfinished)
    if (const char *none = nullptr;
        slot.compare_exchange_strong(none, temporary->c_str()))
      return;
}

void OutputFile::forgetTemporary() {
  for (auto &slot : unfinished)
    if (slot == temporary->c_str())
      slot = nullptr;
  temporary.reset();
}

OutputFile::OutputFile(OutputFile &&other) noexcept
    : path(std::move(other.path)), temporary(std::move(other.temporary)),
      descriptor(std::exchange(other.descriptor, -1)), written(other.written),
      buffer(std::move(other.buffer)) {}

OutputFile::~OutputFile() {
  if (temporary) {
    ::unlink(temporary->c_str());
    forgetTemporary();
  }
  if (descriptor >= 0)
    ::close(descriptor);
}

Result<OutputFile> OutputFile::create(const std::string &path,
                                      uint64_t expected) {
  OutputFile file;
  file.path = path;
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return Error{Code::CannotCreate, "cannot create the output", path,
                 S_ISDIR(status.st_mode) ? "it is a folder"
                                         : "it is no regular file",
                 "name another file"};
  std::string folder = folderOf(path);
  file.descriptor =
      ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (file.descriptor < 0 && errno != ENOENT && errno != EACCES &&
      errno != EROFS && errno != ENOTDIR) {
    for (unsigned attempt = 0; attempt < 100 && file.descriptor < 0;
         ++attempt) {
      std::string name = hiddenName(path, attempt);
      file.descriptor =
          ::open(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
      if (file.descriptor >= 0)
        file.nameTemporary(name);
      else if (errno != EEXIST)
        break;
    }
  }
  if (file.descriptor < 0) {
    Error error = file.systemError("cannot create the output", errno);
    error.code = errno == EACCES ? Code::PermissionDenied : Code::CannotCreate;
    error.fix = "name a folder that exists and may be written";
    return error;
  }
  BlockFileSizeSignal guard;
  // EOPNOTSUPP and the like: the file system cannot reserve; writing tells.
  if (expected > 0 &&
      ::fallocate(file.descriptor, 0, 0, static_cast<off_t>(expected)) != 0 &&
      (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    return file.systemError("there is no room for the output", errno);
  file.buffer.reserve(bufferBytes);
  return file;
}

Status OutputFile::check(const std::string &path) {
  Result<OutputFile> file = create(path, 1 << 16);
  return file ? Status::ok() : Status(file.takeError());
}

Status OutputFile::writeOut(std::span<const std::byte> bytes) {
  BlockFileSizeSignal guard;
  uint64_t before = written;
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(descriptor, bytes.data(), bytes.size(),
                             static_cast<off_t>(written));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return systemError("cannot write the output", count ? errno : ENOSPC);
    written += static_cast<uint64_t>(count);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  // Where this fails, commit() writes it.
  uint64_t first = before / sendBytes * sendBytes;
  uint64_t last = written / sendBytes * sendBytes;
  if (last > first)
    ::sync_file_range(descriptor, static_cast<off_t>(first),
                      static_cast<off_t>(last - first), SYNC_FILE_RANGE_WRITE);
  return Status::ok();
}

Status OutputFile::flush() {
  LLMC_CHECK(writeOut(buffer));
  buffer.clear();
  return Status::ok();
}

Status OutputFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    size_t room = bufferBytes - size() % bufferBytes; // to the next border
    if (buffer.empty() && bytes.size() >= room) {
      size_t whole = room + (bytes.size() - room) / bufferBytes * bufferBytes;
      LLMC_CHECK(writeOut(bytes.first(whole)));
      bytes = bytes.subspan(whole);
      continue;
    }
    auto piece = bytes.first(std::min(room, bytes.size()));
    buffer.insert(buffer.end(), piece.begin(), piece.end());
    bytes = bytes.subspan(piece.size());
    if (piece.size() == room)
      LLMC_CHECK(flush());
  }
  return Status::ok();
}

Status OutputFile::padTo(uint64_t alignment) {
  static constexpr std::byte zeros[4096] = {};
  uint64_t rest = (alignment - size() % alignment) % alignment;
  while (rest > 0) {
    size_t piece = std::min<uint64_t>(rest, sizeof zeros);
    LLMC_CHECK(append({zeros, piece}));
    rest -= piece;
  }
  return Status::ok();
}

Status OutputFile::commit(bool executable) {
  LLMC_CHECK(flush());
  // What was reserved beyond the end would be part of the file.
  if (::ftruncate(descriptor, static_cast<off_t>(written)) != 0)
    return systemError("cannot write the output", errno);
  // The descriptor's mode already has the umask taken off; the x bits follow
  // the r bits of the same class, less the umask.
  mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(descriptor, (executable ? 0777 : 0666) & ~mask) != 0 ||
      ::fsync(descriptor) != 0)
    return systemError("cannot write the output", errno);
  if (!temporary) {
    std::string link = "/proc/self/fd/" + std::to_string(descriptor);
    int failure = EEXIST;
    for (unsigned attempt = 0; attempt < 100 && failure == EEXIST; ++attempt) {
      std::string name = hiddenName(path, attempt);
      failure = ::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, name.c_str(),
                         AT_SYMLINK_FOLLOW) == 0
                    ? 0
                    : errno;
      if (failure == 0)
        nameTemporary(name);
    }
    if (failure != 0)
      return systemError("cannot name the output", failure);
  }
  if (::rename(temporary->c_str(), path.c_str()) != 0)
    return systemError("cannot name the output", errno);
  forgetTemporary();
  // The name itself is on the disk once its folder is.
  int folder = ::open(folderOf(path).c_str(),
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return Status::ok();
}

} // namespace llmc
