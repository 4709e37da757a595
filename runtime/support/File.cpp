#include "runtime/support/File.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace llmc {

namespace {

/// O_NONBLOCK so that a FIFO in place of the file is refused, not waited for.
constexpr int openFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/// Closes a descriptor at the end of the scope.
struct Descriptor {
  int number;
  explicit Descriptor(int number) : number(number) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() {
    if (number >= 0)
      ::close(number);
  }
};

} // namespace

Error openError(const std::string &path, int number) {
  Error error;
  error.code = number == ENOENT || number == ENOTDIR ? Code::FileNotFound
               : number == EACCES || number == EPERM ? Code::PermissionDenied
               : number == ENXIO                     ? Code::NotAFile
                                                     : Code::CannotRead;
  error.what = "cannot open the file";
  error.where = path;
  error.why = std::strerror(number);
  switch (error.code) {
  case Code::FileNotFound:
    error.fix = "check the name and the folder";
    break;
  case Code::PermissionDenied:
    error.fix = "allow reading it: chmod u+r, or run as its owner";
    break;
  case Code::NotAFile: // As open(2) says of a socket.
    error.why = "it is not a regular file";
    error.fix = "name a regular file";
    break;
  default:
    error.fix = "check the disk, or copy the file to another one";
  }
  return error;
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : data(std::exchange(other.data, nullptr)),
      length(std::exchange(other.length, 0)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(data, other.data);
  std::swap(length, other.length);
  return *this;
}

MappedFile::~MappedFile() {
  if (data)
    ::munmap(const_cast<std::byte *>(data), length);
}

Result<MappedFile> MappedFile::open(const std::string &path) {
  Descriptor file(::open(path.c_str(), openFlags));
  if (file.number < 0)
    return openError(path, errno);
  return fromDescriptor(file.number, path);
}

Result<MappedFile> MappedFile::fromDescriptor(int descriptor,
                                              const std::string &path) {
  struct stat status;
  if (::fstat(descriptor, &status) != 0)
    return openError(path, errno);
  if (!S_ISREG(status.st_mode))
    return Error{Code::NotAFile, "cannot read the file", path,
                 S_ISDIR(status.st_mode) ? "it is a folder"
                                         : "it is not a regular file",
                 S_ISDIR(status.st_mode)
                     ? "name a file in it"
                     : "name a regular file; write what comes from a pipe or a "
                       "device to one first"};
  if (status.st_size == 0)
    return MappedFile();
  size_t length = static_cast<size_t>(status.st_size);
  void *data = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED)
    return openError(path, errno);
  return MappedFile(static_cast<const std::byte *>(data), length);
}

int detail::openBeneathKernel(int folder, const std::string &relative) {
  open_how how = {};
  how.flags = openFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long result =
      ::syscall(SYS_openat2, folder, relative.c_str(), &how, sizeof how);
  return result < 0 ? -errno : static_cast<int>(result);
}

