#include "runtime/cuda/GpuModel.h"

#include "runtime/cuda/ChooseImage.h"
#include "runtime/cuda/GpuPages.h"
#include "runtime/cuda/GpuSteps.h"
#include "runtime/cuda/LoadDriver.h"
#include "runtime/cuda/UploadWeights.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace llmc::cuda {

namespace {

/// What is left to the driver itself: code, graphs, local memory of kernels.
constexpr uint64_t driverMargin = 128 << 20;

std::string mebibytes(uint64_t bytes) {
  char text[48];
  std::snprintf(text, sizeof text, "%.1f MiB", double(bytes) / (1 << 20));
  return text;
}

std::string targetsOf(const Model &model) {
  std::string text;
  for (const DeviceImage &device : model.devices)
    text += (text.empty() ? "" : ", ") + device.target;
  return text;
}

} // namespace

Status checkHasCode(const Model &model, llmc::Module::Kind kind) {
  auto module = std::ranges::find(model.modules, kind, &llmc::Module::kind);
  if (module != model.modules.end() && !module->schedules.empty())
    return Status::ok();
  // The compiler makes schedules of decoders alone.
  if (module != model.modules.end() && kind == llmc::Module::Kind::Graph)
    return Error{Code::DeviceUnavailable, "the file has no kernels for a GPU", "",
                 "a graph that is no decoder runs on the CPU only", "use --device=cpu"};
  return Error{Code::DeviceUnavailable, "the file has no kernels for a GPU", "",
               "it was compiled for the CPU alone",
               "compile with --target=sm_80, say, or use --device=cpu"};
}

Result<GpuChoice> chooseGpu(const Driver &driver, const Model &model, llmc::Module::Kind kind) {
  LLMC_CHECK(checkHasCode(model, kind));
  auto module = std::ranges::find(model.modules, kind, &llmc::Module::kind);
  LLMC_TRY(std::vector<GpuFacts> gpus, listGpus(driver));
  std::string seen;
  for (GpuFacts &facts : gpus) {
    auto chosen = [&](int version) {
      return chooseImage(model.devices, *module, facts.major, facts.minor, version);
    };
    if (auto image = chosen(facts.driverVersion))
      return GpuChoice{&driver, std::move(facts), *image, nullptr};
    if (auto image = chosen(std::numeric_limits<int>::max())) {
      const std::string &target = model.devices[*image].target;
      std::string least = versionText(Target::parse(target).leastDriver());
      return Error{Code::DeviceUnavailable, "the driver is too old for the kernels of the file",
                   facts.name,
                   "kernels for " + target + " need a driver of CUDA " + least +
                       ", and this is one of CUDA " + versionText(facts.driverVersion),
                   "update NVIDIA's driver, or compile for sm_80 as well"};
    }
    seen += (seen.empty() ? "" : ", ") + facts.name + " (sm_" +
            std::to_string(facts.major * 10 + facts.minor) + ")";
  }
  return Error{Code::DeviceUnavailable, "no GPU here runs the kernels of the file", "",
               "they are for " + targetsOf(model) + ", and there is " + seen,
               "compile with a lower --target, or use --device=cpu"};
}

Result<std::unique_ptr<GpuModel>> GpuModel::create(const GpuChoice &choice,
                                                   const Artifact &artifact,
                                                   ThreadPool &threads, Say say) {
  std::unique_ptr<GpuModel> model(new GpuModel(choice, artifact, threads, std::move(say)));
  const char *wait = std::getenv("LLMC_CUDA_SYNC");
  model->waitsForEach = wait && std::strcmp(wait, "0") != 0;
  LLMC_TRY(model->gpu, Gpu::open(*choice.driver, choice.facts));
  model->gpu->explain = choice.explain;
  return model;
}

std::string GpuModel::describe() const {
  return choice.facts.name + ", " + artifact.model().devices[choice.image].target;
}

GpuModel::Fixed GpuModel::fixedNeed(const llmc::Module &module, const DecoderNeed *need) const {
  Fixed fixed;
  size_t section = artifact.weightsSection();
  if (section < artifact.sections().size())
    fixed.weights = artifact.sections()[section].size;
  if (need)
    fixed.step = stepNeed(module, std::min(need->sequences, module.decoder.chunk) *
                                      need->pagesPerSequence,
                          need->logitRows).total();
  fixed.total = fixed.weights + fixed.step + driverMargin;
  return fixed;
}

Result<uint64_t> GpuModel::freeMemory(size_t &total) const {
  size_t free = 0;
  LLMC_CHECK(gpu->check(gpu->driver.memGetInfo(&free, &total),
                        "the GPU does not tell what memory it has"));
  return uint64_t(free);
}

Result<int64_t> GpuModel::cacheRoom(const llmc::Module &module, const DecoderNeed &need) {
  LLMC_CHECK(gpu->enter());
  size_t total = 0;
  LLMC_TRY(uint64_t free, freeMemory(total));
  uint64_t fixed = fixedNeed(module, &need).total;
  return fixed < free ? static_cast<int64_t>(free - fixed) : 0;
}

