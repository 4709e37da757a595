#include "codegen/nvptx/KernelFigures.h"

using namespace llmc::codegen;

std::string KernelFigures::text() const {
  return "// llmc: threads " + std::to_string(blockThreads) + ", shared " +
         std::to_string(sharedBytes) + ", rows " +
         std::to_string(rowsPerBlock) + "\n";
}

std::optional<KernelFigures> KernelFigures::of(llvm::StringRef ptx) {
  KernelFigures figures;
  auto number = [&](llvm::StringRef name, int64_t &value) {
    return ptx.consume_front(name) && !ptx.consumeInteger(10, value);
  };
  if (number("// llmc: threads ", figures.blockThreads) &&
      number(", shared ", figures.sharedBytes) &&
      number(", rows ", figures.rowsPerBlock))
    return figures;
  return std::nullopt;
}
