#include "runtime/verbs/report/Treemap.h"

#include <algorithm>
#include <numeric>

namespace llmc::page {

namespace {

/// The worst ratio of sides in a row of boxes from \p least to \p most with
/// the sum \p sum along a side of \p side; all are areas.
double worstRatio(double least, double most, double sum, double side) {
  double square = side * side;
  return std::max(square * most / (sum * sum), sum * sum / (square * least));
}

} // namespace

std::vector<Box> treemap(std::span<const uint64_t> sizes, Box area) {
  std::vector<Box> boxes(sizes.size(), Box{area.x, area.y, 0, 0});
  std::vector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return sizes[a] > sizes[b]; });
  double total = 0;
  for (uint64_t size : sizes)
    total += static_cast<double>(size);
  if (total <= 0)
    return boxes;
  double scale = area.width * area.height / total;
  auto areaOf = [&](size_t i) { return scale * static_cast<double>(sizes[order[i]]); };
  for (size_t begin = 0; begin < order.size() && sizes[order[begin]] > 0;) {
    double side = std::min(area.width, area.height);
    double sum = areaOf(begin);
    size_t end = begin + 1;
    // The row takes the next box as long as that makes its boxes squarer.
    while (end < order.size() && sizes[order[end]] > 0 &&
           worstRatio(areaOf(end), areaOf(begin), sum + areaOf(end), side) <=
               worstRatio(areaOf(end - 1), areaOf(begin), sum, side))
      sum += areaOf(end++);
    bool across = area.width >= area.height; // a column at the left
    double depth = side > 0 ? sum / side : 0, along = 0;
    for (size_t i = begin; i < end; ++i) {
      double length = depth > 0 ? areaOf(i) / depth : 0;
      boxes[order[i]] = across ? Box{area.x, area.y + along, depth, length}
                               : Box{area.x + along, area.y, length, depth};
      along += length;
    }
    (across ? area.x : area.y) += depth;
    (across ? area.width : area.height) -= depth;
    begin = end;
  }
  return boxes;
}

} // namespace llmc::page
