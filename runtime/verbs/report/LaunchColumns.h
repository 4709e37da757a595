/// The columns of a table of kernels that say how often programs launch each.
#ifndef LLMC_RUNTIME_VERBS_REPORT_LAUNCHCOLUMNS_H
#define LLMC_RUNTIME_VERBS_REPORT_LAUNCHCOLUMNS_H

#include "runtime/format/Program.h"
#include "runtime/verbs/report/Html.h"

#include <vector>

namespace llmc::page {

/// One for each program of all modules of \p model, which must outlive this.
class LaunchColumns {
public:
  explicit LaunchColumns(const Model &model);

  size_t size() const { return programs.size(); }
  Html heads() const;
  /// Of a kernel by its index; a dash where a program does not launch it.
  Html cells(size_t kernel) const;

private:
  std::vector<const Program *> programs;
};

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_LAUNCHCOLUMNS_H
