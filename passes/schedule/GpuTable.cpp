#include "passes/schedule/GpuTable.h"

using namespace llmc;

/// Of each level the first is the one that stands for it: the GPU of that
/// architecture that most servers have.
static constexpr GpuFigures table[] = {
    // name, level, multiprocessors, GHz, GB/s, bf16 TFLOP/s
    {"a100", "sm_80", 108, 1.410, 2039, 312},
    {"a100-40gb", "sm_80", 108, 1.410, 1555, 312},
    {"a30", "sm_80", 56, 1.440, 933, 165},
    {"a10", "sm_80", 72, 1.695, 600, 125},
    {"rtx-3090", "sm_80", 82, 1.695, 936, 71},
    {"rtx-4090", "sm_80", 128, 2.520, 1008, 165},
    {"l4", "sm_80", 58, 2.040, 300, 121},
    {"l40s", "sm_80", 142, 2.520, 864, 362},
    {"rtx-5090", "sm_80", 170, 2.407, 1792, 209},
    {"h100", "sm_90a", 132, 1.830, 3350, 989},
    {"h100-pcie", "sm_90a", 114, 1.755, 2000, 756},
    {"h200", "sm_90a", 132, 1.830, 4800, 989},
    {"b200", "sm_100a", 148, 1.850, 8000, 2250},
};

llvm::ArrayRef<GpuFigures> llmc::gpuTable() { return table; }

const GpuFigures *llmc::findGpu(llvm::StringRef nameOrLevel) {
  for (const GpuFigures &gpu : table)
    if (gpu.name == nameOrLevel)
      return &gpu;
  for (const GpuFigures &gpu : table)
    if (gpu.level == nameOrLevel)
      return &gpu;
  return nullptr;
}
