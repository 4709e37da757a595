/// The sizes of step at which a report looks at kernels.
#ifndef LLMC_RUNTIME_VERBS_REPORT_STEPPOINTS_H
#define LLMC_RUNTIME_VERBS_REPORT_STEPPOINTS_H

#include "runtime/format/Program.h"
#include "runtime/program/Costs.h"
#include "runtime/support/Error.h"
#include "runtime/verbs/report/MachineLimits.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::page {

/// A program at one number of rows, or a graph at one extent.
struct StepPoint {
  size_t module = 0, program = 0; ///< Their numbers in the model.
  int64_t rows = 1;               ///< Of a graph: what its symbols stand for.
  int64_t cached = 0;             ///< Positions before the rows.
  std::vector<LaunchCost> costs;  ///< [launches]
  /// Nanoseconds, the medians of several steps; empty where not measured.
  std::vector<double> times; ///< [launches]

  /// What the step touches: weights, keys and values, and the launch that moves
  /// most besides. Less than a step needs where it reads a weight twice.
  double setBytes() const;
  /// `1 row behind 128 positions`.
  std::string text(const Model &model) const;
};

/// Of every decoder: the prompt first, as many rows as a chunk has, then each
/// other program behind such a chunk, at one row if it takes that and else at
/// its most. Of every graph: all symbols \p extent. Errors: of launchCosts.
Result<std::vector<StepPoint>> stepPoints(const Model &model, int64_t extent);

/// All launches of one kernel at a point.
struct KernelShare {
  uint32_t kernel = 0;
  size_t launches = 0;
  Cost cost;
  double time = 0; ///< Nanoseconds; 0: not measured.

  /// Of one of its launches in a step that touches \p setBytes.
  Demand demand(double setBytes) const {
    double n = static_cast<double>(launches);
    return {operations() / n, bytes() / n,
            (static_cast<double>(cost.weightBytes) + static_cast<double>(cost.cacheBytes)) / n,
            setBytes};
  }
  double operations() const { return static_cast<double>(cost.operations); }
  double bytes() const {
    return static_cast<double>(cost.weightBytes) + static_cast<double>(cost.cacheBytes) +
           static_cast<double>(cost.otherBytes);
  }
};
/// In the order in which the kernels are first launched.
std::vector<KernelShare> kernelShares(const Program &program, const StepPoint &point);

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_STEPPOINTS_H
