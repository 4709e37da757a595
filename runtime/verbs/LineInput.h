/// Lines from whoever types: edited on a terminal, as they come elsewhere.
#ifndef LLMC_RUNTIME_VERBS_LINEINPUT_H
#define LLMC_RUNTIME_VERBS_LINEINPUT_H

#include "runtime/support/Error.h"
#include "runtime/verbs/LineBuffer.h"

#include <string>

namespace llmc {

class LineInput {
public:
  LineInput();

  enum class End { Line, Interrupt, EndOfInput };
  /// Reads a line from stdin, without its line break. \p prompt is shown on a
  /// terminal, on stderr. Interrupt: Ctrl-C, which a terminal sends as a key
  /// while a line is edited. What is typed until the next one is not shown, and
  /// comes into it; the terminal is as it was when the process ends.
  /// Error: CannotRead.
  Result<End> read(std::string_view prompt, std::string &line);
  /// Whether lines are edited.
  bool isTerminal() const { return terminal; }

  /// Whether Ctrl-C was pressed between the end of the line and now; what was
  /// typed before it is forgotten, as a terminal does.
  bool takeInterrupt();

private:
  void readAhead();
  Result<End> edit(std::string_view prompt, std::string &line);
  Result<End> readPlain(std::string &line);
  void show(std::string_view prompt) const;

  bool terminal;
  LineBuffer buffer;
  KeyReader keys;
  std::string ahead; // Bytes that were read and not used yet.
  bool ended = false;
};

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_LINEINPUT_H
