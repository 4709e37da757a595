#include "runtime/model/LoadMachine.h"

#include "runtime/cache/AvailableMemory.h"
#include "runtime/cpu/ReadTime.h"
#include "runtime/model/Memory.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <sys/prctl.h>
#include <vector>

namespace llmc {

namespace {

using Pieces = std::vector<std::span<const std::byte>>;
constexpr size_t pieceBytes = 2 << 20;
constexpr size_t pageBytes = 4096;
/// Each sample exceeds a core's share of the last cache, so that in turns each
/// pushes the other out of it.
constexpr size_t sampleBytesPerThread = 64 << 20;
constexpr int passes = 2;

/// \p count pieces spread evenly over \p bytes, at borders of pages.
Pieces spread(std::span<const std::byte> bytes, size_t count) {
  Pieces pieces;
  size_t step = (bytes.size() - pieceBytes) / count / pageBytes * pageBytes;
  for (size_t i = 0; i < count; ++i)
    pieces.push_back(bytes.subspan(step * i, pieceBytes));
  return pieces;
}

/// Every thread makes the pages that it will read.
void touch(ThreadPool &threads, std::span<std::byte> bytes) {
  struct Context {
    std::span<std::byte> bytes;
    size_t parts;
  } context = {bytes, threads.threads()};
  threads.runAll(
      [](void *argument, unsigned part) {
        auto &[bytes, parts] = *static_cast<Context *>(argument);
        for (size_t at = bytes.size() * part / parts,
                    end = bytes.size() * (part + 1) / parts;
             at < end; at += pageBytes)
          bytes[at] = std::byte(1);
      },
      &context);
}

bool hugePagesGiven() {
  if (::prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1)
    return false;
  FILE *file = std::fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
  if (!file)
    return false;
  char line[128] = {};
  bool some = std::fgets(line, sizeof line, file) && !std::strstr(line, "[never]");
  std::fclose(file);
  return some;
}

} // namespace

std::optional<ReadRates>
ThisMachine::measure(ThreadPool &threads, std::span<const std::byte> weights) {
  size_t bytes = std::clamp<size_t>(threads.threads() * sampleBytesPerThread,
                                    64 << 20, 512 << 20);
  size_t count = std::min(bytes, weights.size() / 2) / pieceBytes;
  auto room = static_cast<int64_t>((count + 1) * pieceBytes) + copyMargin;
  if (count < threads.threads() || availableMemory() < room)
    return std::nullopt;
  auto memory = Memory::create((count + 1) * pieceBytes, "sample");
  if (!memory)
    return std::nullopt;
  std::span<std::byte> sample = memory->bytes().subspan(
      -reinterpret_cast<uintptr_t>(memory->bytes().data()) % pieceBytes,
      count * pieceBytes);
  touch(threads, sample);
  Pieces inMemory, inMap = spread(weights, count);
  for (size_t i = 0; i < count; ++i)
    inMemory.push_back(sample.subspan(i * pieceBytes, pieceBytes));

  readTime(threads, inMap); // Faults are not what is measured.
  std::vector<int64_t> memoryTimes(count, INT64_MAX), mapTimes(count, INT64_MAX);
  for (int pass = 0; pass < passes; ++pass) {
    readPieces(threads, inMemory, memoryTimes);
    readPieces(threads, inMap, mapTimes);
  }
  auto rate = [&](const std::vector<int64_t> &times) {
    // All threads read at once.
    return 1e9 * static_cast<double>(count * pieceBytes) * threads.threads() /
           static_cast<double>(
               std::accumulate(times.begin(), times.end(), int64_t(0)));
  };
  return ReadRates{rate(mapTimes), rate(memoryTimes)};
}

CopyRoom ThisMachine::room() { return {availableMemory(), hugePagesGiven()}; }

} // namespace llmc
