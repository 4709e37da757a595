/// Small matchers that the raise passes share.
#ifndef LLMC_PASSES_SUPPORT_ONNXMATCH_H
#define LLMC_PASSES_SUPPORT_ONNXMATCH_H

#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace llmc {

/// The only element of a constant that holds one value (or a splat of it).
std::optional<double> scalarConstant(mlir::Value value);

/// The elements of an `onnx.constant`, or null.
mlir::DenseElementsAttr denseConstant(mlir::Value value);

/// `value` without the casts between float types that it went through.
mlir::Value skipCasts(mlir::Value value);

/// The ranked tensor type of `value`, or null.
mlir::RankedTensorType rankedType(mlir::Value value);

/// Of a commutative op's operands, the one that is not `operand` (null where
/// neither is).
mlir::Value otherOperand(mlir::Operation *op, mlir::Value operand);

/// Whether `value` is a weight or a constant, perhaps transposed.
bool isWeight(mlir::Value value);

/// Makes or finds the `llm.weight` that holds `value` (a weight, constant, or
/// the transpose of one) and returns its tensor at the builder's place. Null
/// where `value` is none of these.
mlir::Value getWeight(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value value);

/// Whether an optional operand is there.
inline bool isGiven(mlir::Value value) {
  return value && !mlir::isa<mlir::NoneType>(value.getType());
}

/// A matrix [k, n] of few bits as com.microsoft's operators hold it.
struct GroupedMatrix {
  mlir::Value numbers, scales, zeros; ///< Zeros may be absent.
  int64_t bits, size, k, n;
};
/// The tensor of an `llm.weight` in a scheme of groups that keeps the bits, at
/// the builder's place. Null where they are not in the file or there is no such
/// scheme.
mlir::Value getGroupedWeight(mlir::OpBuilder &builder, mlir::Location loc,
                             const GroupedMatrix &matrix);

/// Adds an `llm.weight` of this type, yet without sources or values.
llm::WeightOp addWeight(mlir::ModuleOp module, mlir::Location loc,
                        mlir::ShapedType type);

/// Adds an `llm.weight` of elements that the compiler made.
llm::WeightOp addTable(mlir::ModuleOp module, mlir::ElementsAttr values);

/// The argument of the graph that `value` is, without casts; null for others.
mlir::Value castArgument(mlir::Value value);

/// Rows of a table [V, D], chosen by an index.
struct TableLookup {
  mlir::Value index, table; ///< Both null where an op is none.
};

/// What an llm.embedding, or a gather of a weight's rows, looks up.
TableLookup tableLookup(mlir::Operation *op);

/// The argument of a graph that holds token ids: the only one by which a table
/// is looked up; of several (positions and token types are embedded too), the
/// only one whose table has as many rows as the logits have columns, and wider
/// ones than others that do. Null without one, or where that does not tell.
mlir::Value tokenIds(mlir::func::FuncOp graph);

/// Lowers `llm.max_positions` of the module to `limit`: no position may lie
/// beyond a table or a buffer of the graph.
void limitPositions(mlir::ModuleOp module, int64_t limit);

/// Erases the ops of `function` that nothing reads and that do nothing else.
void eraseDeadOps(mlir::func::FuncOp function);

/// Erases `op` and then what became unused among what it read.
void eraseDead(mlir::Operation *op);

} // namespace llmc

#endif // LLMC_PASSES_SUPPORT_ONNXMATCH_H
