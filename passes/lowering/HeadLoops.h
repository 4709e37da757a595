/// What RotaryEmbedding and the attention operators of ONNX and com.microsoft
/// share: tensors of heads, rotation, and attention in steps that each are a
/// launch.
#ifndef LLMC_PASSES_LOWERING_HEADLOOPS_H
#define LLMC_PASSES_LOWERING_HEADLOOPS_H

#include "passes/lowering/GraphLowering.h"

namespace llmc::heads {

using B = LoopBuilder;
using Value = mlir::Value;
using ValueRange = mlir::ValueRange;
using Index = llvm::ArrayRef<Value>;

/// A tensor of heads: [B, H, S, D], or columns of [B, S, parts * D].
struct Heads {
  Value tensor;
  int64_t heads = 0;     // of this operand
  int64_t parts = 0;     // heads in a row of rank 3, all operands' together
  int64_t firstHead = 0; // where this operand's begin in such a row
  onnx::Dims dims;       // [B, H, S, D]

  /// \p parts 0: as many as \p heads.
  static Heads of(Value tensor, int64_t heads, int64_t parts = 0,
                  int64_t firstHead = 0);
  bool rows() const { return typeOf(tensor).getRank() == 3; }
  mlir::Type element() const { return typeOf(tensor).getElementType(); }
  Value load(B &b, Value memref, Value batch, Value head, Value row,
             Value column) const;
};

/// Whether a tensor is one of heads, of floats.
bool areHeads(Value tensor, int64_t heads);

/// The type that attention computes in: f64 only where its operands are.
inline mlir::Type floatsOf(mlir::Type element) { return computeType(element); }

/// Element `column` of a head after rotation of its first 2 * pairs elements;
/// `table` gives the cosine and sine of a pair.
Value rotated(B &b, llvm::function_ref<Value(Value)> load, Value column,
              Value pairs, bool interleaved,
              llvm::function_ref<std::pair<Value, Value>(Value)> table);

/// target[index] = body: as mapElements, into a buffer that is no result.
void fill(mlir::Operation *op, GraphLowering &graph, llvm::StringRef family,
          Value target, llvm::ArrayRef<mlir::AffineExpr> dims,
          llvm::ArrayRef<Value> args, GraphLowering::RawBody body);

/// A tensor broadcast to the scores, as a shift; booleans hide. Behind the last
/// element of a row longer than one nothing is seen.
Value maskAt(B &b, Value memref, mlir::RankedTensorType type,
             mlir::RankedTensorType scores, Index index, mlir::Type floats);

/// What all three operators end with.
class Attention {
public:
  Attention(mlir::Operation *op, GraphLowering &graph, const Heads &query)
      : op(op), graph(graph), query(query), floats(floatsOf(query.element())) {}

  /// A score's shift: -inf where the position is not seen. The arguments are
  /// those given to `finish`.
  using Bias = llvm::function_ref<Value(B &, ValueRange args, Index index)>;

  onnx::Dims scoreDims() const {
    return {query.dims[0], query.dims[1], query.dims[2], keyDims[2]};
  }

  /// [B, KV, L, D] of keys or values: past, then new rows. `result` (perhaps
  /// none) is the operator's own result for it.
  Value present(const Heads &now, Value past, Value result, onnx::Dims &dims,
                Value shift, int64_t shiftHeads);
  /// The query as [B, H, S, D] in the floats of the computation.
  Value plainQuery(Value shift);
  /// Scores, softmax and the sum of values into `result`. `scale` 0 is
  /// 1/sqrt(D), `softcap` 0 is none; `extra` are the first arguments of `bias`,
  /// behind them query and keys.
  void finish(Value queries, Value keys, Value values, double scale,
              double softcap, llvm::ArrayRef<Value> extra, Bias bias, Value result);

  onnx::Dims keyDims, valueDims; // [B, KV, L, D], with the past

private:
  /// Adds a projection's bias, `firstHead` heads further in the bias's list.
  static Value shifted(B &b, Value x, Value list, Value heads, int64_t firstHead,
                       Index index);
  void softmax(Value scores);

  mlir::Operation *op;
  GraphLowering &graph;
  const Heads &query;
  mlir::Type floats;
};

} // namespace llmc::heads

#endif // LLMC_PASSES_LOWERING_HEADLOOPS_H
