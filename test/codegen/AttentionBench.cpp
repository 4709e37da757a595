/// Times attention of decode steps: `AttentionBench [THREADS...]`.
///
/// One row over contexts of three lengths, with one cache head and with eight
/// (four query heads each, of 128), f32, bf16 and i8: whole (kernel.attention), and in
/// pieces (kernel.attention_split and attention_merge). Then a chunk of 512 rows.
/// Of the runs of a second, the least and the median of the time in microseconds:
/// on a machine that does other things too, the least says more.
#include "runtime/cpu/CpuLevel.h"
#include "runtime/cpu/ThreadPool.h"
#include "test/codegen/AttentionWorld.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

using namespace llmc;
using namespace llmc::test;

namespace {

struct Launch {
  const test::Kernel &kernel;
  std::vector<void *> buffers;
  std::vector<int64_t> scalars;
  int64_t tiles;
};

std::pair<double, double> timeOf(ThreadPool &pool,
                                 const std::vector<Launch> &launches) {
  std::vector<double> times;
  using Clock = std::chrono::steady_clock;
  for (auto end = Clock::now() + std::chrono::seconds(1);
       times.size() < 15 || Clock::now() < end;) {
    auto begin = Clock::now();
    for (const Launch &launch : launches)
      pool.run(launch.kernel.code(), launch.buffers.data(),
               launch.scalars.data(), launch.tiles);
    std::chrono::duration<double, std::micro> time = Clock::now() - begin;
    times.push_back(time.count());
  }
  std::sort(times.begin(), times.end());
  return {times.front(), times[times.size() / 2]};
}

void measure(const char *type, int64_t cacheHeads, int64_t context, int64_t rows,
             const std::vector<unsigned> &threads) {
  Variant variant;
  variant.headDim = 128;
  variant.cacheHeads = cacheHeads;
  variant.group = 4;
  variant.split = 256;
  variant.cacheType = type;
  World world(variant, {context}, {rows});
  // What tests emulate says nothing of time.
  std::string level(supportedLevels(cpuFeatures()).front());
  world.append(level);
  const Variant &s = world.variant;
  test::Kernel whole(attentionText(s), level), split(splitText(s), level),
      merge(mergeText(s), level);
  Batch of = world.batch(16);
  int64_t slots = s.slots, columns = world.columns, pages = world.pages;
  Guarded<float> maxima(slots * rows * s.heads()),
      sums(slots * rows * s.heads()),
      partials(slots * rows * s.heads() * s.headDim), output(of.query.size() / 4);
  std::vector<void *> read = {of.query,        of.sequence, of.position,
                              world.pageTable, of.block,    world.keyCache,
                              world.valueCache};
  std::vector<int64_t> extents = {rows,      rows,  rows,  1,   columns,
                                  of.blocks, pages, pages, rows};
  auto with = [](auto list, auto more) {
    list.insert(list.end(), more.begin(), more.end());
    return list;
  };
  Launch attention{whole, with(read, std::vector<void *>{output}), extents,
                   of.blocks * cacheHeads};
  Launch pieces{split, with(read, std::vector<void *>{maxima, sums, partials}),
                with(extents, std::vector<int64_t>{rows, rows}),
                of.blocks * cacheHeads * slots};
  Launch merging{merge, {maxima, sums, partials, of.position, output},
                 {rows, rows, rows, rows, rows}, rows * s.heads()};
  for (unsigned count : threads) {
    auto pool = ThreadPool::create(count);
    if (!pool)
      return;
    auto [least, median] = timeOf(**pool, {attention});
    auto [leastPieces, medianPieces] = timeOf(**pool, {pieces, merging});
    std::printf("%s, %s, %2ld cache heads, %6ld positions, %3ld rows, %u threads: "
                "whole %8.1f (%8.1f) us, in pieces %8.1f (%8.1f) us\n",
                level.c_str(), type, long(cacheHeads), long(context), long(rows),
                count, least, median, leastPieces, medianPieces);
  }
}

} // namespace

int main(int argc, char **argv) {
  std::vector<unsigned> threads;
  for (int i = 1; i < argc; ++i)
    threads.push_back(unsigned(std::atoi(argv[i])));
  if (threads.empty())
    threads = {1, 2};
  for (const char *type : {"f32", "bf16", "i8"}) {
    for (int64_t cacheHeads : {1, 8})
      for (int64_t context : {1024, 4096, 16384})
        measure(type, cacheHeads, context, 1, threads);
    measure(type, 2, 512, 512, threads);
  }
}
