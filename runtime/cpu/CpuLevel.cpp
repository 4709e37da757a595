#include "runtime/cpu/CpuLevel.h"

#include <algorithm>
#include <cpuid.h>
#include <cstdlib>
#include <cstring>
#include <sys/syscall.h>
#include <unistd.h>

namespace llmc {

namespace {

constexpr CpuLevel levels[] = {
    {"x86-64-v3", [](const CpuFeatures &cpu) { return cpu.v3; }},
    {"x86-64-v4", [](const CpuFeatures &cpu) { return cpu.v4; }},
    {"x86-64-v4-vnni", [](const CpuFeatures &cpu) { return cpu.vnni; }},
    {"x86-64-amx",
     [](const CpuFeatures &cpu) {
       return cpu.vnni && cpu.amxInt8 && cpu.amxBf16;
     }},
    {"x86-64-amx-fp16",
     [](const CpuFeatures &cpu) {
       return cpu.vnni && cpu.amxInt8 && cpu.amxBf16 && cpu.amxFp16;
     }},
};

struct Leaf {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};

Leaf leaf(uint32_t number, uint32_t sub = 0) {
  Leaf l;
  if (!__get_cpuid_count(number, sub, &l.a, &l.b, &l.c, &l.d))
    return {};
  return l;
}

/// XCR0: the register files that the system saves; 0 without XSAVE.
uint64_t savedState() {
  if (!(leaf(1).c >> 27 & 1))
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

std::string brandString() {
  if (leaf(0x80000000).a < 0x80000004)
    return "unknown CPU";
  char text[49] = {};
  for (uint32_t i = 0; i < 3; ++i) {
    Leaf part = leaf(0x80000002 + i);
    std::memcpy(text + 16 * i, &part, 16);
  }
  std::string brand(text);
  while (!brand.empty() && brand.back() == ' ')
    brand.pop_back();
  return brand.substr(std::min(brand.find_first_not_of(' '), brand.size()));
}

/// AMX registers are given to a process that asks (Linux 5.16,
/// Documentation/arch/x86/xstate.rst): arch_prctl(ARCH_REQ_XCOMP_PERM,
/// XFEATURE_XTILEDATA). Threads that begin later have them as well.
bool givenTiles() { return ::syscall(SYS_arch_prctl, 0x1023, 18) == 0; }

/// Bit positions: Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E.
CpuFeatures detect() {
  CpuFeatures cpu;
  cpu.brand = brandString();
  Leaf one = leaf(1), seven = leaf(7), sevenOne = leaf(7, 1);
  Leaf extended = leaf(0x80000001);
  uint64_t saved = savedState();
  auto all = [](uint32_t word, std::initializer_list<int> bits) {
    return std::all_of(bits.begin(), bits.end(),
                       [&](int bit) { return word >> bit & 1; });
  };
  // SSE3, SSSE3, FMA, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, AVX, F16C;
  // BMI1, AVX2, BMI2; LZCNT; XMM and YMM state.
  cpu.v3 = all(one.c, {0, 9, 12, 13, 19, 20, 22, 23, 28, 29}) &&
           all(seven.b, {3, 5, 8}) && all(extended.c, {5}) &&
           (saved & 0x06) == 0x06;
  // F, DQ, CD, BW, VL; opmask and ZMM state.
  cpu.v4 = cpu.v3 && all(seven.b, {16, 17, 28, 30, 31}) &&
           (saved & 0xe6) == 0xe6;
  cpu.vnni = cpu.v4 && all(seven.c, {11});
  cpu.bf16 = cpu.v4 && all(sevenOne.a, {5});
  bool tiles = cpu.v4 && all(seven.d, {24}) && (saved & 0x60000) == 0x60000 &&
               givenTiles();
  cpu.amxInt8 = tiles && all(seven.d, {25});
  cpu.amxBf16 = tiles && all(seven.d, {22});
  cpu.amxFp16 = tiles && all(sevenOne.a, {21});
  return cpu;
}

void hideAbove(CpuFeatures &cpu, std::string_view level) {
  if (level == "x86-64-amx-fp16")
    return;
  cpu.amxFp16 = false;
  if (level == "x86-64-amx")
    return;
  cpu.amxInt8 = cpu.amxBf16 = false;
  if (level == "x86-64-v4-vnni")
    return;
  cpu.vnni = cpu.bf16 = false;
  if (level == "x86-64-v3")
    cpu.v4 = false;
}

} // namespace

const CpuFeatures &cpuFeatures() {
  static const CpuFeatures cpu = [] {
    CpuFeatures found = detect();
    if (const char *level = std::getenv("LLMC_CPU_LEVEL"); level && *level)
      hideAbove(found, level);
    return found;
  }();
  return cpu;
}

std::span<const CpuLevel> cpuLevels() { return levels; }

std::vector<std::string_view> supportedLevels(const CpuFeatures &cpu) {
  std::vector<std::string_view> names;
  for (const CpuLevel &level : levels)
    if (level.supported(cpu))
      names.insert(names.begin(), level.name);
  return names;
}

Status checkWantedLevel(const CpuFeatures &cpu) {
  const char *wanted = std::getenv("LLMC_CPU_LEVEL");
  if (!wanted || !*wanted)
    return Status::ok();
  std::string known;
  for (const CpuLevel &level : levels) {
    known += (known.empty() ? "" : ", ") + std::string(level.name);
    if (level.name != wanted)
      continue;
    if (level.supported(cpu))
      return Status::ok();
    return Error{Code::CpuTooOld, "this CPU does not run the level asked for",
                 "LLMC_CPU_LEVEL", cpu.brand + " lacks " + std::string(wanted),
                 "`llmc doctor` lists the levels that it runs"};
  }
  return Error{Code::BadFlagValue, "there is no such level", "LLMC_CPU_LEVEL",
               "`" + std::string(wanted) + "` is not one of " + known,
               "`llmc doctor` lists the levels that this CPU runs"};
}

Result<size_t> chooseImage(const std::vector<KernelImage> &images,
                           const CpuFeatures &cpu) {
  for (std::string_view level : supportedLevels(cpu))
    for (size_t i = 0; i < images.size(); ++i)
      if (images[i].level == level)
        return i;
  std::string there;
  for (const KernelImage &image : images)
    there += (there.empty() ? "" : ", ") + image.level;
  std::string here;
  for (std::string_view level : supportedLevels(cpu))
    here += (here.empty() ? "" : ", ") + std::string(level);
  return Error{Code::CpuTooOld, "the file has no kernels for this CPU",
               cpu.brand,
               "the file has kernels for " + (there.empty() ? "no CPU" : there) +
                   "; this CPU runs " + (here.empty() ? "none of them" : here),
               here.empty() ? "run it on a CPU with AVX2 (2013 or later)"
                            : "compile the model with --target=" +
                                  std::string(supportedLevels(cpu).front())};
}

} // namespace llmc
