/// The verbs of llmc that a model.bin does not have.
#ifndef LLMC_TOOLS_LLMC_VERBS_H
#define LLMC_TOOLS_LLMC_VERBS_H

#include "runtime/support/Error.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmc {

/// `compile`: \p words stand behind the verb. Returns the exit code.
int compileMain(std::span<const std::string_view> words);
/// `explain`.
int explainMain(std::span<const std::string_view> words);

/// Prints \p error to stderr, in colour on a terminal without NO_COLOR, and
/// with \p json also as one JSON object to stdout. Returns its exit code.
int fail(const Error &error, bool json);

} // namespace llmc

#endif // LLMC_TOOLS_LLMC_VERBS_H
