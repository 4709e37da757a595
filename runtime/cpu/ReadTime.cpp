#include "runtime/cpu/ReadTime.h"

#include "runtime/cpu/CpuLevel.h"

#include <algorithm>
#include <atomic>
#include <ctime>

namespace llmc {

namespace {

using Pieces = std::span<const std::span<const std::byte>>;
using Words = uint64_t __attribute__((vector_size(32)));

int64_t now() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

/// As bytes lie in files: anywhere.
using LooseWords = uint64_t __attribute__((vector_size(32), aligned(1), may_alias));

/// Reads into \p sums, which must stay in registers: through memory, a core took
/// 29 GB/s from caches that give 118 (2026-11-21).
[[gnu::always_inline]] inline void readInto(std::span<const std::byte> piece, Words (&sums)[4]) {
  Words own[4] = {sums[0], sums[1], sums[2], sums[3]};
  constexpr size_t stride = sizeof own;
  for (size_t at = 0; at + stride <= piece.size(); at += stride) {
    auto words = reinterpret_cast<const LooseWords *>(&piece[at]);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i)
      own[i] ^= words[i];
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    sums[i] = own[i];
  asm volatile("" ::: "memory"); // the next round reads again
}

[[gnu::target("avx2")]] void readWide(std::span<const std::byte> piece, Words (&sums)[4]) {
  readInto(piece, sums);
}

void readPiece(std::span<const std::byte> piece, Words (&sums)[4]) {
  if (cpuFeatures().v3)
    readWide(piece, sums);
  else
    readInto(piece, sums);
}

struct Reading {
  Pieces pieces;
  unsigned parts;
  size_t rounds;
  std::span<int64_t> least;      // [pieces], or empty
  std::atomic<uint64_t> sum = 0; // so that nothing is left out as unused
};

void readPart(void *context, unsigned part) {
  auto &reading = *static_cast<Reading *>(context);
  size_t begin = reading.pieces.size() * part / reading.parts;
  size_t end = reading.pieces.size() * (part + 1) / reading.parts;
  Words sums[4] = {};
  for (size_t round = 0; round < reading.rounds; ++round)
    for (size_t i = begin; i < end; ++i) {
      int64_t start = reading.least.empty() ? 0 : now();
      readPiece(reading.pieces[i], sums);
      if (!reading.least.empty())
        reading.least[i] =
            std::min(reading.least[i], std::max<int64_t>(now() - start, 1));
    }
  Words all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  reading.sum.fetch_xor(all[0] ^ all[1] ^ all[2] ^ all[3]);
}

} // namespace

int64_t readTime(ThreadPool &threads, Pieces pieces, size_t rounds) {
  Reading reading{pieces, threads.threads(), rounds, {}};
  int64_t begin = now();
  threads.runAll(readPart, &reading);
  return std::max<int64_t>(now() - begin, 1);
}

void readPieces(ThreadPool &threads, Pieces pieces, std::span<int64_t> least) {
  Reading reading{pieces, threads.threads(), 1, least};
  threads.runAll(readPart, &reading);
}

} // namespace llmc
