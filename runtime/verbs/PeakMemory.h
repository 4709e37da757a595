/// How much memory of its own this process has had at most.
#ifndef LLMC_RUNTIME_VERBS_PEAKMEMORY_H
#define LLMC_RUNTIME_VERBS_PEAKMEMORY_H

#include <atomic>
#include <cstdint>
#include <pthread.h>

namespace llmc {

/// The largest RssAnon + RssShmem seen: private and shared memory without mapped
/// files, of which the system keeps no peak itself (its VmHWM counts them). A
/// thread looks once in a millisecond from the start until pause(); from then
/// on, sample() alone.
class PeakMemory {
public:
  PeakMemory();
  ~PeakMemory();
  PeakMemory(const PeakMemory &) = delete;
  PeakMemory &operator=(const PeakMemory &) = delete;

  /// Ends the thread, so that it disturbs no measurement.
  void pause();
  void sample();
  /// 0 where the system does not tell.
  uint64_t bytes() const { return most; }

private:
  static void *watch(void *self);

  int status = -1; // descriptor of /proc/self/status
  std::atomic<uint64_t> most = 0;
  std::atomic<bool> ends = false;
  bool watching = false;
  pthread_t thread = {};
};

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_PEAKMEMORY_H
