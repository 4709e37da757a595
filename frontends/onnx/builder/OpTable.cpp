#include "frontends/onnx/builder/OpTable.h"

#include <map>

namespace llmc::onnx {

const OpRow *findOp(llvm::StringRef domain, llvm::StringRef op) {
  using Key = std::pair<llvm::StringRef, llvm::StringRef>;
  static const std::map<Key, const OpRow *> table = [] {
    std::map<Key, const OpRow *> rows;
    for (llvm::ArrayRef<OpRow> family :
         {elementwiseOps(), compositeOps(), constantOps(), shapeOps(),
          movementOps(), indexingOps(), sliceOps(), reductionOps(),
          matrixOps(), einsumOps(), normalizationOps(), attentionOps(), quantizationOps()})
      for (const OpRow &row : family)
        rows[{row.domain, row.op}] = &row;
    return rows;
  }();
  auto found = table.find({domain, op});
  return found == table.end() ? nullptr : found->second;
}

} // namespace llmc::onnx
