/// The operators that can be imported, each with its handler.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_OPTABLE_H
#define LLMC_FRONTENDS_ONNX_BUILDER_OPTABLE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"

#include <cstdint>

namespace llmc::onnx {

class NodeContext;
/// Sets the node's results, or records a problem and returns failure.
using Handler = llvm::LogicalResult (*)(NodeContext &node);

/// One operator. Inputs below `minInputs` are present when the handler runs.
struct OpRow {
  llvm::StringRef domain;
  llvm::StringRef op;
  uint8_t minInputs;
  uint8_t maxInputs; ///< 255: any number.
  Handler handler;
  llvm::StringRef target = {}; ///< For handlers that serve several operators.
};

// One function per family, each in the file of its name (Import….cpp).
llvm::ArrayRef<OpRow> activationOps();
llvm::ArrayRef<OpRow> attentionOps();
llvm::ArrayRef<OpRow> castOps();
llvm::ArrayRef<OpRow> compositeOps();
llvm::ArrayRef<OpRow> constantOps();
llvm::ArrayRef<OpRow> einsumOps();
llvm::ArrayRef<OpRow> elementwiseOps();
llvm::ArrayRef<OpRow> indexingOps();
llvm::ArrayRef<OpRow> matrixOps();
llvm::ArrayRef<OpRow> movementOps();
llvm::ArrayRef<OpRow> normalizationOps();
llvm::ArrayRef<OpRow> quantizationOps();
llvm::ArrayRef<OpRow> reductionOps();
llvm::ArrayRef<OpRow> rotaryOps();
llvm::ArrayRef<OpRow> shapeOps();
llvm::ArrayRef<OpRow> sliceOps();

/// The row of an operator, or null.
const OpRow *findOp(llvm::StringRef domain, llvm::StringRef op);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_OPTABLE_H
