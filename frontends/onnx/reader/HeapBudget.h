/// A limit on what the reader allocates, charged before each allocation.
#ifndef LLMC_FRONTENDS_ONNX_READER_HEAPBUDGET_H
#define LLMC_FRONTENDS_ONNX_READER_HEAPBUDGET_H

#include <cstdint>
#include <limits>

namespace llmc::onnx {

/// Counts heap bytes against a limit that depends on the file's length: a few
/// bytes of a hostile file can ask for any amount of memory, these cannot.
class HeapBudget {
public:
  /// Twice the file and 64 MiB.
  explicit HeapBudget(uint64_t fileBytes)
      : left(fileBytes > (std::numeric_limits<uint64_t>::max() - base) / 2
                 ? std::numeric_limits<uint64_t>::max()
                 : 2 * fileBytes + base) {}

  /// Takes one block of \p count elements of \p size bytes; false where the
  /// budget does not hold it, and then nothing is taken.
  [[nodiscard]] bool charge(uint64_t count, uint64_t size) {
    uint64_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > left)
      return false;
    bytes = blockBytes(bytes);
    if (bytes > left)
      return false;
    left -= bytes;
    return true;
  }

  /// Gives back what charge() took for the same block.
  void release(uint64_t count, uint64_t size) {
    left += blockBytes(count * size);
  }

private:
  /// What malloc takes for a block: a header, 16-byte steps, whole pages for
  /// large blocks.
  static uint64_t blockBytes(uint64_t bytes) {
    if (bytes == 0)
      return 0;
    if (bytes >= 128 * 1024)
      return bytes + 8192;
    return bytes <= 24 ? 32 : (bytes + 8 + 15) / 16 * 16;
  }

  static constexpr uint64_t base = 64ull << 20;
  uint64_t left;
};

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_READER_HEAPBUDGET_H
