/// A file that appears under its name only when it is whole.
#ifndef LLMC_RUNTIME_SUPPORT_OUTPUTFILE_H
#define LLMC_RUNTIME_SUPPORT_OUTPUTFILE_H

#include "runtime/support/Error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace llmc {

/// Whether \p output may be written although \p inputs are read: error
/// BadFlagValue where it is one of them under any name (links are followed).
Status keepApart(const std::string &output,
                 std::span<const std::string> inputs);

/// Appends bytes to an unnamed file (O_TMPFILE; where the file system has
/// none, to a file of a unique hidden name) in the folder of its final path.
/// Unless commit() succeeds, nothing stays behind. Not to be shared by threads.
class OutputFile {
public:
  /// Reserves \p expected bytes on the disk where the file system can, so that
  /// a full disk is an error at once.
  /// Errors: CannotCreate, PermissionDenied, CannotWrite.
  static Result<OutputFile> create(const std::string &path, uint64_t expected);

  /// Whether \p path could be written, for whoever works long before there is
  /// anything to write: creates a small file there and drops it. Errors: those
  /// of create().
  static Status check(const std::string &path);

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

  /// Removes the named files of all OutputFiles that are not committed; for
  /// signal handlers whose process ends.
  static void removeUnfinished();

private:
  OutputFile() = default;
  void nameTemporary(std::string name);
  void forgetTemporary();
  Status flush();
  Status writeOut(std::span<const std::byte> bytes);
  Error systemError(const char *what, int number) const;

  std::string path;      // final
  /// Null while the file has no name; its text stays where it is.
  std::unique_ptr<std::string> temporary;
  int descriptor = -1;
  uint64_t written = 0;
  std::vector<std::byte> buffer;
};

} // namespace llmc

#endif // LLMC_RUNTIME_SUPPORT_OUTPUTFILE_H
