#include "runtime/sim/driver/Device.h"

#include "runtime/sim/ops/ProgramBuilder.h"
#include "runtime/sim/ptx/Parser.h"

#include <cstring>
#include <unordered_map>
#include <xmmintrin.h>

namespace llmc::sim {
namespace {

/// Of the host, for the registers and for the local and shared memory of one
/// block and of all blocks that wait for each other.
constexpr uint64_t kBlockBytes = uint64_t(256) << 20;
constexpr uint64_t kResidentBytes = uint64_t(2) << 30;
/// Of the host, for a module's decoded kernels: device functions are decoded
/// for each of their kernels, so a short text could ask for much.
constexpr uint64_t kProgramBytes = uint64_t(512) << 20;

/// Kernels compute with denormals and to nearest, whatever the caller does.
class FloatScope {
public:
  FloatScope() : saved(_mm_getcsr()) { _mm_setcsr(0x1F80); }
  ~FloatScope() { _mm_setcsr(saved); }

private:
  unsigned saved;
};

Error badPtx(std::string why) {
  return {Code::BadPtx, "cannot load the PTX module", "", std::move(why),
          "compile the model again; if that does not help, report its graph"};
}

/// Whether a module for \p target runs on \p model: targets with a letter run
/// on their own architecture alone.
bool runsOn(std::string_view target, const DeviceModel &model) {
  target.remove_prefix(target.find('_') + 1);
  int number = 0;
  while (!target.empty() && target[0] >= '0' && target[0] <= '9' &&
         number < 1000) {
    number = number * 10 + (target[0] - '0');
    target.remove_prefix(1);
  }
  int own = model.major * 10 + model.minor;
  return target.empty()  ? number <= own
         : target == "f" ? number / 10 == own / 10 && number <= own
                         : number == own;
}

uint64_t bytesOf(const Program &program) {
  uint64_t bytes = sizeof(Program) + program.code.size() * sizeof(Inst) +
                   program.operands.size() * sizeof(Slot) +
                   program.constants.size();
  for (const auto &table : program.tables)
    bytes += table.size() * sizeof(uint32_t);
  return bytes;
}

/// What a block of this shape takes of the host.
uint64_t hostBytes(const Program &program, uint64_t threads, uint64_t shared) {
  uint64_t warps = (threads + kLanes - 1) / kLanes;
  constexpr uint64_t recordsPerByte = 16; // Of the race checker, about.
  return warps * program.registerBytes +
         threads * uint64_t(program.localBytes) * 2 + shared * recordsPerByte;
}

} // namespace

Kernel *LoadedModule::find(std::string_view name) {
  for (Kernel &kernel : entries)
    if (kernel.program->name == name)
      return &kernel;
  return nullptr;
}

bool LoadedModule::findVariable(std::string_view name, uint64_t &address,
                                uint64_t &bytes) const {
  for (size_t i = 0; i < module.variables.size(); ++i)
    if (module.variables[i].name == name && addresses[i] != 0) {
      address = addresses[i];
      bytes = module.variables[i].bytes;
      return true;
    }
  return false;
}

Result<std::unique_ptr<Device>> Device::create(DeviceOptions options) {
  const DeviceModel *model = findDeviceModel(options.architecture);
  if (!model)
    return Error{
        Code::DeviceUnavailable,
        "cannot simulate the GPU architecture '" + options.architecture + "'",
        "", "it is not modelled", "use sm_80, sm_89, sm_90a or sm_100a"};
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
      !__builtin_cpu_supports("f16c"))
    return Error{Code::DeviceUnavailable, "cannot simulate a GPU", "",
                 "this CPU has no AVX2, FMA or F16C", "run on the CPU: --device=cpu"};
  return std::unique_ptr<Device>(new Device(std::move(options), model));
}

/// Global and constant variables with their initialisers, in device memory.
bool Device::placeVariables(LoadedModule &loaded) {
  Module &module = loaded.module;
  for (const Variable &variable : module.variables) {
    uint64_t address = 0;
    if (variable.space != Space::Shared) {
      address = deviceMemory.allocate(
          std::max<uint64_t>(variable.bytes, 1), std::max(variable.align, 256u),
          "the variable '" + std::string(variable.name) + "'");
      if (address == 0)
        return false;
      const char zero = 0;
      deviceMemory.fill(address, &zero, 1, variable.bytes);
      deviceMemory.copyIn(address, variable.init.data(), variable.init.size());
    }
    loaded.addresses.push_back(address);
  }
  std::unordered_map<std::string_view, uint64_t> addressOf;
  for (size_t i = 0; i < module.variables.size(); ++i)
    if (loaded.addresses[i] != 0)
      addressOf.emplace(module.variables[i].name, loaded.addresses[i]);
  for (size_t i = 0; i < module.variables.size(); ++i)
    for (const AddressInit &init : module.variables[i].addresses) {
      auto found = addressOf.find(init.variable);
      if (found == addressOf.end())
        return false;
      uint64_t address = found->second + uint64_t(init.addend);
      deviceMemory.copyIn(loaded.addresses[i] + init.offset, &address, 8);
    }
  return true;
}

