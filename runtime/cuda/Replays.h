/// Steps as CUDA graphs: captured once, replayed while nothing of them changes.
#ifndef LLMC_RUNTIME_CUDA_REPLAYS_H
#define LLMC_RUNTIME_CUDA_REPLAYS_H

#include "runtime/cuda/Launches.h"

#include <cstdint>
#include <span>
#include <vector>

namespace llmc::cuda {

/// What the graph of a step depends on is its launches' arguments, which follow
/// from the symbols: lengths, positions and page tables are read from device
/// memory. The first step with some arguments is launched one by one (its errors
/// name a kernel, and a prompt's odd last chunk comes only once), the second is
/// captured, the others are replayed.
class Replays {
public:
  /// Both must outlive this.
  Replays(Gpu &gpu, Launches &launches) : gpu(gpu), launches(launches) {}
  ~Replays();
  Replays(const Replays &) = delete;
  Replays &operator=(const Replays &) = delete;

  /// Puts \p bound, whose symbols are these, on the stream. Error: DeviceFailed.
  Status put(const BoundProgram &bound, std::span<const int64_t> symbols);

  /// So many steps were captured, and so many replayed.
  uint64_t captured() const { return captureCount; }
  uint64_t replayed() const { return replayCount; }

private:
  struct Entry {
    const Program *program = nullptr;
    std::vector<int64_t> symbols;
    std::vector<void *> buffers;  // of all launches, as captured
    GraphExec graph = nullptr;    // null: seen once
    uint64_t lastUse = 0;
  };
  Entry &entryFor(const BoundProgram &bound, std::span<const int64_t> symbols,
                  std::span<void *const> buffers, bool &isNew);
  Status capture(const BoundProgram &bound, Entry &entry);
  void drop(Entry &entry);

  Gpu &gpu;
  Launches &launches;
  std::vector<Entry> entries;
  uint64_t uses = 0, captureCount = 0, replayCount = 0;
};

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_REPLAYS_H
