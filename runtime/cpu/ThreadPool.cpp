#include "runtime/cpu/ThreadPool.h"

#include "runtime/cpu/FloatMode.h"

#include <cstring>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace llmc {

namespace {

/// About 50 to 150 µs: longer than sampling a token takes, short enough to let
/// an idle process be idle.
constexpr unsigned spinRounds = 4000;

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

void futexWait(std::atomic<uint32_t> &word, uint32_t expected) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr,
            0);
}

void futexWake(std::atomic<uint32_t> &word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr,
            0);
}

} // namespace

Result<std::unique_ptr<ThreadPool>> ThreadPool::create(unsigned threads) {
  threads = threads == 0 ? 1 : threads;
  std::unique_ptr<ThreadPool> pool(new ThreadPool(threads));
  // More threads than cores: who spins keeps another from working.
  pool->spins = threads <= usableThreads() ? spinRounds : 0;
  pool->workers.resize(threads - 1);
  for (unsigned i = 0; i + 1 < threads; ++i) {
    Worker &worker = pool->workers[i];
    worker.pool = pool.get();
    worker.part = i + 1;
    if (int failure = ::pthread_create(&worker.thread, nullptr, workerMain,
                                       &worker)) {
      pool->workers.resize(i);
      return Error{Code::OutOfMemory, "cannot start a thread",
                   "thread " + std::to_string(i + 2) + " of " +
                       std::to_string(threads),
                   std::strerror(failure), "use fewer with --threads"};
    }
  }
  return pool;
}

ThreadPool::~ThreadPool() {
  stopping = true;
  generation.fetch_add(1);
  futexWake(generation);
  for (Worker &worker : workers)
    ::pthread_join(worker.thread, nullptr);
}

void ThreadPool::work(unsigned part) const {
  if (job.task) {
    job.task(job.context, part);
    return;
  }
  auto border = [&](unsigned i) {
    return static_cast<int64_t>(static_cast<__int128>(job.tiles) * i / count);
  };
  if (int64_t begin = border(part), end = border(part + 1); begin < end)
    job.kernel(job.buffers, job.scalars, begin, end);
}

/// A thread that comes late, even by several launches, fails here: the claim
/// has moved on. Who succeeds may read the job until it ends its part, because
/// the launch does not end before.
void ThreadPool::workIfUnclaimed(unsigned part, uint32_t launch) {
  uint32_t before = launch - 1;
  if (!claims[part].generation.compare_exchange_strong(before, launch))
    return;
  work(part);
  if (pending.fetch_sub(1) == 1 && callerSleeps.load())
    futexWake(pending);
}

void *ThreadPool::workerMain(void *argument) {
  const Worker &worker = *static_cast<const Worker *>(argument);
  ThreadPool &pool = *worker.pool;
  KernelFloatMode mode;
  uint32_t seen = 0;
  auto isIdle = [&] {
    return pool.generation.load(std::memory_order_acquire) == seen;
  };
  for (;;) {
    for (unsigned i = 0; i < pool.spins && isIdle(); ++i)
      _mm_pause();
    while (isIdle()) {
      // Sequentially consistent on both sides: either the caller sees this
      // sleeper, or this thread sees the new generation.
      pool.sleepers.fetch_add(1);
      futexWait(pool.generation, seen);
      pool.sleepers.fetch_sub(1);
    }
    seen = pool.generation.load(std::memory_order_acquire);
    if (pool.stopping.load(std::memory_order_relaxed))
      return nullptr;
    pool.workIfUnclaimed(worker.part, seen);
  }
}

void ThreadPool::dispatch() {
  pending.store(count - 1);
  uint32_t launch = generation.fetch_add(1) + 1;
  if (sleepers.load() > 0)
    futexWake(generation);
  work(0);
  for (unsigned part = 1; part < count; ++part)
    workIfUnclaimed(part, launch);
  for (unsigned i = 0;
       i < spins && pending.load(std::memory_order_acquire) != 0; ++i)
    _mm_pause();
  while (uint32_t left = pending.load(std::memory_order_acquire)) {
    callerSleeps.store(1);
    futexWait(pending, left);
    callerSleeps.store(0);
  }
}

void ThreadPool::run(KernelFunction kernel, void *const *buffers,
                     const int64_t *scalars, int64_t tiles) {
  if (tiles <= 0)
    return;
  KernelFloatMode mode;
  if (count == 1 || tiles == 1) {
    kernel(buffers, scalars, 0, tiles);
    return;
  }
  job = {kernel, buffers, scalars, tiles, nullptr, nullptr};
  dispatch();
}

void ThreadPool::runAll(void (*task)(void *, unsigned), void *context) {
  KernelFloatMode mode;
  job = {nullptr, nullptr, nullptr, 0, task, context};
  if (count == 1)
    task(context, 0);
  else
    dispatch();
}

} // namespace llmc
