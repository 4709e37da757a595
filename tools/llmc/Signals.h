/// How llmc ends when it is interrupted or crashes.
#ifndef LLMC_TOOLS_LLMC_SIGNALS_H
#define LLMC_TOOLS_LLMC_SIGNALS_H

namespace llmc {

/// From now on SIGINT and SIGTERM end the process with 130 and 143, and a
/// crash (SIGSEGV, an abort, LLVM's fatal errors) with 70 and a short message;
/// with LLMC_DEBUG in the environment, LLVM's stack trace stands before it.
/// Forked workers are not concerned: they die as if nothing were installed.
/// \p argv is kept: a crash prints the command line.
void installSignalHandlers(int argc, char **argv);

} // namespace llmc

#endif // LLMC_TOOLS_LLMC_SIGNALS_H
