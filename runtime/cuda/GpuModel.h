/// A model.bin on a GPU.
#ifndef LLMC_RUNTIME_CUDA_GPUMODEL_H
#define LLMC_RUNTIME_CUDA_GPUMODEL_H

#include "runtime/cuda/GpuCode.h"
#include "runtime/cuda/GpuMemory.h"
#include "runtime/model/Accelerator.h"

#include <memory>
#include <optional>
#include <string>

namespace llmc::cuda {

/// A device, and the code of a file that serves it.
struct GpuChoice {
  const Driver *driver = nullptr;
  GpuFacts facts;
  size_t image = 0; ///< In Model::devices.
  std::function<std::string()> explain = nullptr; ///< As Gpu::explain.
};

/// Whether \p model has code for any GPU for its first module of \p kind, which no
/// driver need be asked for. Error: DeviceUnavailable.
Status checkHasCode(const Model &model, llmc::Module::Kind kind);

/// The first device of \p driver for which \p model has a schedule of its first
/// module of \p kind. Errors: DeviceUnavailable, DeviceFailed.
Result<GpuChoice> chooseGpu(const Driver &driver, const Model &model, llmc::Module::Kind kind);

class GpuModel final : public Accelerator {
public:
  /// \p artifact, \p threads and the driver must outlive it. Lines about what is
  /// loaded go to \p say. Errors: DeviceFailed, OutOfMemory.
  static Result<std::unique_ptr<GpuModel>> create(const GpuChoice &choice,
                                                  const Artifact &artifact,
                                                  ThreadPool &threads, Say say);

  size_t image() const override { return choice.image; }
  std::string describe() const override;
  Result<int64_t> cacheRoom(const llmc::Module &module, const DecoderNeed &need) override;
  Status prepare(const llmc::Module &module, const DecoderNeed *need) override;
  const WeightPlaces &weights() const override { return places; }
  Result<std::unique_ptr<PageMemory>> makePages(const PoolShape &shape) override;
  Result<std::unique_ptr<StepRunner>> makeSteps(const llmc::Module &module,
                                                KvCache &cache) override;
  Status runGraph(BoundProgram &bound, const ProgramMemory &host,
                  LaunchObserver *observer) override;

private:
  GpuModel(const GpuChoice &choice, const Artifact &artifact, ThreadPool &threads, Say say)
      : choice(choice), artifact(artifact), threads(threads), say(std::move(say)),
        places(artifact) {}
  /// What a decoder or graph takes of the device beside its cache.
  struct Fixed {
    uint64_t weights = 0, step = 0, total = 0; // bytes
  };
  Fixed fixedNeed(const llmc::Module &module, const DecoderNeed *need) const;
  Result<uint64_t> freeMemory(size_t &total) const;
  Status checkNeed(const llmc::Module &module, const DecoderNeed *need);

  GpuChoice choice;
  const Artifact &artifact;
  ThreadPool &threads;
  Say say;
  bool waitsForEach = false;
  int64_t logitRows = 0;
  std::unique_ptr<Gpu> gpu;
  std::unique_ptr<GpuCode> code;
  GpuMemory weightMemory;
  WeightPlaces places;
};

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_GPUMODEL_H
