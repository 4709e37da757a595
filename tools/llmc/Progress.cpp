#include "tools/llmc/Progress.h"

#include "runtime/verbs/Console.h"

#include <cstdlib>

namespace llmc {

namespace {
constexpr int64_t second = 1000000000;

std::string seconds(int64_t nanoseconds) {
  return formatReal(static_cast<double>(nanoseconds) / second, 1) + " s";
}
} // namespace

Progress::Progress(bool verbose)
    : verbose(verbose), terminal(stderrIsTerminal()), start(monotonicNow()),
      phaseStart(start) {
  const char *kind = std::getenv("TERM");
  if (kind && std::string_view(kind) == "dumb")
    terminal = false;
}

void Progress::clear() {
  if (shown)
    report("\r\x1b[K");
  shown = false;
}

void Progress::endPhase(int64_t time) {
  clear();
  if (verbose && !phase.empty())
    report(phase + ": " + seconds(time - phaseStart) + "\n");
}

void Progress::update(const CompileProgress &now) {
  int64_t time = monotonicNow();
  bool changed = now.phase != phase;
  if (changed) {
    endPhase(time);
    phase = now.phase;
    phaseStart = time;
  }
  if (!terminal || time - start < second ||
      (!changed && time - lastShown < second / 10))
    return;
  lastShown = time;
  std::string line = phase;
  if (now.total > 0) {
    double part = static_cast<double>(now.done) / static_cast<double>(now.total);
    line += " " + formatReal(100 * part, 0) + " %";
    // Too little is known at first to tell how long it will take.
    if (now.done > 0 && time - phaseStart > second / 2)
      line += ", " +
              seconds(static_cast<int64_t>(
                  static_cast<double>(time - phaseStart) * (1 - part) / part)) +
              " left";
  }
  report("\r\x1b[K" + line);
  shown = true;
}

void Progress::finish() {
  endPhase(monotonicNow());
  phase.clear();
}

} // namespace llmc
