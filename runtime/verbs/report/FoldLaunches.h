/// A schedule as its reader sees it: equal layers once.
#ifndef LLMC_RUNTIME_VERBS_REPORT_FOLDLAUNCHES_H
#define LLMC_RUNTIME_VERBS_REPORT_FOLDLAUNCHES_H

#include "runtime/format/Program.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace llmc::page {

/// Launches [first, first + length), and the same again `repeats` - 1 times
/// right behind.
struct Fold {
  size_t first = 0;
  size_t length = 1;
  size_t repeats = 1;
  bool operator==(const Fold &) const = default;
};

/// Covers \p kinds from first to last; equal numbers are equal launches. Where
/// several repetitions begin, the one that covers most is taken, of those the
/// shortest. A repetition is no longer than 256 launches. The work is bounded:
/// when the bound is reached, the rest stays as it is.
std::vector<Fold> foldRepeats(std::span<const uint32_t> kinds);

/// A number for each launch of \p program: equal where kernel, tiles, scalars
/// and all buffers are equal but for their place in the arena and for which
/// weight or layer of the cache they are.
std::vector<uint32_t> launchKinds(const Model &model, const Program &program);

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_FOLDLAUNCHES_H
