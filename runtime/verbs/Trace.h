/// A record of every launch, as a file that Perfetto opens.
#ifndef LLMC_RUNTIME_VERBS_TRACE_H
#define LLMC_RUNTIME_VERBS_TRACE_H

#include "runtime/model/WeightLoading.h"
#include "runtime/program/LaunchObserver.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc {

class Trace final : public LaunchObserver {
public:
  explicit Trace(const Model &model) : model(model) {}

  void launched(const Program &program, size_t launch, int64_t begin,
                int64_t end) override;

  /// Chrome's trace event format, "X" events; times in µs from the first. How
  /// weights were read stands in "otherData".
  std::string json(const LoadReport &loading) const;
  /// Errors: CannotCreate, CannotWrite.
  Status write(const std::string &path, const LoadReport &loading) const;

private:
  struct Event {
    const Program *program;
    size_t launch;
    int64_t begin, end; // ns
  };
  /// Beyond this, a trace is too large to be looked at; later launches are
  /// counted only.
  static constexpr size_t maxEvents = 2000000;

  const Model &model;
  std::vector<Event> events;
  uint64_t dropped = 0;
};

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_TRACE_H
