/// Reads a cold source while other parts of it are packed.
#ifndef LLMC_COMPILER_PACK_READAHEAD_H
#define LLMC_COMPILER_PACK_READAHEAD_H

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace llmc::pack {

/// Asks the system for the pages of mapped files in the order in which they
/// will be used, from a thread of its own. Packing reads a matrix in strips,
/// a little of every row, and stands still at each page that is not there; the
/// disk then stands still while a strip is packed. Asked for, pages count as
/// the system's cache, not as this process's memory.
class ReadAhead {
public:
  /// How much is asked for beyond the part in use.
  static constexpr uint64_t defaultBytes = uint64_t(256) << 20;

  /// \p parts of mapped files, in order of use; they stay mapped while this
  /// lives.
  explicit ReadAhead(std::vector<std::span<const std::byte>> parts,
                     uint64_t ahead = defaultBytes);
  ~ReadAhead();
  ReadAhead(const ReadAhead &) = delete;
  ReadAhead &operator=(const ReadAhead &) = delete;

  /// Parts below \p count are in use or done with.
  void reach(size_t count);
  /// Waits until all that may be asked for has been; its bytes from the start
  /// of the first part.
  uint64_t settle();

private:
  void run();

  std::vector<std::span<const std::byte>> parts;
  uint64_t ahead;
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t limit, asked = 0, total = 0; // bytes of all parts together
  std::vector<uint64_t> ends;           // of each part
  bool ended = false;
  std::thread thread;
};

} // namespace llmc::pack

#endif // LLMC_COMPILER_PACK_READAHEAD_H
