#include "runtime/model/WeightCopy.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <sys/mman.h>

namespace llmc {

namespace {
/// Room is asked for once in so many blocks: it costs some 30 µs.
constexpr size_t roomBlocks = 16;
} // namespace

Result<std::unique_ptr<WeightCopy>>
WeightCopy::create(BlockSource &source, uint64_t bytes,
                   std::vector<uint64_t> blocks, size_t mostAhead) {
  std::unique_ptr<WeightCopy> copy(
      new WeightCopy(source, std::move(blocks), mostAhead));
  // So much more that a border of 2 MiB lies in front.
  LLMC_TRY(copy->memory,
           Memory::create(bytes + hashBlockBytes, "copy of the weights"));
  std::span<std::byte> all = copy->memory.bytes();
  copy->pages = all.subspan(
      -reinterpret_cast<uintptr_t>(all.data()) % hashBlockBytes, bytes);
  return copy;
}

WeightCopy::~WeightCopy() { finish(); }

void WeightCopy::finish() {
  if (!running)
    return;
  stopping = true;
  wakes.fetch_add(1);
  wakes.notify_all();
  ::pthread_join(thread, nullptr);
  running = false;
  releaseAdopted(); // what was adopted since the thread looked
  for (size_t i = adopted; i < done; ++i)
    ::madvise(place(blocks[i]).data(), place(blocks[i]).size(), MADV_DONTNEED);
}

std::span<std::byte> WeightCopy::place(uint64_t block) const {
  uint64_t begin = block * hashBlockBytes;
  return pages.subspan(begin,
                       std::min<uint64_t>(hashBlockBytes, pages.size() - begin));
}

Status WeightCopy::checkRoom(size_t next) const {
  if (next % roomBlocks != 0 || source.hasRoom(roomBlocks * hashBlockBytes))
    return Status::ok();
  return Error{Code::OutOfMemory, "not enough memory", "copy of the weights",
               "other programs took what was left",
               "end other programs, or use --load=map"};
}

Status WeightCopy::copyNow(ThreadPool &threads) {
  struct Context {
    WeightCopy &copy;
    std::atomic<size_t> next = 0;
    std::atomic<bool> failed = false;
    std::mutex mutex = {};
    Status status = {};
  } context = {*this};
  threads.runAll(
      [](void *argument, unsigned) {
        Context &context = *static_cast<Context *>(argument);
        WeightCopy &copy = context.copy;
        size_t next;
        while (!context.failed &&
               (next = context.next.fetch_add(1)) < copy.blocks.size()) {
          uint64_t block = copy.blocks[next];
          Status status = copy.checkRoom(next);
          if (status)
            status = copy.source.read(block, copy.place(block));
          if (status) {
            copy.source.release(block);
            continue;
          }
          std::lock_guard lock(context.mutex);
          if (!context.failed.exchange(true))
            context.status = std::move(status);
        }
      },
      &context);
  LLMC_CHECK(std::move(context.status));
  done = adopted = blocks.size();
  ended = true;
  return Status::ok();
}

Status WeightCopy::start() {
  auto main = [](void *copy) -> void * {
    static_cast<WeightCopy *>(copy)->copyBehind();
    return nullptr;
  };
  if (int failure = ::pthread_create(&thread, nullptr, main, this))
    return Error{Code::OutOfMemory, "cannot start a thread",
                 "copy of the weights", std::strerror(failure),
                 "raise the limit on threads (ulimit -u)"};
  running = true;
  return Status::ok();
}

void WeightCopy::adopt(size_t count) {
  if (count == adopted.load(std::memory_order_relaxed))
    return;
  adopted.store(count, std::memory_order_release);
  wakes.fetch_add(1);
  wakes.notify_all();
}

void WeightCopy::releaseAdopted() {
  for (size_t end = adopted.load(std::memory_order_acquire); released < end;
       ++released)
    source.release(blocks[released]);
}

/// Until less than mostAhead blocks before \p next are not adopted; false where
/// the copy is to end.
bool WeightCopy::waitForTurn(size_t next) {
  for (;;) {
    uint32_t seen = wakes.load();
    releaseAdopted();
    if (stopping)
      return false;
    if (next - released < mostAhead)
      return true;
    wakes.wait(seen);
  }
}

void WeightCopy::copyBehind() {
  size_t next = 0;
  for (; next < blocks.size() && waitForTurn(next); ++next) {
    if (result = checkRoom(next); !result)
      break;
    if (result = source.read(blocks[next], place(blocks[next])); !result)
      break;
    done.store(next + 1, std::memory_order_release);
  }
  ended.store(true, std::memory_order_release);
  // What is copied will be adopted; only then does its source go.
  while (released < next) {
    uint32_t seen = wakes.load();
    releaseAdopted();
    if (stopping)
      return;
    if (released < next)
      wakes.wait(seen);
  }
}

} // namespace llmc
