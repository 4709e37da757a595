#include "runtime/model/BlockSource.h"

#include "runtime/cache/AvailableMemory.h"
#include "runtime/model/LoadPolicy.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace llmc {

Status FileBlocks::read(uint64_t block, std::span<std::byte> to) {
  size_t section = artifact.weightsSection();
  uint64_t from =
      artifact.sections()[section].offset + block * hashBlockBytes;
  auto cannot = [&](const char *what, std::string why) {
    return Error{Code::CannotRead, what, artifact.path(), std::move(why),
                 "copy the file again, and leave it alone while it runs"};
  };
  for (size_t done = 0; done < to.size();) {
    ssize_t count = ::pread(artifact.descriptor(), &to[done], to.size() - done,
                            static_cast<off_t>(from + done));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return cannot("the weights cannot be read", std::strerror(errno));
    if (count == 0)
      return cannot("a file was cut short while it was read",
                    "it ends at byte " + std::to_string(from + done));
    done += static_cast<size_t>(count);
  }
  if (!artifact.isBlock(section, block, to))
    return artifact.damagedBlock(section, block);
  return Status::ok();
}

void FileBlocks::release(uint64_t block) {
  size_t section = artifact.weightsSection();
  std::span<const std::byte> bytes = artifact.sectionBytes(section);
  uint64_t begin = block * hashBlockBytes;
  uint64_t size = std::min<uint64_t>(hashBlockBytes, bytes.size() - begin);
  // The section is page-aligned. A neighbour on the last page is read from the
  // file again when it is wanted.
  ::madvise(const_cast<std::byte *>(&bytes[begin]), size, MADV_DONTNEED);
  if (dropsCache)
    ::posix_fadvise(artifact.descriptor(),
                    static_cast<off_t>(artifact.sections()[section].offset + begin),
                    static_cast<off_t>(size), POSIX_FADV_DONTNEED);
}

bool FileBlocks::hasRoom(uint64_t bytes) {
  return availableMemory() >= copyMargin + static_cast<int64_t>(bytes);
}

} // namespace llmc
