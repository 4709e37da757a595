/// Aligned memory whose pages come into being when they are touched.
#ifndef LLMC_RUNTIME_MODEL_MEMORY_H
#define LLMC_RUNTIME_MODEL_MEMORY_H

#include "runtime/support/Error.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <sys/mman.h>
#include <utility>

namespace llmc {

/// Bytes from the system, page-aligned and zero at first. Move-only.
class Memory {
public:
  Memory() = default;
  /// \p what is for the message. Error: OutOfMemory.
  static Result<Memory> create(size_t bytes, const char *what) {
    Memory memory;
    if (bytes == 0)
      return memory;
    void *data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
      return Error{Code::OutOfMemory, "not enough memory", what,
                   "the system refuses " + std::to_string(bytes) + " bytes: " +
                       std::strerror(errno),
                   ""};
    ::madvise(data, bytes, MADV_HUGEPAGE);
    memory.data = static_cast<std::byte *>(data);
    memory.size = bytes;
    return memory;
  }
  Memory(Memory &&other) noexcept
      : data(std::exchange(other.data, nullptr)),
        size(std::exchange(other.size, 0)) {}
  Memory &operator=(Memory &&other) noexcept {
    std::swap(data, other.data);
    std::swap(size, other.size);
    return *this;
  }
  ~Memory() {
    if (data)
      ::munmap(data, size);
  }

  std::span<std::byte> bytes() const { return {data, size}; }
  /// The bytes as elements of T.
  template <typename T> std::span<T> as() const {
    return {reinterpret_cast<T *>(data), size / sizeof(T)};
  }

private:
  std::byte *data = nullptr;
  size_t size = 0;
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_MEMORY_H
