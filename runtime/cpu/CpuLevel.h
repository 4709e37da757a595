/// What the CPU can do, and which of a file's kernel images it runs.
#ifndef LLMC_RUNTIME_CPU_CPULEVEL_H
#define LLMC_RUNTIME_CPU_CPULEVEL_H

#include "runtime/format/Program.h"
#include "runtime/support/Error.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmc {

/// Features as the CPU reports them AND the system saves their registers, those
/// of AMX at this process's asking.
struct CpuFeatures {
  std::string brand; ///< `AMD EPYC 9R14`
  bool v3 = false;   ///< x86-64-v3: AVX2, FMA, F16C, BMI1/2, LZCNT, MOVBE
  bool v4 = false;   ///< and AVX-512 F, BW, CD, DQ, VL
  bool vnni = false; ///< AVX512_VNNI
  bool bf16 = false; ///< AVX512_BF16
  bool amxInt8 = false;
  bool amxBf16 = false;
  bool amxFp16 = false;
};

/// Asks the CPU once; later calls return the same. A variable
/// LLMC_CPU_LEVEL=LEVEL in the environment hides what is above that level, to
/// try the other images of a file.
const CpuFeatures &cpuFeatures();

/// A level that images are made for: what --target takes and doctor lists. Later
/// rows are preferred.
struct CpuLevel {
  std::string_view name; ///< As in KernelImage::level.
  bool (*supported)(const CpuFeatures &cpu);
};
std::span<const CpuLevel> cpuLevels();

/// The levels of cpuLevels() that \p cpu supports, best first.
std::vector<std::string_view> supportedLevels(const CpuFeatures &cpu);

/// Whether \p cpu runs the level that LLMC_CPU_LEVEL names, if any. Errors:
/// BadFlagValue for no level, CpuTooOld.
Status checkWantedLevel(const CpuFeatures &cpu);

/// The index of the best image for \p cpu; levels that this program does not
/// know are passed over. Error: CpuTooOld, naming CPU and levels.
Result<size_t> chooseImage(const std::vector<KernelImage> &images,
                           const CpuFeatures &cpu);

} // namespace llmc

#endif // LLMC_RUNTIME_CPU_CPULEVEL_H
