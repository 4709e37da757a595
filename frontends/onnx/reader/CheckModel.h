/// The reader's second half: what can only be judged on the whole model.
#ifndef LLMC_FRONTENDS_ONNX_READER_CHECKMODEL_H
#define LLMC_FRONTENDS_ONNX_READER_CHECKMODEL_H

#include "frontends/onnx/reader/HeapBudget.h"
#include "frontends/onnx/reader/OnnxModel.h"

namespace llmc::onnx {

/// Names: every value that is read or returned is made, none is made twice, a
/// graph can run in some order, attributes of a node differ, references to a
/// function's attributes stand in functions, operator sets are imported.
/// Error: BadModel, naming node and value; TooLarge.
Status checkNames(const Model &model, HeapBudget &budget);

/// Functions: none is defined twice, they call each other in no circle, and
/// calls put in place give no more than maxInlinedNodes nodes. Errors:
/// BadModel, TooLarge.
Status checkFunctions(const Model &model, HeapBudget &budget);

/// A few hundred bytes of functions that call each other twice can stand for
/// more nodes than any memory holds.
constexpr uint64_t maxInlinedNodes = 10'000'000;

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_READER_CHECKMODEL_H