Result<std::unique_ptr<LoadedModule>> Device::load(std::string_view ptx) {
  auto loaded = std::make_unique<LoadedModule>();
  LLMC_TRY(loaded->module, parsePtx(ptx));
  if (!runsOn(loaded->module.target, *figures))
    return badPtx("it is for " + loaded->module.target + ", the device is " +
                  std::string(figures->architecture));
  if (!placeVariables(*loaded)) {
    unload(*loaded);
    return badPtx("a variable's initialiser names an unknown variable, or the "
                  "device has no memory left");
  }
  const Module &module = loaded->module;
  uint64_t programBytes = 0;
  for (uint32_t i = 0; i < module.functions.size(); ++i) {
    if (!module.functions[i].entry)
      continue;
    ProgramBuilder builder(module, loaded->addresses);
    auto program = builder.build(i);
    if (!program) {
      unload(*loaded);
      return program.takeError();
    }
    programBytes += bytesOf(**program);
    loaded->entries.push_back({*std::move(program), 0});
    if (programBytes > kProgramBytes) {
      unload(*loaded);
      return badPtx(
          "its kernels, with the functions that they call, are larger "
          "than " +
          std::to_string(kProgramBytes >> 20) + " MiB when decoded");
    }
  }
  return loaded;
}

void Device::unload(LoadedModule &module) {
  for (uint64_t address : module.addresses)
    if (address != 0)
      deviceMemory.free(address);
  module.addresses.clear();
  module.entries.clear();
}

Status Device::refuse(LaunchProblem problem, const Kernel &kernel,
                      std::string why) {
  lastProblem = problem;
  return Error{Code::KernelFault,
               "cannot launch the kernel '" + kernel.program->name + "'", "",
               std::move(why), "this is a defect of llmc: report the model's graph"};
}

uint32_t Device::occupancy(const Kernel &kernel, uint32_t threads,
                           uint64_t dynamicShared) const {
  uint64_t shared = kernel.program->sharedBytes + dynamicShared + kSharedBase;
  uint64_t blocks =
      std::min<uint64_t>(figures->blocksPerMultiprocessor,
                         figures->threadsPerMultiprocessor /
                             std::max((threads + 31) / 32 * 32, 32u));
  return uint32_t(
      std::min<uint64_t>(blocks, figures->sharedPerMultiprocessor / shared));
}

Status Device::launch(const Kernel &kernel, const LaunchShape &shape,
                      std::span<const void *const> arguments) {
  const Program &program = *kernel.program;
  lastProblem = LaunchProblem::None;
  uint64_t threads = 1;
  for (unsigned i = 0; i < 3; ++i) {
    threads *= shape.block[i];
    bool tooLarge = shape.block[i] > (i == 2 ? 64u : 1024u) ||
                    shape.grid[i] > (i == 0 ? 0x7FFFFFFFu : 65535u);
    if (shape.block[i] == 0 || shape.grid[i] == 0 || tooLarge)
      return refuse(LaunchProblem::Shape, kernel,
                    "the grid or the block has a size that is not allowed");
    if (program.requiredThreads[0] != 0 &&
        shape.block[i] != program.requiredThreads[i])
      return refuse(LaunchProblem::Shape, kernel,
                    "the block is not of the size that .reqntid requires");
  }
  if (threads > 1024 ||
      (program.maxThreads != 0 && threads > program.maxThreads))
    return refuse(LaunchProblem::Resources, kernel,
                  "a block of " + std::to_string(threads) +
                      " threads is too large");
  uint64_t shared = uint64_t(program.sharedBytes) + shape.dynamicShared;
  uint64_t most = std::max<uint64_t>(figures->sharedPerBlock,
                                     uint64_t(program.sharedBytes) +
                                         kernel.maxDynamicShared);
  if (shared > std::min<uint64_t>(most, figures->sharedPerBlockOptin))
    return refuse(LaunchProblem::Resources, kernel,
                  std::to_string(shared) + " bytes of shared memory are more "
                                           "than the kernel may have");
  if (arguments.size() != program.parameters.size())
    return refuse(LaunchProblem::Shape, kernel,
                  "it has " + std::to_string(program.parameters.size()) +
                      " parameters");
  uint64_t blockBytes = hostBytes(program, threads, shared);
  if (blockBytes > kBlockBytes)
    return refuse(LaunchProblem::Resources, kernel,
                  "a block takes " + std::to_string(blockBytes >> 20) +
                      " MiB of the host for registers and local memory");
  Launch launch;
  launch.program = &program;
  launch.memory = &deviceMemory;
  for (unsigned i = 0; i < 3; ++i) {
    launch.grid[i] = shape.grid[i];
    launch.block[i] = shape.block[i];
  }
  launch.dynamicShared = shape.dynamicShared;
  launch.checks = settings.checks;
  launch.multiprocessors = figures->multiprocessors;
  launch.parameters.resize(program.parameterBytes);
  for (size_t i = 0; i < arguments.size(); ++i)
    memcpy(&launch.parameters[program.parameters[i].offset], arguments[i],
           program.parameters[i].bytes);
  FloatScope scope;
  uint64_t resident = uint64_t(figures->multiprocessors) *
                      occupancy(kernel, uint32_t(threads), shape.dynamicShared);
  resident =
      std::min(resident, kResidentBytes / std::max<uint64_t>(blockBytes, 1));
  auto stopped = grid.run(launch, resident, settings.instructionLimit);
  instructions += grid.executed();
  if (!stopped)
    return Status::ok();
  fault = std::move(*stopped);
  lastProblem = LaunchProblem::Fault;
  return Error{Code::KernelFault,
               "the kernel '" + program.name +
                   "' was stopped: " + faultName(fault.kind),
               fault.place(), fault.why,
               "this is a defect of llmc: report the model's graph"};
}

} // namespace llmc::sim
