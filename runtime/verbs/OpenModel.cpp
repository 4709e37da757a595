#include "runtime/verbs/OpenModel.h"

#include "runtime/cuda/GpuModel.h"
#include "runtime/cuda/LoadDriver.h"
#include "runtime/sim/driver/SimDriver.h"
#include "runtime/verbs/Console.h"

#include <algorithm>

namespace llmc {

namespace {

/// A GPU for the file, by the driver of this machine.
constexpr std::string_view simulated = "sim";

bool isSimulated(std::string_view device) { return device.starts_with(simulated); }

Result<cuda::GpuChoice> findGpu(const Model &model, Module::Kind kind) {
  LLMC_TRY(const cuda::Driver *driver, cuda::loadDriver());
  return cuda::chooseGpu(*driver, model, kind);
}

/// What the simulator says of a fault: kernel, line, thread and address.
std::string wordsOf(const Error &error) {
  return error.what + (error.where.empty() ? "" : ", " + error.where) +
         (error.why.empty() ? "" : ": " + error.why);
}

/// What `--device=sim` or `sim:ARCHITECTURE` names behind the colon.
std::string_view simulatedArchitecture(std::string_view device) {
  device.remove_prefix(simulated.size());
  return device.empty() ? device : device.substr(1);
}

/// A simulated GPU of the architecture that \p flags name, or the first that the
/// file has code for.
Result<cuda::GpuChoice> simulateGpu(const Model &model, const ExecutionFlags &flags,
                                    Module::Kind kind) {
  sim::DeviceOptions options;
  std::string_view wanted = simulatedArchitecture(flags.device);
  std::string known;
  for (const DeviceImage &device : model.devices)
    known += (known.empty() ? "" : ", ") + device.target;
  auto found = std::ranges::find(model.devices, wanted, &DeviceImage::target);
  if (wanted.empty())
    found = model.devices.begin();
  else if (found == model.devices.end())
    return Error{Code::DeviceUnavailable, "the file has no code for this GPU",
                 "--device=" + flags.device,
                 known.empty() ? "it has code for the CPU alone" : "it has code for " + known,
                 "name one of these, or compile with --target=" + std::string(wanted)};
  if (found != model.devices.end())
    options.architecture = found->target;
  // Models refer to it until the process ends.
  static std::unique_ptr<sim::SimDriver> simulator;
  if (!simulator) {
    LLMC_TRY(simulator, sim::SimDriver::create(options));
    LLMC_CHECK(cuda::startDriver(simulator->table()));
  }
  LLMC_TRY(cuda::GpuChoice choice, cuda::chooseGpu(simulator->table(), model, kind));
  choice.explain = [] {
    Status failure = simulator->lastFailure();
    return failure ? std::string() : wordsOf(failure.error());
  };
  return choice;
}

bool hasSchedule(const Model &model, Module::Kind kind) {
  auto module = std::ranges::find(model.modules, kind, &Module::kind);
  return module != model.modules.end() && !module->schedules.empty();
}

cuda::Say saying(const ExecutionFlags &flags) {
  if (!flags.verbose && !stderrIsTerminal())
    return nullptr;
  return [](const std::string &line) { report(line + "\n"); };
}

Status openOnGpu(Artifact artifact, const ExecutionFlags &flags, const cuda::GpuChoice &choice,
                 const UseModel &use) {
  auto make = [&](const Artifact &placed,
                  ThreadPool &threads) -> Result<std::unique_ptr<Accelerator>> {
    LLMC_TRY(std::unique_ptr<cuda::GpuModel> gpu,
             cuda::GpuModel::create(choice, placed, threads, saying(flags)));
    return std::unique_ptr<Accelerator>(std::move(gpu));
  };
  LLMC_TRY(std::unique_ptr<LoadedModel> model,
           LoadedModel::openOnDevice(std::move(artifact),
                                     static_cast<unsigned>(flags.threads), make));
  return use(std::move(model));
}

Status openOnCpu(Artifact artifact, const ExecutionFlags &flags, const UseModel &use) {
  LLMC_TRY(std::unique_ptr<LoadedModel> model,
           LoadedModel::openOnCpu(std::move(artifact), static_cast<unsigned>(flags.threads),
                                  cpuFeatures(), flags.loadOptions()));
  return use(std::move(model));
}

/// The first line of what went wrong.
std::string reasonOf(const Error &error) {
  std::string text = error.what + (error.why.empty() ? "" : ": " + error.why);
  return text.substr(0, text.find('\n'));
}

void tellOfCpu(const Error &error) {
  report("note: " + reasonOf(error) + "; running on the CPU\n");
}

/// On a GPU if that can be, else on the CPU, if the file has kernels for it.
Status openOnAny(const std::string &file, const ExecutionFlags &flags, Module::Kind kind,
                 const UseModel &use) {
  LLMC_TRY(Artifact artifact, Artifact::open(file));
  if (!hasSchedule(artifact.model(), kind))
    return openOnCpu(std::move(artifact), flags, use);
  bool hasCpu = !artifact.model().images.empty();
  Result<cuda::GpuChoice> choice = findGpu(artifact.model(), kind);
  if (!choice) {
    if (hasCpu)
      tellOfCpu(choice.error());
    Status opened = openOnCpu(std::move(artifact), flags, use);
    if (!opened && !hasCpu)
      opened.error().why += "; " + reasonOf(choice.error());
    return opened;
  }
  Status opened = openOnGpu(std::move(artifact), flags, *choice, use);
  if (opened || !hasCpu ||
      (opened.error().code != Code::OutOfMemory && opened.error().code != Code::DeviceFailed))
    return opened;
  tellOfCpu(opened.error());
  LLMC_TRY(Artifact again, Artifact::open(file));
  return openOnCpu(std::move(again), flags, use);
}

Status openAsAsked(const std::string &file, const ExecutionFlags &flags, Module::Kind kind,
                   const UseModel &use) {
  if (flags.device == "auto")
    return openOnAny(file, flags, kind, use);
  LLMC_TRY(Artifact artifact, Artifact::open(file));
  // A file without such a module is refused by who looks for it.
  const Model &model = artifact.model();
  bool holdsKind = std::ranges::find(model.modules, kind, &Module::kind) != model.modules.end();
  if (flags.device == "cpu" || (!holdsKind && !model.images.empty()))
    return openOnCpu(std::move(artifact), flags, use);
  // Told before what a driver lacks: with another driver it would be as true.
  LLMC_CHECK(cuda::checkHasCode(model, kind));
  LLMC_TRY(cuda::GpuChoice choice,
           isSimulated(flags.device) ? simulateGpu(model, flags, kind)
                                     : findGpu(model, kind));
  return openOnGpu(std::move(artifact), flags, choice, use);
}

/// What knows the GPU alone advises the CPU, for which the file may have no kernels.
void adviseFor(const std::string &file, Error &error) {
  constexpr std::string_view advice = "use --device=cpu";
  size_t at = error.fix.find(advice);
  if (at == std::string::npos)
    return;
  Result<Artifact> artifact = Artifact::open(file);
  if (artifact && artifact->model().images.empty())
    error.fix.replace(at, advice.size(), "compile the model for the CPU as well");
}

} // namespace

Status openModel(const std::string &file, const ExecutionFlags &flags, Module::Kind kind,
                 const UseModel &use) {
  Status opened = openAsAsked(file, flags, kind, use);
  if (!opened)
    adviseFor(file, opened.error());
  return opened;
}

} // namespace llmc
