/// What a machine lets a kernel attain.
#ifndef LLMC_RUNTIME_VERBS_REPORT_MACHINELIMITS_H
#define LLMC_RUNTIME_VERBS_REPORT_MACHINELIMITS_H

#include <string>
#include <vector>

namespace llmc::page {

/// What one launch computes and moves.
struct Demand {
  double operations = 0; ///< Floating-point; an FMA is two.
  double bytes = 0;      ///< All that it moves.
  /// Of these, weights and the cache of keys and values: they were last read a
  /// step ago.
  double farBytes = 0;
  double setBytes = 0; ///< What a step touches, and so lies between two reads of those.
};

/// What takes longest of a demand.
enum class Bound { Compute, Memory, Caches };

struct MachineLimits {
  /// A set of bytes that is read again and again.
  struct Set {
    double bytes = 0, bytesPerSecond = 0;
  };
  double bytesPerSecond = 0;      ///< Of memory; 0: not known.
  double operationsPerSecond = 0; ///< 0: not known.
  std::string source;             ///< `measured with 2 threads`; for people.
  /// Ascending in size, none faster than one before it; empty: not known, and
  /// all is held against memory.
  std::vector<Set> sets = {};

  bool known() const { return bytesPerSecond > 0 && operationsPerSecond > 0; }
  /// Operations per second at \p intensity operations per byte from memory.
  double attainable(double intensity) const;
  /// Where both limits meet.
  double ridge() const { return operationsPerSecond / bytesPerSecond; }
  /// At which a set of \p bytes is read again and again: the rate of the largest
  /// measured one that is no larger; from twice the largest on, of memory.
  double bandwidthOf(double bytes) const;
  /// Whether such a set comes from the caches: faster than memory by a quarter.
  bool isCached(double bytes) const { return bandwidthOf(bytes) > 1.25 * bytesPerSecond; }
  /// Nanoseconds that one launch takes at least: its operations; its far bytes at
  /// the rate of the step's set; all its bytes at the rate of a set of their size.
  double leastTime(const Demand &demand) const;
  Bound boundOf(const Demand &demand) const;
  /// Limit by limit, of two measurements of one machine.
  void takeBetter(const MachineLimits &other);
};

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_MACHINELIMITS_H
