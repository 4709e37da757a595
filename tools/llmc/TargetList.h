/// What `--target` lists.
#ifndef LLMC_TOOLS_LLMC_TARGETLIST_H
#define LLMC_TOOLS_LLMC_TARGETLIST_H

#include "runtime/support/Error.h"

#include <string>
#include <vector>

namespace llmc {

/// Appends the names between the commas of all \p lists to \p targets. Errors:
/// BadFlagValue for an empty one, BadTarget for one that targetNames() lacks.
Status takeTargets(const std::vector<std::string> &lists, std::vector<std::string> &targets);

} // namespace llmc

#endif // LLMC_TOOLS_LLMC_TARGETLIST_H
