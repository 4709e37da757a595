/// Who is told of launches.
#ifndef LLMC_RUNTIME_PROGRAM_LAUNCHOBSERVER_H
#define LLMC_RUNTIME_PROGRAM_LAUNCHOBSERVER_H

#include "runtime/format/Program.h"

#include <cstddef>
#include <cstdint>

namespace llmc {

/// Told of every launch when a trace is wanted.
class LaunchObserver {
public:
  /// \p begin and \p end in nanoseconds of CLOCK_MONOTONIC.
  virtual void launched(const Program &program, size_t launch, int64_t begin,
                        int64_t end) = 0;

protected:
  ~LaunchObserver() = default;
};

} // namespace llmc

#endif // LLMC_RUNTIME_PROGRAM_LAUNCHOBSERVER_H
