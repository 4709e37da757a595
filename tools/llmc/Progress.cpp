#include "tools/llmc/Progress.h"

#include "runtime/verbs/Console.h"

namespace llmc {

Progress::Progress(bool verbose) : verbose(verbose), phaseStart(monotonicNow()) {}

void Progress::endPhase(int64_t time) {
  line.clear();
  if (verbose && !phase.empty())
    report(phase + ": " + formatReal(static_cast<double>(time - phaseStart) / 1e9, 1) + " s\n");
}

void Progress::update(const CompileProgress &now) {
  int64_t time = monotonicNow();
  bool changed = now.phase != phase;
  if (changed) {
    endPhase(time);
    phase = now.phase;
    phaseStart = time;
  }
  if (!line.isDue())
    return;
  std::string text = phase;
  if (now.total > 0) {
    auto done = static_cast<double>(now.done), total = static_cast<double>(now.total);
    text += " " + formatReal(100 * done / total, 0) + " %" +
            timeLeft(done, total, time - phaseStart);
  }
  line.show(text);
}

void Progress::finish() {
  endPhase(monotonicNow());
  phase.clear();
}

} // namespace llmc
