/// The roofline: what a machine lets a kernel attain, and what it attained
/// (Williams, Waterman, Patterson, CACM 2009).
#ifndef LLMC_RUNTIME_VERBS_REPORT_ROOFLINE_H
#define LLMC_RUNTIME_VERBS_REPORT_ROOFLINE_H

#include "runtime/verbs/report/Html.h"

#include <algorithm>
#include <string>
#include <vector>

namespace llmc::page {

struct MachineLimits {
  double bytesPerSecond = 0;      ///< 0: not known.
  double operationsPerSecond = 0; ///< 0: not known.
  std::string source;             ///< `measured with 2 threads`; for people.

  bool known() const { return bytesPerSecond > 0 && operationsPerSecond > 0; }
  /// Operations per second at \p intensity operations per byte.
  double attainable(double intensity) const;
  /// Nanoseconds that work takes at least.
  double leastTime(double operations, double bytes) const;
  /// Where both limits meet.
  double ridge() const { return operationsPerSecond / bytesPerSecond; }
  void takeBetter(const MachineLimits &other) {
    bytesPerSecond = std::max(bytesPerSecond, other.bytesPerSecond);
    operationsPerSecond = std::max(operationsPerSecond, other.operationsPerSecond);
  }
};

/// A kernel at one size of step.
struct RooflinePoint {
  std::string kernel;
  std::string phase;     ///< `1 row`, `128 rows`; points of one have one colour.
  size_t phaseNumber = 0;
  double intensity = 0;  ///< Operations per byte; > 0.
  double achieved = 0;   ///< Operations per second; 0: not measured.
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
/// not measured lie on the roof; measured ones below it, with a line up to what
/// is attainable. Without limits there is no roof, and points that were not
/// measured lie at the foot.
Html drawRoofline(const MachineLimits &limits, const std::vector<RooflinePoint> &points);

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_ROOFLINE_H
