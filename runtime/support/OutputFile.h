/// A file that appears under its name only when it is whole.
#ifndef LLMC_RUNTIME_SUPPORT_OUTPUTFILE_H
#define LLMC_RUNTIME_SUPPORT_OUTPUTFILE_H

#include "runtime/support/Error.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace llmc {

/// Appends bytes to an unnamed file (O_TMPFILE; where the file system has
/// none, to a file of a unique hidden name) in the folder of its final path.
/// Unless commit() succeeds, nothing stays behind. Not to be shared by threads.
class OutputFile {
public:
  /// Reserves \p expected bytes on the disk where the file system can, so that
  /// a full disk is an error at once.
  /// Errors: CannotCreate, PermissionDenied, CannotWrite.
  static Result<OutputFile> create(const std::string &path, uint64_t expected);

  OutputFile(OutputFile &&other) noexcept;
  OutputFile &operator=(OutputFile &&) = delete;
  ~OutputFile();

  /// Error: CannotWrite.
  Status append(std::span<const std::byte> bytes);
  /// Appends zeros up to a multiple of \p alignment.
  Status padTo(uint64_t alignment);
  /// Bytes appended so far.
  uint64_t size() const { return written + buffer.size(); }

  /// Writes out, syncs to the disk, and renames over the final path. The mode
  /// is 0666, or 0777 where \p executable, less the umask.
  Status commit(bool executable);

private:
  OutputFile() = default;
  Status flush();
  Status writeOut(std::span<const std::byte> bytes);
  Error systemError(const char *what, int number) const;

  std::string path;      // final
  std::string temporary; // empty while the file has no name
  int descriptor = -1;
  uint64_t written = 0;
  std::vector<std::byte> buffer;
};

} // namespace llmc

#endif // LLMC_RUNTIME_SUPPORT_OUTPUTFILE_H
