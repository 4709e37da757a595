// The simulator's PTX reader against any bytes: text that loads is also run,
// for a while, on buffers of its own. It may be refused or stopped; it must not
// crash, and must not take more than its bounds.
//
// With libFuzzer (-fsanitize=fuzzer -DLLMC_LIBFUZZER) the entry alone is used.
// As a normal program it replays files, or all files beneath folders:
//   ptx-fuzz [--mutate N] PATH...
// --mutate also tries N damaged copies of each, the same ones every time.
#include "runtime/sim/driver/Device.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

using namespace llmc;
using namespace llmc::sim;

/// Loads the text and launches each kernel once, every parameter the address
/// of a buffer.
static void check(std::string_view text) {
  DeviceOptions options;
  options.architecture = "sm_90a";
  options.memoryBytes = 64 << 20;
  options.instructionLimit = 20000;
  auto device = Device::create(options);
  if (!device)
    std::abort();
  auto module = (*device)->load(text);
  if (!module) {
    if (module.error().why.empty())
      std::abort();
    return;
  }
  uint64_t buffer = (*device)->memory().allocate(4096);
  const char zero = 0;
  (*device)->memory().fill(buffer, &zero, 1, 4096);
  for (Kernel &kernel : (*module)->kernels()) {
    const Program &program = *kernel.program;
    if (program.registerBytes > 1 << 20)
      continue;
    std::vector<std::vector<uint64_t>> values;
    std::vector<const void *> arguments;
    for (const Program::Parameter &parameter : program.parameters)
      values.emplace_back(parameter.bytes / 8 + 1, buffer);
    for (const auto &value : values)
      arguments.push_back(value.data());
    LaunchShape shape{{2, 1, 1}, {64, 1, 1}, 1024};
    for (unsigned i = 0; i < 3; ++i)
      if (program.requiredThreads[0] != 0)
        shape.block[i] = program.requiredThreads[i];
    (void)(*device)->launch(kernel, shape, arguments);
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check({reinterpret_cast<const char *>(data), size});
  return 0;
}

#ifndef LLMC_LIBFUZZER
/// Damages a copy: bytes, removed and repeated stretches, words swapped for
/// others of the same text.
static std::string damaged(const std::string &text, std::mt19937 &random) {
  std::string copy = text;
  auto place = [&] { return size_t(random() % (copy.size() + 1)); };
  for (unsigned times = 1 + random() % 3; times > 0; --times) {
    size_t at = place(),
           length = std::min<size_t>(random() % 20, copy.size() - at);
    switch (random() % 4) {
    case 0:
      if (at < copy.size())
        copy[at] = char(random());
      break;
    case 1:
      copy.erase(at, length);
      break;
    case 2:
      copy.insert(place(), copy.substr(at, length));
      break;
    default:
      copy.replace(at, length, text.substr(random() % text.size(), length));
    }
  }
  return copy;
}

int main(int count, char **words) {
  unsigned mutations = 0;
  for (int i = 1; i < count; ++i) {
    if (std::string(words[i]) == "--mutate" && i + 1 < count) {
      mutations = unsigned(std::atoi(words[++i]));
      continue;
    }
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(words[i])) {
      for (auto &entry :
           std::filesystem::recursive_directory_iterator(words[i]))
        if (entry.is_regular_file())
          files.push_back(entry.path());
      std::sort(files.begin(), files.end());
    } else {
      files.push_back(words[i]);
    }
    for (const auto &path : files) {
      std::ifstream file(path, std::ios::binary);
      std::string text((std::istreambuf_iterator<char>(file)), {});
      check(text);
      std::mt19937 random(1);
      for (unsigned m = 0; m < mutations && !text.empty(); ++m)
        check(damaged(text, random));
    }
    std::printf("%zu files\n", files.size());
  }
}
#endif
