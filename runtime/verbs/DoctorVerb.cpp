#include "runtime/cache/AvailableMemory.h"
#include "runtime/cpu/CpuLevel.h"
#include "runtime/cpu/ThreadPool.h"
#include "runtime/cuda/Gpu.h"
#include "runtime/cuda/LoadDriver.h"
#include "runtime/format/Artifact.h"
#include "runtime/support/Json.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Verbs.h"

#include <cstdio>
#include <unistd.h>

namespace llmc {

namespace {

std::string firstLine(const char *path) {
  char text[256] = "";
  if (FILE *file = std::fopen(path, "re")) {
    if (!std::fgets(text, sizeof text, file))
      text[0] = '\0';
    std::fclose(file);
  }
  std::string line(text);
  if (line.ends_with('\n'))
    line.pop_back();
  return line;
}

Result<std::vector<cuda::GpuFacts>> findGpus() {
  LLMC_TRY(const cuda::Driver *driver, cuda::loadDriver());
  return cuda::listGpus(*driver);
}

std::string capability(const cuda::GpuFacts &gpu) {
  return "sm_" + std::to_string(gpu.major * 10 + gpu.minor);
}

std::string describeGpus(const Result<std::vector<cuda::GpuFacts>> &gpus) {
  if (!gpus)
    return "          no cuda: " + gpus.error().why + "\n";
  std::string text;
  for (const cuda::GpuFacts &gpu : *gpus)
    text += "          cuda: " + gpu.name + ", " + capability(gpu) + ", " +
            formatBytes(gpu.memoryBytes) + ", " + std::to_string(gpu.multiprocessors) +
            " multiprocessors\n";
  return text;
}

void addGpus(JsonWriter &out, const Result<std::vector<cuda::GpuFacts>> &gpus) {
  if (!gpus)
    out.member("noGpu", gpus.error().why);
  out.key("gpus").beginArray();
  if (gpus)
    for (const cuda::GpuFacts &gpu : *gpus)
      out.beginObject()
          .member("name", gpu.name)
          .member("capability", capability(gpu))
          .member("memoryBytes", gpu.memoryBytes)
          .member("multiprocessors", int64_t(gpu.multiprocessors))
          .end();
  out.end();
}

} // namespace

Status runDoctor(Invocation &invocation) {
  bool json = false;
  std::string file = invocation.file;
  Arguments arguments;
  arguments.flags = {{"json", 0, "", "print JSON", &json}};
  if (file.empty())
    arguments.positionals = {{"FILE", "a model.bin to try as well", &file, false}};
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();

  const CpuFeatures &cpu = cpuFeatures();
  std::vector<std::string_view> levels = supportedLevels(cpu);
  std::string hugePages = firstLine("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string image;
  if (!file.empty()) {
    LLMC_TRY(Artifact artifact, Artifact::open(file));
    const Model &model = artifact.model();
    if (!model.images.empty() || model.devices.empty()) {
      LLMC_TRY(size_t chosen, chooseImage(model.images, cpu));
      image = model.images[chosen].level;
    }
    for (const DeviceImage &device : model.devices)
      image += (image.empty() ? "" : ", ") + device.target;
  }
  Result<std::vector<cuda::GpuFacts>> gpus = findGpus();
  std::vector<std::string_view> features;
  for (auto [there, name] : {std::pair(cpu.vnni, "avx512-vnni"),
                             std::pair(cpu.bf16, "avx512-bf16"),
                             std::pair(cpu.amxInt8, "amx-int8"),
                             std::pair(cpu.amxBf16, "amx-bf16"),
                             std::pair(cpu.amxFp16, "amx-fp16")})
    if (there)
      features.push_back(name);
  if (json) {
    JsonWriter out;
    out.beginObject().member("version", 1).member("cpu", cpu.brand);
    out.key("levels").beginArray();
    for (std::string_view level : levels)
      out.value(level);
    out.end().key("features").beginArray();
    for (std::string_view feature : features)
      out.value(feature);
    out.end()
        .member("threads", usableThreads())
        .member("hardwareThreads", int64_t(::sysconf(_SC_NPROCESSORS_ONLN)))
        .member("availableMemory", availableMemory())
        .member("hugePages", hugePages);
    addGpus(out, gpus);
    if (!image.empty())
      out.member("image", image);
    return print(out.end().text() + "\n");
  }
  std::string text = "cpu       " + cpu.brand + "\nlevels    ";
  for (std::string_view level : levels)
    text += std::string(level) + " ";
  if (levels.empty())
    text += "none: a CPU with AVX2 is needed";
  if (!features.empty()) {
    text += "\nfeatures ";
    for (std::string_view feature : features)
      text += " " + std::string(feature);
  }
  text += "\nthreads   " + std::to_string(usableThreads()) + " of " +
          std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)) +
          " (affinity, cores and quota counted)\nmemory    " +
          formatBytes(static_cast<uint64_t>(availableMemory())) +
          " available\npages     transparent huge pages: " +
          (hugePages.empty() ? "none" : hugePages) + "\ndevices   cpu\n" + describeGpus(gpus);
  if (!image.empty())
    text += "model     runs its kernels for " + image + "\n";
  return print(text);
}

} // namespace llmc
