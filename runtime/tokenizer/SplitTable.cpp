#include "runtime/tokenizer/SplitTable.h"

#include <algorithm>

namespace llmc::tokenizer {

static constexpr uint32_t codePoints = 0x110000;
static constexpr size_t maxClasses = 254;

bool SplitTable::isValid() const {
  size_t width = size_t(classes) + 1;
  if (classes == 0 || classes > maxClasses || runs.empty() ||
      runs[0].first != 0 || start.size() != width || next.empty() ||
      next.size() % width != 0 || next.size() / width > matchBit)
    return false;
  for (size_t i = 0; i < runs.size(); ++i)
    if (runs[i].kind >= classes || runs[i].first >= codePoints ||
        (i > 0 && runs[i].first <= runs[i - 1].first))
      return false;
  auto isState = [&](uint16_t entry) {
    return size_t(entry & ~matchBit) * width < next.size();
  };
  // The dead state leads nowhere; every text ends a search.
  for (size_t c = 0; c < width; ++c)
    if (next[c] != dead)
      return false;
  for (size_t at = classes; at < next.size(); at += width)
    if ((next[at] & ~matchBit) != dead)
      return false;
  return std::all_of(next.begin(), next.end(), isState) &&
         std::all_of(start.begin(), start.end(),
                     [&](uint16_t s) { return !(s & matchBit) && isState(s); });
}

} // namespace llmc::tokenizer
