#include "compiler/pack/ReadAhead.h"

#include <algorithm>
#include <sys/mman.h>
#include <unistd.h>

namespace llmc::pack {

/// The system takes no more of a request than a device likes at once, and
/// forgets the rest: 128 KiB is the least that is usual (read_ahead_kb).
static constexpr uint64_t requestBytes = 128 << 10;

ReadAhead::ReadAhead(std::vector<std::span<const std::byte>> list,
                     uint64_t ahead)
    : parts(std::move(list)), ahead(ahead), limit(ahead) {
  for (std::span<const std::byte> part : parts)
    ends.push_back(total += part.size());
  thread = std::thread([this] { run(); });
}

ReadAhead::~ReadAhead() {
  {
    std::lock_guard lock(mutex);
    ended = true;
  }
  changed.notify_all();
  thread.join();
}

void ReadAhead::reach(size_t count) {
  {
    std::lock_guard lock(mutex);
    count = std::min(count, ends.size());
    limit = std::max(limit, (count ? ends[count - 1] : 0) + ahead);
  }
  changed.notify_all();
}

uint64_t ReadAhead::settle() {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return asked >= std::min(limit, total); });
  return asked;
}

void ReadAhead::run() {
  uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  for (std::span<const std::byte> part : parts)
    for (uint64_t at = 0; at < part.size(); at += requestBytes) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return ended || asked < limit; });
      if (ended)
        return;
      lock.unlock();
      uint64_t bytes = std::min<uint64_t>(requestBytes, part.size() - at);
      auto first = reinterpret_cast<uintptr_t>(part.data()) + at;
      uintptr_t aligned = first / page * page;
      // Where this fails, pages are read when they are used.
      ::madvise(reinterpret_cast<void *>(aligned), bytes + (first - aligned),
                MADV_WILLNEED);
      lock.lock();
      asked += bytes;
      changed.notify_all();
    }
}

} // namespace llmc::pack
