/// What a long compile says while it works.
#ifndef LLMC_TOOLS_LLMC_PROGRESS_H
#define LLMC_TOOLS_LLMC_PROGRESS_H

#include "compiler/Options.h"
#include "runtime/verbs/ProgressLine.h"

#include <cstdint>
#include <string>

namespace llmc {

/// A ProgressLine of the phase. With \p verbose each phase leaves a line with its
/// time, on a terminal or not.
class Progress {
public:
  explicit Progress(bool verbose);

  void update(const CompileProgress &now);
  /// Ends the last phase and removes the line.
  void finish();

private:
  void endPhase(int64_t time);

  bool verbose;
  ProgressLine line;
  int64_t phaseStart; ///< Nanoseconds.
  std::string phase;
};

} // namespace llmc

#endif // LLMC_TOOLS_LLMC_PROGRESS_H
