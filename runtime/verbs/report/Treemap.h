/// Sizes as areas.
#ifndef LLMC_RUNTIME_VERBS_REPORT_TREEMAP_H
#define LLMC_RUNTIME_VERBS_REPORT_TREEMAP_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace llmc::page {

struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};

/// Divides \p area among \p sizes in their proportion: boxes in the order of
/// the sizes, as near to squares as the largest-first order gives (squarified
/// treemaps, Bruls et al. 2000). A size of 0 has an empty box.
std::vector<Box> treemap(std::span<const uint64_t> sizes, Box area);

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_TREEMAP_H