Status GpuModel::checkNeed(const llmc::Module &module, const DecoderNeed *need) {
  Fixed fixed = fixedNeed(module, need);
  uint64_t cache = need ? static_cast<uint64_t>(need->pool.poolBytes) : 0;
  size_t total = 0;
  LLMC_TRY(uint64_t free, freeMemory(total));
  bool full = need && need->pool.pages == need->sequences * need->pagesPerSequence;
  std::string needs = "weights " + mebibytes(fixed.weights);
  if (need)
    needs += (full ? ", cache at full context " : ", cache up to ") + mebibytes(cache) +
             ", activations " + mebibytes(fixed.step);
  if (say)
    say("memory of the GPU: " + needs + "; " + mebibytes(free) + " of " + mebibytes(total) +
        " are free");
  if (fixed.total <= free && cache <= free - fixed.total)
    return Status::ok();
  std::string fix = "end other programs on the GPU, or use --device=cpu";
  if (need && fixed.total < free && need->sequences > 0 && need->pool.pageBytes > 0) {
    uint64_t pages = (free - fixed.total) / static_cast<uint64_t>(need->pool.pageBytes) /
                     static_cast<uint64_t>(need->sequences);
    if (!full)
      fix = "ask for fewer tokens with -n" +
            std::string(need->sequences > 1 ? ", or sequences with --batch" : "") +
            ", or use --device=cpu";
    else if (pages > 0)
      fix = "give --context=" +
            std::to_string(pages * static_cast<uint64_t>(need->pool.layout.page)) +
            " or less, or use --device=cpu";
  }
  return Error{Code::OutOfMemory, "the GPU is too small for this model", describe(),
               needs + ", and " + mebibytes(driverMargin) + " for the driver: " +
                   mebibytes(fixed.total + cache) + ", and " + mebibytes(free) + " are free",
               std::move(fix)};
}

Status GpuModel::prepare(const llmc::Module &module, const DecoderNeed *need) {
  LLMC_CHECK(gpu->enter());
  LLMC_CHECK(checkNeed(module, need));
  logitRows = need ? need->logitRows : 0;
  LLMC_TRY(code, GpuCode::load(*gpu, artifact, choice.image, say));
  LLMC_TRY(weightMemory, uploadWeights(*gpu, artifact, threads, say));
  std::byte *base = weightMemory.bytes().data();
  const std::vector<Weight> &all = artifact.model().weights;
  for (size_t i = 0; i < all.size(); ++i)
    places.move(i, base + all[i].offset);
  return Status::ok();
}

Result<std::unique_ptr<PageMemory>> GpuModel::makePages(const PoolShape &shape) {
  return makeGpuPages(*gpu, shape);
}

Result<std::unique_ptr<StepRunner>> GpuModel::makeSteps(const llmc::Module &module,
                                                        KvCache &cache) {
  LLMC_TRY(std::unique_ptr<GpuSteps> steps,
           GpuSteps::create(*gpu, *code, places, module, cache, logitRows, waitsForEach));
  return std::unique_ptr<StepRunner>(std::move(steps));
}

Status GpuModel::runGraph(BoundProgram &bound, const ProgramMemory &host,
                          LaunchObserver *observer) {
  LLMC_CHECK(gpu->enter());
  std::string where = "program " + bound.program().name;
  ProgramMemory memory;
  LLMC_TRY(GpuMemory arena,
           GpuMemory::create(*gpu, static_cast<size_t>(bound.value(bound.program().arenaBytes)),
                             "activations"));
  memory.arena = arena.bytes();
  std::vector<GpuMemory> inputs, outputs;
  for (std::span<std::byte> bytes : host.inputs) {
    LLMC_TRY(GpuMemory input, GpuMemory::create(*gpu, bytes.size(), "an input"));
    if (!bytes.empty())
      LLMC_CHECK(gpu->check(gpu->driver.memcpyHtoDAsync(input.at(), bytes.data(), bytes.size(),
                                                        gpu->stream),
                            "an input cannot be copied to the GPU", where));
    memory.inputs.push_back(input.bytes());
    inputs.push_back(std::move(input));
  }
  for (std::span<std::byte> bytes : host.outputs) {
    LLMC_TRY(GpuMemory output, GpuMemory::create(*gpu, bytes.size(), "an output"));
    memory.outputs.push_back(output.bytes());
    outputs.push_back(std::move(output));
  }
  LLMC_CHECK(bound.setMemory(memory));
  Launches launches(*gpu, *code);
  LLMC_CHECK(launches.put(bound, {waitsForEach, observer}));
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!host.outputs[i].empty())
      LLMC_CHECK(gpu->check(gpu->driver.memcpyDtoHAsync(host.outputs[i].data(),
                                                        outputs[i].at(),
                                                        host.outputs[i].size(), gpu->stream),
                            "an output cannot be copied from the GPU", where));
  return launches.finish(bound);
}

} // namespace llmc::cuda
