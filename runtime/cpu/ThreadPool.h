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
class ThreadPool {
public:
  /// \p threads counts the caller; at least 1. Error: OutOfMemory where the
  /// system refuses a thread.
  static Result<std::unique_ptr<ThreadPool>> create(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned threads() const { return count; }

  /// Does tiles [0, tiles) of \p kernel and returns when all are done. Thread
  /// i of t does [tiles * i / t, tiles * (i + 1) / t): the same tiles on every
  /// call, so a weight's panels stay in the caches of one core.
  void run(KernelFunction kernel, void *const *buffers, const int64_t *scalars,
           int64_t tiles);

  /// Calls \p task(context, thread) once on every thread.
  void runAll(void (*task)(void *context, unsigned thread), void *context);

private:
  explicit ThreadPool(unsigned threads) : count(threads) {}

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
    unsigned number = 0;
    pthread_t thread = {};
  };

  static void *workerMain(void *worker);
  void work(unsigned thread) const;
  void dispatch();

  unsigned count;
  unsigned spins = 0; // before a thread sleeps
  std::vector<Worker> workers;
  Job job;
  bool stopping = false;
  // Each on a cache line of its own: one is written by the caller, the other
  // by all workers.
  alignas(64) std::atomic<uint32_t> generation = 0;
  std::atomic<uint32_t> sleepers = 0;
  alignas(64) std::atomic<uint32_t> pending = 0;
  std::atomic<uint32_t> callerSleeps = 0;
};

} // namespace llmc

#endif // LLMC_RUNTIME_CPU_THREADPOOL_H
