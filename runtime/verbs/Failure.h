/// How a command ends that failed: told to a person, to a program, or by a
/// signal.
#ifndef LLMC_RUNTIME_VERBS_FAILURE_H
#define LLMC_RUNTIME_VERBS_FAILURE_H

#include "runtime/support/Error.h"

#include <span>
#include <string>
#include <string_view>

namespace llmc {

/// Prints \p error to stderr, in colour on a terminal without NO_COLOR, and
/// with \p json also as one JSON object to stdout. Returns its exit code; that
/// of Interrupted is 128 and the signal's number.
int fail(const Error &error, bool json);
/// `{"version":1,"error":{…}}` and a line break.
std::string errorJson(const Error &error, int exit);
/// Whether `--json` stands among \p words, before any `--`: a command line that
/// cannot be parsed can still say how to answer.
bool wantsJson(std::span<const std::string_view> words);

/// From now on these end the process with their message (and with \p json their
/// object on stdout) and exit code: SIGINT, SIGTERM, SIGHUP, a failed allocation,
/// a file that is cut short while it is mapped (SIGBUS), and crashes where nobody else
/// handles them. Other signals that end a process still end it, in their own
/// way. Files that are not finished vanish.
void catchFatalEvents(bool json);
/// From now on, the first of SIGINT, SIGTERM and SIGHUP sets interrupted(); a second one
/// ends the process.
void deferInterrupts();
/// From now on, the first of these signals ends the process again.
void obeyInterrupts();
bool interrupted();
/// \p function is called before a signal ends the process; null for none. It may
/// do only what a signal handler may.
void beforeEnding(void (*function)());
/// Takes a SIGINT back: interrupted() is false until the next one. False, and
/// nothing is taken back, where there was none or another signal.
bool forgetInterrupt();
/// For whoever stops because of interrupted().
Error interruptedError();

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_FAILURE_H