int detail::openBeneathByWalking(int folder, const std::string &relative) {
  Descriptor current(::fcntl(folder, F_DUPFD_CLOEXEC, 0));
  if (current.number < 0)
    return -errno;
  for (size_t begin = 0; begin < relative.size();) {
    size_t end = std::min(relative.find('/', begin), relative.size());
    std::string part = relative.substr(begin, end - begin);
    begin = end + 1;
    bool last = relative.find_first_not_of('/', end) == std::string::npos;
    if (part == "..")
      return -EXDEV;
    if (part.empty() || (part == "." && !last))
      continue;
    bool isFolder = !last || relative.back() == '/';
    int flags = openFlags | O_NOFOLLOW | (isFolder ? O_DIRECTORY : 0);
    int next = ::openat(current.number, part.c_str(), flags);
    if (next < 0) {
      int number = errno;
      struct stat status;
      // O_DIRECTORY reports a link as ENOTDIR; callers tell links apart.
      if (number == ENOTDIR &&
          ::fstatat(current.number, part.c_str(), &status,
                    AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISLNK(status.st_mode))
        number = ELOOP;
      return -number;
    }
    std::swap(current.number, next);
    ::close(next);
    if (last)
      return std::exchange(current.number, -1);
  }
  return -ENOENT;
}

/// openBeneathKernel() or, where that is not to be had, the other.
static int openBeneath(int folder, const std::string &relative) {
  int opened = detail::openBeneathKernel(folder, relative);
  // EPERM: a sandbox that does not know the call; EINVAL: an older struct.
  if (opened == -ENOSYS || opened == -EPERM || opened == -EINVAL)
    opened = detail::openBeneathByWalking(folder, relative);
  return opened;
}

/// \p path without links, or "", and errno says why.
static std::string realPath(const std::string &path) {
  char *real = ::realpath(path.c_str(), nullptr);
  std::string copy = real ? real : "";
  ::free(real);
  return copy;
}

/// Opens what \p path leads to over links, if it lies beneath one of
/// \p folders. -EXDEV: it does not. What is swapped meanwhile is not followed.
static int openWhereLinksLead(const std::string &path,
                              std::initializer_list<std::string> folders) {
  std::string target = realPath(path);
  if (target.empty())
    return -errno;
  for (std::string folder : folders) {
    folder = folder.empty() ? "" : realPath(folder);
    if (folder.empty() || !target.starts_with(folder) ||
        target.substr(folder.size(), 1) != "/")
      continue;
    Descriptor base(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (base.number >= 0)
      return openBeneath(base.number, target.substr(folder.size() + 1));
  }
  return -EXDEV;
}

Result<MappedFile> mapBeneath(const std::string &folder,
                              std::string_view relative,
                              const std::string &model) {
  std::string path = folder + "/" + std::string(relative);
  auto escapes = [&](const char *why) {
    return Error{Code::ExternalDataEscapes, "external data is refused", path,
                 why,
                 "put the data file itself into the model's folder (`cp -L` "
                 "replaces links by files)"};
  };
  if (relative.find('\0') != std::string_view::npos)
    return escapes("the name holds a zero byte");
  if (relative.substr(0, 1) == "/")
    return escapes("the name is an absolute path");
  for (size_t begin = 0; begin <= relative.size();) {
    size_t end = std::min(relative.find('/', begin), relative.size());
    if (relative.substr(begin, end - begin) == "..")
      return escapes("the name climbs out of its folder with `..`");
    begin = end + 1;
  }

  Descriptor base(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (base.number < 0)
    return openError(folder, errno);
  int opened = openBeneath(base.number, std::string(relative));
  bool linked = opened == -ELOOP;
  if (linked) {
    std::string real = model.empty() ? "" : realPath(model);
    opened =
        openWhereLinksLead(path, {folder, real.empty() ? "" : folderOf(real)});
  }
  switch (opened) {
  case -ELOOP:
    return escapes("it is reached through symbolic links without end");
  case -EXDEV:
    return escapes(linked ? "it is a symbolic link to what lies outside the "
                            "folders of the model"
                          : "it lies outside the model's folder");
  case -ENXIO: // A socket, or a FIFO of which nobody holds the other end.
    return escapes("it is not a regular file");
  case -ENOENT:
  case -ENOTDIR:
  case -ENAMETOOLONG:
    return Error{Code::ExternalDataMissing, "the external data is not there",
                 path, std::strerror(-opened),
                 "copy the data file into the model's folder under this name"};
  default:
    if (opened < 0)
      return openError(path, -opened);
  }
  Descriptor file(opened);
  struct stat status;
  if (::fstat(file.number, &status) != 0)
    return openError(path, errno);
  if (!S_ISREG(status.st_mode))
    return escapes("it is not a regular file");
  return MappedFile::fromDescriptor(file.number, path);
}

std::string folderOf(const std::string &path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

} // namespace llmc
