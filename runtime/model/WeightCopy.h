/// Copies blocks of the weights into 2 MiB pages.
#ifndef LLMC_RUNTIME_MODEL_WEIGHTCOPY_H
#define LLMC_RUNTIME_MODEL_WEIGHTCOPY_H

#include "runtime/cpu/ThreadPool.h"
#include "runtime/model/BlockSource.h"
#include "runtime/model/Memory.h"
#include "runtime/support/Error.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <pthread.h>
#include <vector>

namespace llmc {

/// Memory laid out as the weights section is, a block to a page, of which only
/// the copied blocks take room. Copies at once by all threads, or by a thread of
/// its own while steps run. That thread tells how many blocks are copied; the
/// one that runs steps moves its pointers between two of them and says so with
/// `adopt`; then the copier releases those blocks' source. It waits where it is
/// `mostAhead` blocks ahead of that, so memory doubles for no more than these.
class WeightCopy {
public:
  /// \p source must outlive this. \p bytes: of the section. \p blocks: which,
  /// in order, each once. Error: OutOfMemory.
  static Result<std::unique_ptr<WeightCopy>>
  create(BlockSource &source, uint64_t bytes, std::vector<uint64_t> blocks,
         size_t mostAhead);
  ~WeightCopy();
  WeightCopy(const WeightCopy &) = delete;
  WeightCopy &operator=(const WeightCopy &) = delete;

  /// Copies all and returns. Errors: those of the source, OutOfMemory.
  Status copyNow(ThreadPool &threads);
  /// Begins to copy. Error: OutOfMemory where there is no thread for it.
  Status start();

  /// Of the blocks, in their order, so many are copied.
  size_t copied() const { return done.load(std::memory_order_acquire); }
  /// The copier copies nothing more: all is done, or room or source failed.
  bool hasEnded() const { return ended.load(std::memory_order_acquire); }
  /// Once it has ended: the source's error, OutOfMemory where room was lacking
  /// for the rest, or success.
  const Status &outcome() const { return result; }
  /// The first \p count blocks are read from here from now on.
  void adopt(size_t count);
  /// Stops copying. On return the source of what was adopted is released, and so
  /// is what was copied and not adopted.
  void finish();

  /// Where byte 0 of the section would be: on a border of 2 MiB.
  const std::byte *base() const { return pages.data(); }

private:
  WeightCopy(BlockSource &source, std::vector<uint64_t> blocks,
             size_t mostAhead)
      : source(source), blocks(std::move(blocks)), mostAhead(mostAhead) {}
  std::span<std::byte> place(uint64_t block) const;
  Status checkRoom(size_t next) const;
  void copyBehind();
  bool waitForTurn(size_t next);
  void releaseAdopted();

  BlockSource &source;
  std::vector<uint64_t> blocks;
  size_t mostAhead;
  Memory memory;
  std::span<std::byte> pages; // [bytes of the section], in `memory`
  std::atomic<size_t> done = 0;
  std::atomic<size_t> adopted = 0;
  std::atomic<uint32_t> wakes = 0; // counts what the copier may wait for
  std::atomic<bool> stopping = false;
  std::atomic<bool> ended = false;
  Status result;       // written before `ended`
  size_t released = 0; // the copier's own
  bool running = false;
  pthread_t thread = {};
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_WEIGHTCOPY_H
