/// `inspect --report`: its flags, and the file that it writes.
#ifndef LLMC_RUNTIME_VERBS_REPORT_REPORTCOMMAND_H
#define LLMC_RUNTIME_VERBS_REPORT_REPORTCOMMAND_H

#include "runtime/support/Error.h"
#include "runtime/verbs/Arguments.h"

#include <cstdint>
#include <optional>
#include <string>

namespace llmc::page {

struct ReportFlags {
  std::string path; ///< Empty: no report.
  bool measure = false;
  std::optional<double> bandwidth;  ///< GB/s
  std::optional<double> operations; ///< GFLOP/s
  int64_t extent = 16;
  int64_t threads = 0;

  void add(Arguments &arguments);
  /// Errors: BadFlagValue; MissingArgument for flags of a report without one.
  Status check() const;
};

/// Writes the report about the model.bin \p file, which users know as
/// \p shownName. Errors: those of reading the file, of running it where times
/// are wanted, and of writing.
Status writeReport(const std::string &file, const std::string &shownName, const ReportFlags &flags);

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_REPORTCOMMAND_H
