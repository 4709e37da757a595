#include "runtime/model/LoadedModel.h"

#include "runtime/model/DeviceView.h"

namespace llmc {

Result<std::unique_ptr<LoadedModel>>
LoadedModel::open(const std::string &path, unsigned threads,
                  const CpuFeatures &cpu, const LoadOptions &options) {
  LLMC_TRY(Artifact artifact, Artifact::open(path));
  return openOnCpu(std::move(artifact), threads, cpu, options);
}

Result<std::unique_ptr<LoadedModel>>
LoadedModel::openOnCpu(Artifact artifact, unsigned threads,
                       const CpuFeatures &cpu, const LoadOptions &options) {
  const Model &header = artifact.model();
  if (header.images.empty() && !header.devices.empty()) {
    std::string targets;
    for (const DeviceImage &device : header.devices)
      targets += (targets.empty() ? "" : ", ") + device.target;
    return Error{Code::NoCpuKernels, "the file has no kernels for the CPU", artifact.path(),
                 "it was compiled for " + targets + " alone",
                 "run it where there is such a GPU, use --device=sim, or compile with a CPU "
                 "level in --target as well"};
  }
  LLMC_CHECK(checkWantedLevel(cpu));
  LLMC_TRY(size_t image, chooseImage(header.images, cpu));
  LLMC_TRY(KernelCode kernels, KernelCode::map(artifact, image));
  LLMC_TRY(std::unique_ptr<ThreadPool> pool,
           ThreadPool::create(threads ? threads : usableThreads()));
  std::unique_ptr<LoadedModel> model(new LoadedModel{
      std::move(artifact), std::move(kernels), std::move(pool), image, nullptr,
      nullptr, nullptr, nullptr});
  LLMC_TRY(model->weights, WeightLoading::create(model->artifact,
                                                 *model->threads, options));
  if (model->weights->hasCheckedAll()) {
    model->weightCheck = WeightCheck::none(model->artifact);
    return model;
  }
  LLMC_TRY(model->weightCheck,
           WeightCheck::start(model->artifact, *model->threads));
  return model;
}

Result<std::unique_ptr<LoadedModel>>
LoadedModel::openOnDevice(Artifact artifact, unsigned threads,
                          const AcceleratorMaker &make) {
  LLMC_TRY(std::unique_ptr<ThreadPool> pool,
           ThreadPool::create(threads ? threads : usableThreads()));
  std::unique_ptr<LoadedModel> model(new LoadedModel{
      std::move(artifact), KernelCode(), std::move(pool), 0, nullptr, nullptr,
      nullptr, nullptr});
  // Weights are checked on their way to the device.
  model->weightCheck = WeightCheck::none(model->artifact);
  LLMC_TRY(model->weights, WeightLoading::create(model->artifact, *model->threads,
                                                 {LoadMode::Map, nullptr}));
  LLMC_TRY(model->accelerator, make(model->artifact, *model->threads));
  model->deviceModel = std::make_unique<Model>(
      deviceView(model->artifact.model(), model->accelerator->image()));
  return model;
}

std::string LoadedModel::processor() const {
  return accelerator ? accelerator->describe() : artifact.model().images[image].level;
}

Result<const Module *> LoadedModel::find(Module::Kind kind) const {
  for (const Module &module : view().modules)
    if (module.kind == kind)
      return &module;
  bool wantsDecoder = kind == Module::Kind::Decoder;
  return Error{Code::WrongModule, "the file cannot do this", artifact.path(),
               wantsDecoder ? "it holds no language model"
                            : "it holds no plain graph",
               wantsDecoder ? "run the graph with `infer`"
                            : "use `run`, `logits` or `eval`"};
}

} // namespace llmc
