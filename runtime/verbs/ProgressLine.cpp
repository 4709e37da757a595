#include "runtime/verbs/ProgressLine.h"

#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"

#include <cstdlib>
#include <string_view>
#include <unistd.h>

namespace llmc {

namespace {
constexpr int64_t second = 1000000000;
constexpr std::string_view wipe = "\r\x1b[K";

/// For signal handlers: what they say begins on a line of its own.
void wipeNow() { (void)!::write(2, wipe.data(), wipe.size()); }
} // namespace

ProgressLine::ProgressLine() : terminal(stderrIsTerminal()), start(monotonicNow()) {
  const char *kind = std::getenv("TERM");
  if (kind && std::string_view(kind) == "dumb")
    terminal = false;
}

bool ProgressLine::isDue() const {
  if (!terminal)
    return false;
  int64_t time = monotonicNow();
  return time - start >= second && time - lastShown >= second / 10;
}

void ProgressLine::show(const std::string &text) {
  if (isDue())
    showNow(text);
}

void ProgressLine::showNow(const std::string &text) {
  if (!terminal)
    return;
  lastShown = monotonicNow();
  if (!shown)
    beforeEnding(wipeNow);
  report(std::string(wipe) + text);
  shown = true;
}

void ProgressLine::clear() {
  if (shown) {
    beforeEnding(nullptr);
    report(wipe);
  }
  shown = false;
  lastShown = 0;
}

std::string timeLeft(double done, double total, int64_t nanoseconds) {
  if (done <= 0 || nanoseconds < second / 2)
    return "";
  return ", " +
         formatReal(static_cast<double>(nanoseconds) / second * (total - done) / done, 1) +
         " s left";
}

} // namespace llmc
