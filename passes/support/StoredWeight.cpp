#include "passes/support/StoredWeight.h"

#include "dialects/llm/GroupScheme.h"
#include "dialects/kernel/KernelDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace llmc {

MemRefType storedType(llm::WeightOp weight) {
  auto type = cast<RankedTensorType>(weight.getType());
  Type element = type.getElementType();
  if (weight.getLayout() == "rows")
    return MemRefType::get(type.getShape(), element);
  int64_t rows = type.getDimSize(0);
  int64_t parts = weight.getInterleave() ? weight.getSources()->size() : 1;
  int64_t width = kernel::panelWidth;
  int64_t panels =
      parts * llvm::divideCeil(type.getDimSize(1) / parts, width);
  if (llm::hasScaledColumns(weight.getScheme()))
    return MemRefType::get(
        {panels, int64_t(llvm::divideCeil(rows, 4)) * 4 * width + 4 * width},
        IntegerType::get(type.getContext(), 8));
  if (auto groups = llm::parseGroupScheme(weight.getScheme()))
    return MemRefType::get(
        {panels, int64_t(llvm::divideCeil(rows, groups->size)) *
                     groups->bytes()},
        IntegerType::get(type.getContext(), 8));
  int64_t group = 4 / (element.getIntOrFloatBitWidth() / 8);
  if (group == 1)
    return MemRefType::get({panels, rows, width}, element);
  return MemRefType::get(
      {panels, int64_t(llvm::divideCeil(rows, group)), width, group}, element);
}

} // namespace llmc
