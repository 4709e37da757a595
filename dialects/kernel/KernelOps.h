#ifndef LLMC_DIALECTS_KERNEL_KERNELOPS_H
#define LLMC_DIALECTS_KERNEL_KERNELOPS_H

#include "dialects/kernel/KernelDialect.h"
#include "dialects/llm/LlmOps.h"

#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.h.inc"

#endif // LLMC_DIALECTS_KERNEL_KERNELOPS_H
