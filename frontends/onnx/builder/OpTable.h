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

// One function per family, each in the file of its name.
llvm::ArrayRef<OpRow> elementwiseOps(); // ImportElementwise.cpp
llvm::ArrayRef<OpRow> compositeOps();   // ImportComposite.cpp
llvm::ArrayRef<OpRow> constantOps();    // ImportConstants.cpp
llvm::ArrayRef<OpRow> shapeOps();       // ImportShapes.cpp
llvm::ArrayRef<OpRow> movementOps();    // ImportMovement.cpp
llvm::ArrayRef<OpRow> indexingOps();    // ImportIndexing.cpp
llvm::ArrayRef<OpRow> sliceOps();       // ImportSlice.cpp
llvm::ArrayRef<OpRow> reductionOps();   // ImportReduction.cpp
llvm::ArrayRef<OpRow> matrixOps();      // ImportMatrix.cpp
llvm::ArrayRef<OpRow> einsumOps();      // ImportEinsum.cpp
llvm::ArrayRef<OpRow> normalizationOps(); // ImportNormalization.cpp
llvm::ArrayRef<OpRow> attentionOps();   // ImportAttention.cpp
llvm::ArrayRef<OpRow> quantizationOps(); // ImportQuantization.cpp

/// The row of an operator, or null.
const OpRow *findOp(llvm::StringRef domain, llvm::StringRef op);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_OPTABLE_H
