/// What `bench` prints of a result, in each of its formats.
#ifndef LLMC_RUNTIME_VERBS_BENCHREPORT_H
#define LLMC_RUNTIME_VERBS_BENCHREPORT_H

#include "runtime/verbs/BenchMeasure.h"

#include <string>

namespace llmc {

/// What was measured on what.
struct BenchReport {
  const Session &session;
  const BenchPlan &plan;
  const BenchResult &result;
  const OperatorTimes *times; ///< Null where they were not asked for.

  /// For people: a line per measure.
  std::string text() const;
  /// Two rows, prompt (`pp512`) and decode (`tg64`), as tables of this field
  /// have them: in markdown, or with all digits as CSV.
  std::string table() const;
  std::string csv() const;
  std::string json() const;
};

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_BENCHREPORT_H
