#include "runtime/verbs/report/MachineLimits.h"

#include <algorithm>

namespace llmc::page {

double MachineLimits::attainable(double intensity) const {
  return std::min(operationsPerSecond, bytesPerSecond * intensity);
}

double MachineLimits::bandwidthOf(double bytes) const {
  double rate = bytesPerSecond;
  if (sets.empty() || bytes >= 2 * sets.back().bytes)
    return rate;
  auto larger = std::ranges::find_if(sets, [&](const Set &set) { return set.bytes > bytes; });
  return std::max(rate, larger == sets.begin() ? larger->bytesPerSecond
                                               : std::prev(larger)->bytesPerSecond);
}

double MachineLimits::leastTime(const Demand &demand) const {
  return 1e9 * std::max({demand.operations / operationsPerSecond,
                         demand.farBytes / bandwidthOf(demand.setBytes),
                         demand.bytes / bandwidthOf(demand.bytes)});
}

Bound MachineLimits::boundOf(const Demand &demand) const {
  double far = demand.farBytes / bandwidthOf(demand.setBytes);
  double near = demand.bytes / bandwidthOf(demand.bytes);
  if (demand.operations / operationsPerSecond > std::max(far, near))
    return Bound::Compute;
  return isCached(far >= near ? demand.setBytes : demand.bytes) ? Bound::Caches : Bound::Memory;
}

void MachineLimits::takeBetter(const MachineLimits &other) {
  bytesPerSecond = std::max(bytesPerSecond, other.bytesPerSecond);
  operationsPerSecond = std::max(operationsPerSecond, other.operationsPerSecond);
  for (size_t i = 0; i < std::min(sets.size(), other.sets.size()); ++i)
    sets[i].bytesPerSecond = std::max(sets[i].bytesPerSecond, other.sets[i].bytesPerSecond);
}

} // namespace llmc::page
