#include "runtime/cuda/GpuCode.h"

#include "runtime/cuda/ChooseImage.h"
#include "runtime/cuda/DriverError.h"

#include <cstdio>
#include <cstring>
#include <ctime>

namespace llmc::cuda {

namespace {

/// Of the compiler's log; more is cut off by the driver.
constexpr size_t logBytes = 8192;
/// Dynamic shared memory that a block has without asking for more.
constexpr uint32_t plainSharedBytes = 48 << 10;

double seconds() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return double(time.tv_sec) + double(time.tv_nsec) / 1e9;
}

std::string secondsText(double time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s", time);
  return text;
}

std::string logText(const std::vector<char> &log) {
  std::string text(log.data());
  while (text.ends_with('\n') || text.ends_with(' '))
    text.pop_back();
  return text;
}

bool isElf(std::span<const std::byte> bytes) {
  constexpr size_t headerBytes = 64;
  return bytes.size() >= headerBytes &&
         std::memcmp(bytes.data(), "\177ELF", 4) == 0;
}

} // namespace

Result<std::unique_ptr<GpuCode>> GpuCode::load(Gpu &gpu, const Artifact &artifact,
                                               size_t device, const Say &say) {
  const DeviceImage &image = artifact.model().devices[device];
  std::unique_ptr<GpuCode> code(new GpuCode(gpu, image));
  bool fits = Target::parse(image.target).takesCubin(gpu.facts.major, gpu.facts.minor);
  if (auto cubin = artifact.cubin(device); fits && !cubin.empty()) {
    // The driver is told no length and takes what is no ELF for a text that a
    // NUL ends: such bytes do not reach it.
    DriverResult result = DriverResult::InvalidImage;
    if (isElf(cubin))
      result = gpu.driver.moduleLoadDataEx(&code->module, cubin.data(), 0,
                                           nullptr, nullptr);
    if (result != DriverResult::Success) {
      code->module = nullptr;
      if (say)
        say("the machine code for " + image.target + " in the file is not taken (" +
            resultText(gpu.driver, result) + "), its PTX is used");
    }
  }
  if (!code->module)
    LLMC_CHECK(code->loadPtx(reinterpret_cast<const char *>(artifact.ptx(device).data()), say));
  else if (say)
    say("kernels: machine code for " + image.target + " from the file");
  LLMC_CHECK(code->findKernels());
  return code;
}

Status GpuCode::loadPtx(const char *text, const Say &say) {
  if (say)
    say("kernels: the driver makes machine code of the PTX for " + description.target +
        " (it keeps it for the next start)");
  std::vector<char> errors(logBytes), notes(logBytes);
  JitOption options[] = {JitOption::ErrorLogBuffer, JitOption::ErrorLogBufferSizeBytes,
                         JitOption::InfoLogBuffer, JitOption::InfoLogBufferSizeBytes};
  auto size = [](size_t bytes) { return reinterpret_cast<void *>(bytes); };
  void *values[] = {errors.data(), size(logBytes - 1), notes.data(), size(logBytes - 1)};
  double begin = seconds();
  DriverResult result =
      gpu.driver.moduleLoadDataEx(&module, text, std::size(options), options, values);
  if (result == DriverResult::Success) {
    if (say)
      say("kernels: made in " + secondsText(seconds() - begin));
    return Status::ok();
  }
  module = nullptr;
  Error error = gpu.check(result, "the driver refuses the kernels",
                          "PTX for " + description.target)
                    .takeError();
  if (std::string log = logText(errors); !log.empty())
    error.why += "\n" + log;
  if (result == DriverResult::UnsupportedPtxVersion)
    error.fix = "update NVIDIA's driver, or use --device=cpu";
  return error;
}

Status GpuCode::findKernels() {
  for (const DeviceKernel &item : description.kernels) {
    Function function = nullptr;
    LLMC_CHECK(gpu.check(gpu.driver.moduleGetFunction(&function, module, item.entry.c_str()),
                         "a kernel is not in the code for " + description.target,
                         "kernel " + item.kernel.name));
    if (item.sharedBytes > plainSharedBytes)
      LLMC_CHECK(gpu.check(
          gpu.driver.funcSetAttribute(function, FunctionAttribute::MaxDynamicSharedSizeBytes,
                                      static_cast<int>(item.sharedBytes)),
          "the GPU has too little shared memory",
          "kernel " + item.kernel.name + ", " + std::to_string(item.sharedBytes) + " bytes"));
    LLMC_CHECK(checkParameters(function, item));
    functions.push_back(function);
  }
  return Status::ok();
}

/// A launch hands over an array of pointers, whose length the driver takes from
/// the code: code with more or larger parameters would read beyond it.
Status GpuCode::checkParameters(Function function,
                                const DeviceKernel &item) const {
  if (!gpu.driver.funcGetParamInfo) // A driver older than CUDA 12.4.
    return Status::ok();
  // Buffers, scalars, the first tile and the end; then tensor maps.
  size_t numbers =
      size_t(item.kernel.bufferCount) + item.kernel.scalarCount + 2;
  size_t count = numbers + item.tensors.size();
  auto mismatch = [&](std::string why) {
    return Error{
        Code::ArtifactDamaged, "a kernel's code does not fit its description",
        "kernel " + item.kernel.name + ", code for " + description.target,
        std::move(why), "compile the model again, or use --device=cpu"};
  };
  for (size_t i = 0;; ++i) {
    size_t offset = 0, bytes = 0;
    DriverResult result =
        gpu.driver.funcGetParamInfo(function, i, &offset, &bytes);
    bool isThere = result == DriverResult::Success;
    // Behind the last one, whatever the driver calls it.
    if (!isThere && i < count && result != DriverResult::InvalidValue)
      return gpu.check(result, "a kernel's parameters are not told",
                       "kernel " + item.kernel.name);
    if (isThere != (i < count))
      return mismatch("it has " + std::string(isThere ? "more" : "fewer") +
                      " than the " + std::to_string(count) +
                      " parameters that a launch brings");
    if (!isThere)
      return Status::ok();
    size_t wanted = i < numbers ? sizeof(uint64_t) : sizeof(TensorMap);
    if (bytes != wanted)
      return mismatch("its parameter " + std::to_string(i) + " has " +
                      std::to_string(bytes) + " bytes, a launch brings " +
                      std::to_string(wanted));
  }
}

GpuCode::~GpuCode() {
  if (module)
    gpu.driver.moduleUnload(module);
}

} // namespace llmc::cuda
