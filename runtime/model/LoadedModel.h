/// A model.bin ready to run on this machine.
#ifndef LLMC_RUNTIME_MODEL_LOADEDMODEL_H
#define LLMC_RUNTIME_MODEL_LOADEDMODEL_H

#include "runtime/cpu/CpuLevel.h"
#include "runtime/cpu/KernelCode.h"
#include "runtime/cpu/ThreadPool.h"
#include "runtime/format/Artifact.h"
#include "runtime/model/Accelerator.h"
#include "runtime/model/WeightCheck.h"
#include "runtime/model/WeightLoading.h"
#include "runtime/support/Error.h"

#include <memory>
#include <string>
#include <string_view>

namespace llmc {

/// Artifact, mapped kernels, threads, the running check of the weights and the
/// places that these are read from. It is kept behind a pointer because
/// executors refer to its parts.
struct LoadedModel {
  Artifact artifact;
  KernelCode kernels;
  std::unique_ptr<ThreadPool> threads;
  size_t image = 0; ///< In Model::images.
  std::unique_ptr<WeightCheck> weightCheck;
  std::unique_ptr<WeightLoading> weights;
  /// The file as the device sees it; null: the CPU runs it.
  std::unique_ptr<Model> deviceModel;
  std::unique_ptr<Accelerator> accelerator; ///< null: the CPU runs it.

  /// \p threads 0: usableThreads(). The kernels are the best for \p cpu.
  /// Errors: those of Artifact::open, CpuTooOld, NoCpuKernels, CannotRead,
  /// OutOfMemory, ArtifactDamaged.
  static Result<std::unique_ptr<LoadedModel>>
  open(const std::string &path, unsigned threads,
       const CpuFeatures &cpu = cpuFeatures(), const LoadOptions &options = {});

  /// The same for a file that is open already.
  static Result<std::unique_ptr<LoadedModel>>
  openOnCpu(Artifact artifact, unsigned threads, const CpuFeatures &cpu = cpuFeatures(),
            const LoadOptions &options = {});
  /// To run on what \p make makes. Errors: those of \p make, OutOfMemory.
  static Result<std::unique_ptr<LoadedModel>>
  openOnDevice(Artifact artifact, unsigned threads, const AcceleratorMaker &make);

  /// Kernels and programs as they run here.
  const Model &view() const { return deviceModel ? *deviceModel : artifact.model(); }
  /// How the weights came to where they lie.
  LoadReport loadReport() const {
    LoadReport report = weights->report();
    report.onDevice = accelerator != nullptr;
    return report;
  }
  /// Where weights lie for what runs here.
  const WeightPlaces &places() const {
    return accelerator ? accelerator->weights() : weights->places();
  }
  /// For people: `x86-64-v3`; `NVIDIA H200, sm_90a`.
  std::string processor() const;

  /// The first module of this kind, with the programs that run here. Error: WrongModule.
  Result<const Module *> find(Module::Kind kind) const;
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_LOADEDMODEL_H
