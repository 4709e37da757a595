/// What this machine does with a model: its limits, and times of launches.
#ifndef LLMC_RUNTIME_VERBS_REPORT_MEASURE_H
#define LLMC_RUNTIME_VERBS_REPORT_MEASURE_H

#include "runtime/model/LoadedModel.h"
#include "runtime/support/Error.h"
#include "runtime/verbs/report/MachineLimits.h"
#include "runtime/verbs/report/StepPoints.h"

#include <string>
#include <vector>

namespace llmc::page {

/// What \p threads read from memory of their own, 512 MiB or a quarter of what
/// is free, and from sets of it that fit caches; and what they compute as
/// kernels of \p level do for weights of \p type: half a second. Error:
/// OutOfMemory.
Result<MachineLimits> measureLimits(ThreadPool &threads, std::string_view level, ElementType type);

/// Fills `times` of \p points, which are stepPoints() of \p model: runs the
/// steps of each decoder's points one after another in a sequence, four times;
/// the first counts for nothing. Graphs get zeros as inputs. Errors: those of
/// Decoder and GraphExecutor.
Status measureTimes(LoadedModel &model, std::vector<StepPoint> &points);

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_MEASURE_H
