/// Threads that share the tiles of each launch.
#ifndef LLMC_RUNTIME_CPU_THREADPOOL_H
#define LLMC_RUNTIME_CPU_THREADPOOL_H

#include "runtime/format/KernelAbi.h"
#include "runtime/support/Error.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <pthread.h>
#include <vector>

namespace llmc {

/// Threads that this process may keep busy: distinct cores in its affinity
/// mask, at most its cgroup's CPU quota (rounded up), at least 1.
unsigned usableThreads();

/// Persistent workers and the calling thread. Every thread has the float mode
/// of kernels while it runs one. Between launches workers spin for some tens of
/// microseconds, then sleep (a barrier is 0.2 µs while they spin, and 30 µs if
/// they always slept). Only one thread at a time may call run().
///
/// The parts of a launch are claimed: a worker that has not begun its part when
/// the caller is done with its own loses it to the caller. So a machine that is
/// busy with other things costs the workers' help, not a scheduler's time slice
/// per launch.
class ThreadPool {
public:
  /// \p threads counts the caller; at least 1. Error: OutOfMemory where the
  /// system refuses a thread.
  static Result<std::unique_ptr<ThreadPool>> create(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned threads() const { return count; }

  /// Does tiles [0, tiles) of \p kernel and returns when all are done. Part i
  /// of t is [tiles * i / t, tiles * (i + 1) / t), for thread i: the same tiles
  /// on every call, so a weight's panels stay in the caches of one core.
  void run(KernelFunction kernel, void *const *buffers, const int64_t *scalars,
           int64_t tiles);

  /// Calls \p task(context, part) for every part in [0, threads()), at once as
  /// far as threads are at hand.
  void runAll(void (*task)(void *context, unsigned part), void *context);

private:
  explicit ThreadPool(unsigned threads) : count(threads), claims(threads) {}

  struct Job {
    KernelFunction kernel = nullptr;
    void *const *buffers = nullptr;
    const int64_t *scalars = nullptr;
    int64_t tiles = 0;
    void (*task)(void *, unsigned) = nullptr; // instead of a kernel
    void *context = nullptr;
  };
  struct Worker {
    ThreadPool *pool = nullptr;
    unsigned part = 0;
    pthread_t thread = {};
  };
  /// The generation whose part was claimed last; on a cache line of its own.
  struct alignas(64) Claim {
    std::atomic<uint32_t> generation = 0;
  };

  static void *workerMain(void *worker);
  void work(unsigned part) const;
  void workIfUnclaimed(unsigned part, uint32_t launch);
  void dispatch();

  unsigned count;
  unsigned spins = 0; // before a thread sleeps
  std::vector<Worker> workers;
  std::vector<Claim> claims; // [count]; the caller's is not used
  Job job;
  std::atomic<bool> stopping = false;
  // Each on a cache line of its own: one is written by the caller, the other
  // by who ends a part.
  alignas(64) std::atomic<uint32_t> generation = 0;
  std::atomic<uint32_t> sleepers = 0;
  alignas(64) std::atomic<uint32_t> pending = 0;
  std::atomic<uint32_t> callerSleeps = 0;
};

} // namespace llmc

#endif // LLMC_RUNTIME_CPU_THREADPOOL_H
