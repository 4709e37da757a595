/// Runs the launches of a program on the CPU.
#ifndef LLMC_RUNTIME_CPU_RUNPROGRAM_H
#define LLMC_RUNTIME_CPU_RUNPROGRAM_H

#include "runtime/cpu/KernelCode.h"
#include "runtime/cpu/ThreadPool.h"
#include "runtime/program/BoundProgram.h"
#include "runtime/program/LaunchObserver.h"

namespace llmc {

/// All launches of \p bound in order, after its setSymbols and setMemory.
void runProgram(const BoundProgram &bound, const KernelCode &kernels,
                ThreadPool &threads, LaunchObserver *observer = nullptr);

} // namespace llmc

#endif // LLMC_RUNTIME_CPU_RUNPROGRAM_H
