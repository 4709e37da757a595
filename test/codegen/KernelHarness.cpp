#include "test/codegen/KernelHarness.h"

#include "codegen/llvm/Image.h"
#include "test/codegen/GpuKernel.h"
#include "test/codegen/TileEmulator.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <cstdio>
#include <immintrin.h>
#include <map>
#include <sys/mman.h>
#include <unistd.h>

using namespace llmc;
using namespace llmc::test;

const std::vector<std::string> &llmc::test::runnableLevels() {
  static const std::vector<std::string> levels = [] {
    std::vector<std::string> levels;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
      levels.push_back("x86-64-v3");
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
      levels.push_back("x86-64-v4");
    // Executed or emulated.
    if (levels.size() == 2 && __builtin_cpu_supports("avx512vnni") &&
        provideTiles())
      levels.push_back("x86-64-amx");
    return levels;
  }();
  return levels;
}

const std::vector<std::string> &llmc::test::levelsOfHalves() {
  static const std::vector<std::string> levels = [] {
    std::vector<std::string> levels = runnableLevels();
    if (levels.empty() || levels.back() != "x86-64-amx")
      return levels;
    levels.pop_back();
    if (provideHalfTiles())
      levels.push_back("x86-64-amx-fp16");
    else
      std::puts("x86-64-amx-fp16 is left out: this processor has AMX without it");
    return levels;
  }();
  return levels;
}

const std::vector<std::string> &llmc::test::testedLevels() {
  static const std::vector<std::string> levels = [] {
    std::vector<std::string> levels = runnableLevels();
    levels.push_back(gpuLevel);
    return levels;
  }();
  return levels;
}

std::string llmc::test::objectOf(const std::string &mlir, const std::string &level,
                                 std::string &name) {
  mlir::DialectRegistry registry;
  auto target = codegen::targetOfLevel(level);
  if (!target) {
    ADD_FAILURE() << target.error().render();
    return "";
  }
  (*target)->registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(mlir, &context);
  if (!module) {
    ADD_FAILURE() << "does not parse:\n" << mlir;
    return "";
  }
  name = (*module->getOps<mlir::func::FuncOp>().begin()).getName().str();
  auto object =
      codegen::generateHere(*module, level, codegen::EmitKind::Object);
  if (!object) {
    ADD_FAILURE() << object.error().render() << mlir;
    return "";
  }
  return std::move(*object);
}

std::string llmc::test::kernelText(const std::string &op,
                                   const std::vector<std::string> &types,
                                   const std::string &attributes) {
  std::string arguments, operands, list;
  for (size_t i = 0; i < types.size(); ++i) {
    std::string name = "%a" + std::to_string(i);
    arguments += name + ": " + types[i] + ", ";
    operands += name + ", ";
    list += types[i] + ", ";
  }
  return "func.func @k(" + arguments +
         "%b: index, %e: index) attributes {kernel.entry} {\n" + op + " " +
         operands + "%b, %e {" + attributes + "} : " + list +
         "index, index\nreturn\n}\n";
}

Kernel::Kernel(const std::string &mlir, const std::string &level) {
  std::string name, object = objectOf(mlir, level, name);
  if (object.empty())
    return;
  if ((*codegen::targetOfLevel(level))->isDevice()) {
    gpu = GpuKernel::load(object, name, level);
    return;
  }
  auto image =
      codegen::linkImage({{name, level, name, std::move(object)}}, level);
  if (!image) {
    ADD_FAILURE() << image.error().render() << mlir;
    return;
  }
  size = image->bytes.size();
  memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memcpy(memory, image->bytes.data(), size);
  mprotect(memory, size, PROT_READ | PROT_EXEC);
  function = reinterpret_cast<KernelFunction>(static_cast<char *>(memory) +
                                              image->entries[0].offset);
}

Kernel::~Kernel() {
  if (memory)
    munmap(memory, size);
}

void Kernel::run(const std::vector<void *> &buffers,
                 const std::vector<int64_t> &scalars, int64_t begin,
                 int64_t end, int64_t step) const {
  if (gpu)
    return gpu->run(buffers, scalars, begin, end, step);
  if (!function)
    return;
  FlushDenormals flush;
  provideTiles();
  if (!step)
    step = std::max<int64_t>(end - begin, 1);
  for (int64_t tile = begin; tile < end; tile += step)
    function(buffers.data(), scalars.data(), tile, std::min(end, tile + step));
}

static std::map<const void *, size_t> &guardedSizes() {
  static std::map<const void *, size_t> sizes;
  return sizes;
}

size_t GuardedBytes::sizeAt(const void *start) {
  auto found = guardedSizes().find(start);
  return found == guardedSizes().end() ? 0 : found->second;
}

GuardedBytes::GuardedBytes(size_t bytes) {
  size_t page = sysconf(_SC_PAGESIZE);
  mapped = (bytes + page - 1) / page * page + page;
  map = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  auto *guard = static_cast<char *>(map) + mapped - page;
  mprotect(guard, page, PROT_NONE);
  start = guard - bytes;
  guardedSizes()[start] = bytes;
}

GuardedBytes::~GuardedBytes() {
  guardedSizes().erase(start);
  munmap(map, mapped);
}

uint16_t llmc::test::toBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

float llmc::test::fromBf16(uint16_t half) {
  uint32_t bits = uint32_t(half) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

uint16_t llmc::test::toF16(float value) {
  auto half = static_cast<_Float16>(value);
  uint16_t bits;
  std::memcpy(&bits, &half, 2);
  return bits;
}

float llmc::test::fromF16(uint16_t bits) {
  _Float16 half;
  std::memcpy(&half, &bits, 2);
  return half;
}

std::vector<uint8_t> llmc::test::inMemory(const std::string &type,
                                          const std::vector<float> &numbers) {
  size_t size = type == "f32" ? 4 : 2;
  std::vector<uint8_t> bytes(numbers.size() * size);
  for (size_t i = 0; i < numbers.size(); ++i) {
    uint16_t half = type == "f16" ? toF16(numbers[i]) : toBf16(numbers[i]);
    std::memcpy(&bytes[i * size],
                size == 4 ? static_cast<const void *>(&numbers[i]) : &half, size);
  }
  return bytes;
}

std::vector<float> llmc::test::ofMemory(const std::string &type,
                                        const Guarded<uint8_t> &bytes) {
  size_t size = type == "f32" ? 4 : 2;
  std::vector<float> numbers(bytes.size() / size);
  for (size_t i = 0; i < numbers.size(); ++i) {
    uint16_t half;
    std::memcpy(&half, bytes.data() + i * size, 2);
    if (size == 4)
      std::memcpy(&numbers[i], bytes.data() + i * size, 4);
    else
      numbers[i] = type == "f16" ? fromF16(half) : fromBf16(half);
  }
  return numbers;
}

FlushDenormals::FlushDenormals() : saved(_mm_getcsr()) {
  _mm_setcsr(saved | 0x8040);
}

FlushDenormals::~FlushDenormals() { _mm_setcsr(saved); }
