/// A device beside the CPU that programs run on.
#ifndef LLMC_RUNTIME_MODEL_ACCELERATOR_H
#define LLMC_RUNTIME_MODEL_ACCELERATOR_H

#include "runtime/cache/KvCache.h"
#include "runtime/cpu/ThreadPool.h"
#include "runtime/format/Artifact.h"
#include "runtime/model/StepRunner.h"
#include "runtime/program/BoundProgram.h"
#include "runtime/program/WeightPlaces.h"

#include <functional>
#include <memory>
#include <string>

namespace llmc {

/// What a decoder asks of a device before anything is allocated there.
struct DecoderNeed {
  PoolShape pool;             ///< Of the cache, all of it.
  int64_t sequences = 0;
  int64_t pagesPerSequence = 0;
  int64_t logitRows = 0;      ///< Rows of logits that are kept from the start.
};

/// What executors need of a device. They are the same for every device, and the
/// device knows nothing of sequences. Everything made here must go before it.
class Accelerator {
public:
  virtual ~Accelerator() = default;

  /// In Model::devices.
  virtual size_t image() const = 0;
  /// For people: `NVIDIA H200, sm_90a`.
  virtual std::string describe() const = 0;

  /// Bytes that the cache of \p need can have beside all else that it and
  /// \p module need; before prepare. Error: DeviceFailed.
  virtual Result<int64_t> cacheRoom(const Module &module, const DecoderNeed &need) = 0;
  /// Tells what \p module needs, refuses what does not fit, and loads kernels and
  /// weights. Once, before what follows. \p module has the device's programs;
  /// \p need is null for graphs. Errors: OutOfMemory before anything is
  /// allocated, DeviceFailed, ArtifactDamaged, CannotRead.
  virtual Status prepare(const Module &module, const DecoderNeed *need) = 0;
  /// Where the weights lie, after prepare.
  virtual const WeightPlaces &weights() const = 0;
  /// Errors: OutOfMemory, DeviceFailed.
  virtual Result<std::unique_ptr<PageMemory>> makePages(const PoolShape &shape) = 0;
  /// As prepared for. Errors: OutOfMemory, DeviceFailed.
  virtual Result<std::unique_ptr<StepRunner>> makeSteps(const Module &module,
                                                        KvCache &cache) = 0;
  /// Runs a graph whose symbols are set, from and to \p host memory; its arena is
  /// the device's. Errors: OutOfMemory, DeviceFailed, ArtifactDamaged.
  virtual Status runGraph(BoundProgram &bound, const ProgramMemory &host,
                          LaunchObserver *observer) = 0;
};

/// Makes a device for \p artifact, which stays where it is; \p threads read the
/// weights.
using AcceleratorMaker = std::function<Result<std::unique_ptr<Accelerator>>(
    const Artifact &artifact, ThreadPool &threads)>;

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_ACCELERATOR_H
