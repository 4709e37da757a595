#include "runtime/model/LoadedModel.h"

namespace llmc {

Result<std::unique_ptr<LoadedModel>>
LoadedModel::open(const std::string &path, unsigned threads,
                  const CpuFeatures &cpu, const LoadOptions &options) {
  LLMC_TRY(Artifact artifact, Artifact::open(path));
  LLMC_CHECK(checkWantedLevel(cpu));
  LLMC_TRY(size_t image, chooseImage(artifact.model().images, cpu));
  LLMC_TRY(KernelCode kernels, KernelCode::map(artifact, image));
  LLMC_TRY(std::unique_ptr<ThreadPool> pool,
           ThreadPool::create(threads ? threads : usableThreads()));
  std::unique_ptr<LoadedModel> model(new LoadedModel{
      std::move(artifact), std::move(kernels), std::move(pool), image, nullptr,
      nullptr});
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

Result<const Module *> LoadedModel::find(Module::Kind kind) const {
  for (const Module &module : artifact.model().modules)
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
