#include "runtime/cuda/UploadWeights.h"

#include "runtime/model/BlockSource.h"

#include <algorithm>
#include <atomic>
#include <mutex>

namespace llmc::cuda {

namespace {

/// A buffer holds so many blocks: 16 MiB, some 0.3 ms of a PCIe 5 bus.
constexpr uint64_t batchBlocks = 8;

/// Reads the blocks [first, first + count) of the section into \p to.
Status readBlocks(BlockSource &source, uint64_t first, std::span<std::byte> to,
                  ThreadPool &threads) {
  struct Context {
    BlockSource &source;
    uint64_t first;
    std::span<std::byte> to;
    std::atomic<uint64_t> next = 0;
    std::mutex mutex = {};
    Status status = {};
  } context = {source, first, to};
  threads.runAll(
      [](void *argument, unsigned) {
        Context &c = *static_cast<Context *>(argument);
        uint64_t block;
        while ((block = c.next.fetch_add(1)) < blockCount(c.to.size())) {
          uint64_t begin = block * hashBlockBytes;
          size_t size = std::min<uint64_t>(hashBlockBytes, c.to.size() - begin);
          Status status = c.source.read(c.first + block, c.to.subspan(begin, size));
          std::lock_guard lock(c.mutex);
          if (!status && c.status)
            c.status = std::move(status);
        }
      },
      &context);
  return std::move(context.status);
}

} // namespace

Result<GpuMemory> uploadWeights(Gpu &gpu, const Artifact &artifact, ThreadPool &threads,
                                const Say &say) {
  size_t section = artifact.weightsSection();
  uint64_t bytes =
      section < artifact.sections().size() ? artifact.sections()[section].size : 0;
  LLMC_TRY(GpuMemory weights, GpuMemory::create(gpu, bytes, "the weights"));
  if (bytes == 0)
    return weights;
  if (say)
    say("weights: copying " + std::to_string(bytes >> 20) + " MiB to the GPU");
  FileBlocks source(artifact, /*dropsCache=*/false);
  struct Lane {
    PinnedMemory buffer;
    GpuEvent copied;
    bool isUnderWay = false;
  } lanes[2];
  // What is under way ends before its buffer goes.
  struct Drain {
    Gpu &gpu;
    ~Drain() { gpu.driver.streamSynchronize(gpu.stream); }
  } drain{gpu};
  uint64_t batchBytes = std::min(bytes, batchBlocks * hashBlockBytes);
  for (Lane &lane : lanes) {
    LLMC_TRY(lane.buffer, PinnedMemory::create(gpu, batchBytes, "the weights"));
    LLMC_TRY(lane.copied, GpuEvent::create(gpu, kEventDisableTiming));
  }
  const char *what = "the weights cannot be copied to the GPU";
  size_t turn = 0;
  for (uint64_t done = 0; done < bytes; turn ^= 1) {
    Lane &lane = lanes[turn];
    if (lane.isUnderWay)
      LLMC_CHECK(gpu.check(gpu.driver.eventSynchronize(lane.copied.get()), what));
    auto piece = lane.buffer.bytes().first(std::min(batchBytes, bytes - done));
    LLMC_CHECK(readBlocks(source, done / hashBlockBytes, piece, threads));
    std::string where = "byte " + std::to_string(done);
    LLMC_CHECK(gpu.check(gpu.driver.memcpyHtoDAsync(weights.at() + done, piece.data(),
                                                    piece.size(), gpu.stream),
                         what, where));
    LLMC_CHECK(gpu.check(gpu.driver.eventRecord(lane.copied.get(), gpu.stream), what, where));
    lane.isUnderWay = true;
    done += piece.size();
  }
  LLMC_CHECK(gpu.synchronize(what));
  return weights;
}

} // namespace llmc::cuda
