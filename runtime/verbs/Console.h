/// What verbs say.
#ifndef LLMC_RUNTIME_VERBS_CONSOLE_H
#define LLMC_RUNTIME_VERBS_CONSOLE_H

#include "runtime/support/Error.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace llmc {

/// Opens what of stdin, stdout and stderr is closed, so that no file that is
/// opened later takes its number: stdin is then empty, and writing to the others
/// fails as before. Call it first.
void keepStandardFiles();
/// Writes to stdout, where only answers go, and flushes. Error: CannotWrite.
Status print(std::string_view text);
/// Writes to stderr.
void report(std::string_view text);
bool stderrIsTerminal();

/// Nanoseconds of CLOCK_MONOTONIC.
int64_t monotonicNow();
/// `1.5 GiB`, `812 B`.
std::string formatBytes(uint64_t bytes);
/// With \p decimals digits behind the point.
std::string formatReal(double number, int decimals);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_CONSOLE_H
