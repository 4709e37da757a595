/// A line on a terminal that is rewritten while something takes long.
#ifndef LLMC_RUNTIME_VERBS_PROGRESSLINE_H
#define LLMC_RUNTIME_VERBS_PROGRESSLINE_H

#include <cstdint>
#include <string>

namespace llmc {

/// On stderr, from one second after the start, at most ten times a second; off a
/// terminal never. Nothing is left of it at the end.
class ProgressLine {
public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine &) = delete;
  ProgressLine &operator=(const ProgressLine &) = delete;

  /// Whether show() would show: ask before a text is made.
  bool isDue() const;
  void show(const std::string &text);
  /// At once, as the start of what says nothing for long.
  void showNow(const std::string &text);
  /// What is shown next need not wait.
  void clear();

private:
  bool terminal;
  bool shown = false;
  int64_t start, lastShown = 0; // nanoseconds
};

/// `, 3.2 s left`, where \p done of \p total took \p nanoseconds; empty while
/// too little is known to tell.
std::string timeLeft(double done, double total, int64_t nanoseconds);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_PROGRESSLINE_H
