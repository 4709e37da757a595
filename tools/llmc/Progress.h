/// What a long compile says while it works.
#ifndef LLMC_TOOLS_LLMC_PROGRESS_H
#define LLMC_TOOLS_LLMC_PROGRESS_H

#include "compiler/Options.h"

#include <cstdint>
#include <string>

namespace llmc {

/// One line on stderr that is rewritten in place, from one second after the
/// start, at most ten times a second, and only on a terminal. With \p verbose
/// each phase leaves a line with its time, on a terminal or not.
class Progress {
public:
  explicit Progress(bool verbose);
  ~Progress() { clear(); }
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  void update(const CompileProgress &now);
  /// Ends the last phase and removes the line.
  void finish();

private:
  void clear();
  void endPhase(int64_t time);

  bool verbose, terminal;
  bool shown = false; ///< The line stands on the terminal.
  int64_t start, phaseStart, lastShown = 0; ///< Nanoseconds.
  std::string phase;
};

} // namespace llmc

#endif // LLMC_TOOLS_LLMC_PROGRESS_H
