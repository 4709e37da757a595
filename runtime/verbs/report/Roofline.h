/// The roofline: what a machine lets a kernel attain, and what it attained
/// (Williams, Waterman, Patterson, CACM 2009).
#ifndef LLMC_RUNTIME_VERBS_REPORT_ROOFLINE_H
#define LLMC_RUNTIME_VERBS_REPORT_ROOFLINE_H

#include "runtime/verbs/report/Html.h"
#include "runtime/verbs/report/MachineLimits.h"

#include <string>
#include <vector>

namespace llmc::page {

/// A kernel at one size of step.
struct RooflinePoint {
  std::string kernel;
  std::string phase;     ///< `1 row`, `128 rows`; points of one have one colour.
  size_t phaseNumber = 0;
  double intensity = 0;  ///< Operations per byte; > 0.
  double achieved = 0;   ///< Operations per second; 0: not measured.
  double attainable = 0; ///< Operations per second; 0: no limits are known.
  std::string tooltip;
};

/// Powers of ten that hold numbers; a plot's range.
struct LogRange {
  int least = 0, most = 1; ///< 10^least to 10^most; most > least.
  /// 0 at the least, 1 at the most; clamped.
  double place(double number) const;
};
/// The smallest range that holds all positive \p numbers, at least one decade.
LogRange rangeOf(const std::vector<double> &numbers);

/// The plot as inline SVG with classes of the page's style. Points that were
/// not measured lie at what is attainable; measured ones have a line to it. The
/// roof is that of memory; where some may attain more, a second one, dashed, is
/// that of the caches as the best of them are held against. Without limits
/// there is no roof, and points that were not measured lie at the foot.
Html drawRoofline(const MachineLimits &limits, const std::vector<RooflinePoint> &points);

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_ROOFLINE_H
