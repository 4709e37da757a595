/// The weights' hashes, compared while the first tokens are on their way.
#ifndef LLMC_RUNTIME_MODEL_WEIGHTCHECK_H
#define LLMC_RUNTIME_MODEL_WEIGHTCHECK_H

#include "runtime/cpu/ThreadPool.h"
#include "runtime/format/Artifact.h"
#include "runtime/support/Error.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <pthread.h>

namespace llmc {

/// Weights below this size are checked before start() returns, by all threads.
inline constexpr uint64_t immediateCheckBytes = 64 << 20;

/// Larger weights are checked by a thread of its own, in the order of the file.
/// Whoever gives out a result that depends on weights calls wait() first, so
/// that nothing computed from altered bytes leaves the process.
class WeightCheck {
public:
  /// \p artifact must outlive it. Errors: ArtifactDamaged, OutOfMemory.
  static Result<std::unique_ptr<WeightCheck>> start(const Artifact &artifact,
                                                    ThreadPool &threads);
  ~WeightCheck();
  WeightCheck(const WeightCheck &) = delete;
  WeightCheck &operator=(const WeightCheck &) = delete;

  /// For weights that were checked by other means.
  static std::unique_ptr<WeightCheck> none(const Artifact &artifact);

  /// Waits until every block is checked; cheap once it has been. Error:
  /// ArtifactDamaged.
  Status wait();
  /// Whether wait() has returned, or returns without waiting.
  bool isDone() const { return !running; }

private:
  explicit WeightCheck(const Artifact &artifact);
  void checkBlocks();
  Status outcome() const;

  const Artifact &artifact;
  size_t section;
  uint64_t blocks = 0;
  std::atomic<uint64_t> next = 0;    // the block to be checked next
  std::atomic<uint64_t> bad;         // the first bad block found, or `blocks`
  std::atomic<bool> stopping = false;
  bool running = false;
  pthread_t thread = {};
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_WEIGHTCHECK_H
