#include "dialects/kernel/KernelDialect.h"
#include "dialects/kernel/KernelOps.h"

#include "dialects/kernel/KernelDialect.cpp.inc"

void llmc::kernel::KernelDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/kernel/KernelOps.cpp.inc"
      >();
}
