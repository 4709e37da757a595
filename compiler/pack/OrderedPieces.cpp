#include "compiler/pack/OrderedPieces.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace llmc::pack {

namespace {
/// A ring of buffers: piece i lies in slot i % size.
struct Ring {
  struct Slot {
    std::vector<std::byte> bytes;
    bool full = false;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Slot> slots;
  int64_t next = 0;   // piece that no thread has begun
  int64_t taken = 0;  // pieces below are done with
  bool ended = false; // nobody wants more
};
} // namespace

Status inOrder(int64_t count, unsigned threads,
               const std::function<void(int64_t, std::vector<std::byte> &)> &make,
               const std::function<Status(const std::vector<std::byte> &)> &take) {
  threads = static_cast<unsigned>(std::min<int64_t>(threads, count));
  if (threads <= 1) {
    std::vector<std::byte> bytes;
    for (int64_t piece = 0; piece < count; ++piece) {
      make(piece, bytes);
      LLMC_CHECK(take(bytes));
    }
    return Status::ok();
  }
  Ring ring;
  ring.slots.resize(2 * threads);
  int64_t size = static_cast<int64_t>(ring.slots.size());
  auto work = [&] {
    std::unique_lock lock(ring.mutex);
    while (true) {
      ring.changed.wait(lock, [&] {
        return ring.ended || ring.next == count || ring.next < ring.taken + size;
      });
      if (ring.ended || ring.next == count)
        return;
      int64_t piece = ring.next++;
      Ring::Slot &slot = ring.slots[piece % size];
      lock.unlock();
      make(piece, slot.bytes);
      lock.lock();
      slot.full = true;
      ring.changed.notify_all();
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i)
    workers.emplace_back(work);
  Status status = Status::ok();
  std::unique_lock lock(ring.mutex);
  while (status && ring.taken < count) {
    Ring::Slot &slot = ring.slots[ring.taken % size];
    ring.changed.wait(lock, [&] { return slot.full; });
    lock.unlock();
    status = take(slot.bytes);
    lock.lock();
    slot.full = false;
    ++ring.taken;
    ring.ended = !status;
    ring.changed.notify_all();
  }
  lock.unlock();
  for (std::thread &worker : workers)
    worker.join();
  return status;
}

} // namespace llmc::pack
