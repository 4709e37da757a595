// The simulator's PTX reader and executor against any bytes: text that loads is
// also run, for a while, on buffers of its own. It may be refused or stopped;
// it must not crash, and must not take more than its bounds.
//
// A text may say what its kernels are launched with, in its first line:
//   // launch: 5 buffers, 64 threads, 8192 shared
// Parameters behind the buffers are 3, the last two 0 and 1 (first tile, end);
// parameters of 128 bytes are tensor maps of a buffer. Without that line all
// are buffers.
//
// With libFuzzer (-fsanitize=fuzzer -DLLMC_LIBFUZZER) the entry alone is used.
// As a normal program it replays files, or all files beneath folders:
//   ptx-fuzz [--mutate N] PATH...
// --mutate also tries N damaged copies of each, the same ones every time.
// --tell says how each launch ended.
#include "runtime/sim/driver/Device.h"
#include "runtime/sim/execute/TensorCopy.h"
#include "test/fuzz/PtxMutation.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

using namespace llmc;
using namespace llmc::sim;

namespace {

constexpr uint64_t kBufferBytes = 1 << 18;
/// Says on stdout how each launch ended (--tell).
bool tells = false;

struct Plan {
  uint64_t buffers = UINT64_MAX;
  uint32_t threads = 64;
  uint32_t shared = 1024;
};

Plan planOf(std::string_view text) {
  std::string first(text.substr(0, std::min(text.find('\n'), size_t(100))));
  unsigned buffers, threads, shared;
  Plan plan;
  if (std::sscanf(first.c_str(), "// launch: %u buffers, %u threads, %u shared",
                  &buffers, &threads, &shared) == 3)
    plan = {buffers, threads, shared};
  return plan;
}

/// A map of numbers of 16 bits, tiles of 16 x 8, with as many dimensions as the
/// text's first copy of a tensor has.
TensorDescriptor mapOf(std::string_view text, uint64_t buffer) {
  constexpr std::string_view copy = "bulk.tensor.";
  size_t at = text.find(copy);
  char digit = at < text.size() - copy.size() ? text[at + copy.size()] : '2';
  TensorDescriptor map;
  map.magic = TensorDescriptor::kMagic;
  map.rank = digit >= '1' && digit <= '5' ? uint8_t(digit - '0') : 2;
  map.elementBytes = 2;
  map.swizzle = Swizzle::Bytes32;
  map.address = buffer;
  for (unsigned i = 0; i < map.rank; ++i) {
    map.last[i] = 63u >> i;
    map.box[i] = uint16_t(i == 0 ? 16 : i == 1 ? 8 : 1);
    map.strides[i] = i == 0 ? 2 : 128u << i;
  }
  return map;
}

/// Loads the text and launches each kernel once.
void check(std::string_view text) {
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
  Plan plan = planOf(text);
  uint64_t buffer = (*device)->memory().allocate(kBufferBytes);
  static const std::vector<std::byte> zeros(kBufferBytes);
  (*device)->memory().copyIn(buffer, zeros.data(), kBufferBytes);
  TensorDescriptor map = mapOf(text, buffer);
  for (Kernel &kernel : (*module)->kernels()) {
    const Program &program = *kernel.program;
    if (program.registerBytes > 1 << 20)
      continue;
    std::vector<std::vector<uint64_t>> values;
    std::vector<const void *> arguments;
    for (const Program::Parameter &parameter : program.parameters) {
      values.emplace_back(parameter.bytes / 8 + 1,
                          values.size() < plan.buffers ? buffer : 3);
      if (parameter.bytes == 128)
        memcpy(values.back().data(), &map, sizeof map);
    }
    if (plan.buffers != UINT64_MAX) {
      size_t end = values.size();
      while (end > 2 && program.parameters[end - 1].bytes == 128)
        --end;
      if (end > plan.buffers + 1) {
        values[end - 2].assign(values[end - 2].size(), 0);
        values[end - 1].assign(values[end - 1].size(), 1);
      }
    }
    for (const auto &value : values)
      arguments.push_back(value.data());
    LaunchShape shape{{2, 1, 1}, {plan.threads, 1, 1}, plan.shared};
    for (unsigned i = 0; i < 3; ++i)
      if (program.requiredThreads[0] != 0)
        shape.block[i] = program.requiredThreads[i];
    kernel.maxDynamicShared = plan.shared;
    Status done = (*device)->launch(kernel, shape, arguments);
    if (!done && done.error().why.empty())
      std::abort();
    if (tells)
      std::printf("%s: %s\n", program.name.c_str(),
                  done ? "ran" : done.error().render().c_str());
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check({reinterpret_cast<const char *>(data), size});
  return 0;
}

#ifdef LLMC_LIBFUZZER
extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t most, unsigned seed) {
  std::mt19937 random(seed);
  if (size == 0 || random() % 16 == 0)
    return LLVMFuzzerMutate(data, size, most);
  std::string text(reinterpret_cast<char *>(data), size);
  text = fuzz::mutatePtx(text, text, random);
  size = std::min(text.size(), most);
  memcpy(data, text.data(), size);
  return size;
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t size,
                                            const uint8_t *second,
                                            size_t secondSize, uint8_t *out,
                                            size_t most, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(reinterpret_cast<const char *>(first), size);
  std::string other(reinterpret_cast<const char *>(second), secondSize);
  if (!text.empty() && !other.empty())
    text = fuzz::mutatePtx(text, other, random);
  size = std::min(text.size(), most);
  memcpy(out, text.data(), size);
  return size;
}
#else
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
    if (std::string(words[i]) == "--tell") {
      tells = true;
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
        check(m % 4 == 0 ? damaged(text, random)
                         : fuzz::mutatePtx(text, text, random));
    }
    std::printf("%zu files\n", files.size());
  }
}
#endif
