#include "frontends/onnx/builder/OpTable.h"

#include <map>

namespace llmc::onnx {

const OpRow *findOp(llvm::StringRef domain, llvm::StringRef op) {
  using Key = std::pair<llvm::StringRef, llvm::StringRef>;
  static const std::map<Key, const OpRow *> table = [] {
    std::map<Key, const OpRow *> rows;
    for (llvm::ArrayRef<OpRow> family :
         {activationOps(), attentionOps(), castOps(), compositeOps(),
          constantOps(), einsumOps(), elementwiseOps(), indexingOps(),
          matrixOps(), movementOps(), normalizationOps(), quantizationOps(),
          reductionOps(), rotaryOps(), shapeOps(), sliceOps()})
      for (const OpRow &row : family)
        rows[{row.domain, row.op}] = &row;
    return rows;
  }();
  auto found = table.find({domain, op});
  return found == table.end() ? nullptr : found->second;
}

} // namespace llmc::onnx
