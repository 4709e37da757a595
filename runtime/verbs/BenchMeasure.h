/// The runs of `bench` and what is taken down in each.
#ifndef LLMC_RUNTIME_VERBS_BENCHMEASURE_H
#define LLMC_RUNTIME_VERBS_BENCHMEASURE_H

#include "runtime/program/Costs.h"
#include "runtime/program/LaunchObserver.h"
#include "runtime/verbs/MatrixRate.h"
#include "runtime/verbs/PeakMemory.h"
#include "runtime/verbs/Session.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llmc {

/// What a run is: a prompt for each sequence, then steps that give a token to
/// each.
struct BenchPlan {
  int64_t promptTokens = 0;
  int64_t tokens = 0; ///< Steps.
  int64_t batch = 1;
  int64_t repeat = 5;
  int64_t chunk = 0; ///< Rows of a prompt computed at once.
};

/// Median and extremes of one measure over the runs; at least one was added.
class Spread {
public:
  void add(double number);
  double median() const;
  double least() const { return numbers.front(); }
  double most() const { return numbers.back(); }

private:
  std::vector<double> numbers; // ascending
};

/// Time by operator, apart for prompt and decode.
class OperatorTimes final : public LaunchObserver {
public:
  explicit OperatorTimes(const Model &model) : model(model) {}
  void launched(const Program &program, size_t launch, int64_t begin,
                int64_t end) override;

  struct Entry {
    int64_t nanoseconds = 0, launches = 0;
  };
  static constexpr size_t phases = 2;
  size_t phase = 0; ///< 0 prompt, 1 decode.
  std::map<std::string, Entry> times[phases];

private:
  const Model &model;
};

/// What one token costs on the average of a run, by the schedule. In a batch,
/// weights that a step reads for all are shared out among its tokens.
struct TokenCost {
  double operations = 0;
  double weightBytes = 0;
  double cacheBytes = 0;

  double bytes() const { return weightBytes + cacheBytes; }
};

struct BenchResult {
  Spread timeToFirstToken; // ms
  Spread promptRate;       // tokens per second
  Spread decodeRate;       // tokens per second, of all sequences
  std::vector<double> stepTimes; // ms, of all decode steps of all runs
  uint64_t peakBytes = 0;        // as PeakMemory counts
  TokenCost prompt, decode;
  ElementType matrixType = ElementType::F32; // of most of the prompt's operations
  std::optional<double> joulesPerToken;      // prompt and decode
  std::string whyNoEnergy;
  double bandwidth = 0;        // bytes per second
  uint64_t bandwidthBytes = 0; // that were read to measure it
  MatrixRate matrix;

  /// Of the steps, in ms; \p share in [0, 1]. The nearest rank.
  double percentile(double share) const;
  /// False for a file of a compiler that wrote no figures.
  bool hasCosts() const { return decode.operations > 0; }
  double promptOperationsPerSecond() const {
    return prompt.operations * promptRate.median();
  }
  double decodeOperationsPerSecond() const {
    return decode.operations * decodeRate.median();
  }
  double decodeBytesPerSecond() const { return decode.bytes() * decodeRate.median(); }
  /// Shares of what was measured on the machine; 0 where that failed.
  double matrixShare() const;
  double bandwidthShare() const;
};

/// Bytes that \p plan takes beyond what the session has touched: pages of the
/// cache, and logits of every sequence. INT64_MAX where they are more.
int64_t benchMemory(Session &session, const BenchPlan &plan);

/// Runs \p plan once to touch memory, then as often as it says, and asks the
/// machine for its limits before and behind these. Tells on a terminal how far it
/// is. \p peak, which has watched since before the session was opened, is paused
/// before the first run that counts. \p times may be null. Errors: those of the
/// steps.
Result<BenchResult> measureBench(Session &session, const BenchPlan &plan, PeakMemory &peak,
                                 OperatorTimes *times);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_BENCHMEASURE_H
