/// Read-only files: mapped whole, and opened beneath a folder.
#ifndef LLMC_RUNTIME_SUPPORT_FILE_H
#define LLMC_RUNTIME_SUPPORT_FILE_H

#include "runtime/support/Error.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace llmc {

/// A regular file mapped read-only from its first to its last byte. Move-only;
/// the bytes stay where they are when it is moved.
///
/// The mapping is private and follows the file: if another process cuts the
/// file short while it is mapped, reading past the new end raises SIGBUS.
class MappedFile {
public:
  MappedFile() = default;
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  ~MappedFile();

  /// Maps \p path; symbolic links are followed. Errors: FileNotFound,
  /// PermissionDenied, CannotRead, NotAFile. A FIFO is never waited for.
  static Result<MappedFile> open(const std::string &path);
  /// Maps the open file \p descriptor and leaves it open; \p path is for
  /// messages. Error: CannotRead.
  static Result<MappedFile> fromDescriptor(int descriptor,
                                           const std::string &path);

  /// The whole file; empty for an empty file.
  std::span<const std::byte> bytes() const { return {data, length}; }

private:
  MappedFile(const std::byte *data, size_t length)
      : data(data), length(length) {}

  const std::byte *data = nullptr;
  size_t length = 0;
};

/// Maps the regular file \p relative beneath \p folder. No component of it may
/// be `..`, and it may not be absolute; \p folder itself is trusted and may be
/// anything that opens as a folder. Symbolic links may lead to what lies
/// beneath it, or beneath the folder of the file that \p model leads to, if it
/// is not empty: in a cache, model and data are links into one folder. They may
/// not lead elsewhere: they come with what was downloaded, as the model does.
/// This is the only way by which bytes of a model may name a file.
/// Errors: ExternalDataMissing, ExternalDataEscapes (also for what is no
/// regular file), PermissionDenied, CannotRead.
Result<MappedFile> mapBeneath(const std::string &folder,
                              std::string_view relative,
                              const std::string &model = "");

/// Why \p path could not be opened, by errno's \p number: FileNotFound,
/// PermissionDenied, NotAFile or CannotRead.
Error openError(const std::string &path, int number);

/// The folder part of \p path: what precedes the last `/`, `.` where there is
/// none.
std::string folderOf(const std::string &path);

namespace detail {
/// The parts of mapBeneath, apart for tests: both return a descriptor or
/// -errno. The second needs no openat2 (Linux 5.6, often closed in sandboxes).
int openBeneathKernel(int folder, const std::string &relative);
int openBeneathByWalking(int folder, const std::string &relative);
} // namespace detail

} // namespace llmc

#endif // LLMC_RUNTIME_SUPPORT_FILE_H
