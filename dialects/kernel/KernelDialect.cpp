#include "dialects/kernel/KernelDialect.h"
#include "dialects/kernel/KernelOps.h"

#include "dialects/kernel/KernelDialect.cpp.inc"

void llmc::kernel::KernelDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/kernel/KernelOps.cpp.inc"
      >();
}

std::optional<llmc::kernel::GroupScheme>
llmc::kernel::parseGroupScheme(llvm::StringRef scheme) {
  GroupScheme result;
  if (!scheme.consume_front("w") || scheme.consumeInteger(10, result.bits) ||
      !scheme.consume_front("g") || scheme.consumeInteger(10, result.size))
    return std::nullopt;
  result.zeros = scheme.consume_front("z");
  constexpr int64_t largest = int64_t(1) << 20;
  if (!scheme.empty() || (result.bits != 4 && result.bits != 8) ||
      result.size <= 0 || result.size > largest || result.size % sumBlock)
    return std::nullopt;
  return result;
}
