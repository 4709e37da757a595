/// What verbs say, and the user's interruption.
#ifndef LLMC_RUNTIME_VERBS_CONSOLE_H
#define LLMC_RUNTIME_VERBS_CONSOLE_H

#include "runtime/support/Error.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace llmc {

/// Writes to stdout, where only answers go, and flushes. Error: CannotWrite.
Status print(std::string_view text);
/// Writes to stderr.
void report(std::string_view text);
bool stderrIsTerminal();

/// From now on, the first SIGINT sets interrupted(); a second one ends the
/// process.
void catchInterrupt();
bool interrupted();

/// From now on a failed allocation, and a model file that is cut short while it
/// is mapped (SIGBUS), end the process with a message and their exit codes.
void explainFatalEvents();

/// Nanoseconds of CLOCK_MONOTONIC.
int64_t monotonicNow();
/// `1.5 GiB`, `812 B`.
std::string formatBytes(uint64_t bytes);
/// With \p decimals digits behind the point.
std::string formatReal(double number, int decimals);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_CONSOLE_H
