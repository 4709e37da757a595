/// Probing: what a part of a graph computes is found by evaluating it.
///
/// Exporters write the same function in many ways, and structure alone cannot
/// tell a causal mask from a mask that is nearly one. So the raise passes
/// propose, from structure, what a subgraph may be, and accept it only if the
/// reference evaluator gives the same numbers for both on sample inputs of
/// several sizes.
#ifndef LLMC_PASSES_SUPPORT_PROBE_H
#define LLMC_PASSES_SUPPORT_PROBE_H

#include "compiler/reference/Evaluator.h"
#include "compiler/reference/FileWeights.h"

namespace llmc {

/// Sizes of one probe.
struct ProbeSizes {
  int64_t batch, rows, past;
};

/// Evaluates parts of a decoder's graph on sample inputs.
///
/// The graph's arguments are told apart by shape and use, never by name: the
/// token ids are what an embedding reads, [B, S]; another integer argument
/// [B, S] that reaches an angle (sine, cosine, rotary embedding) holds
/// positions. Where there is none and the graph computes no positions of its
/// own, the only one that indexes a table holds them (a second one, of token
/// types say, cannot be told from it: then none does). Any other integer
/// argument is an attention mask (all ones: no padding); a float argument of
/// rank 4 is a past key or value [B, heads, P, D]. Without past arguments P is 0.
///
/// A float argument that onnx.tensor_scatter writes to is a past as well: a
/// buffer of a fixed length L, of which P positions are held. Integers [B] that
/// say where it is written are P, other ones the total length, P plus the rows;
/// a mask over L positions has ones up to there.
class Probe {
public:
  /// Fails where no argument is embedded, or token ids cannot be told.
  static mlir::FailureOr<std::unique_ptr<Probe>> create(mlir::func::FuncOp graph);

  /// Whether a value depends on token values or cached ones: false for masks,
  /// positions, tables and weights.
  bool isActive(mlir::Value value) const { return active.contains(value); }
  bool hasPast() const { return past; }
  bool isPastArgument(mlir::Value value) const;
  /// The dimension along which a buffer is written; none for other values.
  std::optional<unsigned> bufferAxis(mlir::Value value) const;
  /// Whether a type is [B, S, D] or [B, S] with a static D.
  bool isRows(mlir::Type type) const;
  mlir::AffineExpr batchExtent() const { return batch; }
  mlir::AffineExpr rowsExtent() const { return rows; }

  /// c, where \p index holds the positions of the rows, plus c, in a shape of
  /// which rows are the last extent: [B, S], [1, S] or [S].
  std::optional<int64_t> positionOffset(mlir::Value index);
  mlir::Value tokens() const { return ids; }

  /// Makes what is computed from arguments of positions read llm.positions: once
  /// no angle is left in the graph, they could not be told from others.
  void replacePositions();

  /// Forgets everything and binds the arguments for these sizes, but for pasts
  /// that are not empty, and buffers.
  void begin(ProbeSizes sizes);
  /// What an argument is bound to: zeros for ids and pasts, positions, lengths,
  /// or ones. None where its extents are not known.
  std::optional<reference::Tensor> sample(mlir::BlockArgument argument) const;
  /// Binds \p value to reproducible numbers in [-1, 1); fails where its shape
  /// is not known.
  mlir::FailureOr<reference::Tensor> bindRandom(mlir::Value value);
  /// Fills \p tensor with such numbers.
  void fillRandom(reference::Tensor &tensor);
  /// The shape of a type under the sizes of this probe.
  std::optional<mlir::SmallVector<int64_t>>
  shapeOf(mlir::RankedTensorType type) const;
  /// Gives \p value instead of computing it.
  void bind(mlir::Value value, const reference::Tensor &tensor) {
    evaluator.bind(value, tensor);
  }
  mlir::FailureOr<reference::Tensor> evaluate(mlir::Value value) {
    return evaluator.evaluate(value);
  }
  /// Evaluates no tensor of more elements; 0 for the evaluator's own limit.
  void setLimit(int64_t elements) {
    evaluator.setLimit(elements ? elements : int64_t(1) << 30);
  }
  const std::string &error() const { return evaluator.error(); }

private:
  explicit Probe(mlir::func::FuncOp graph);

  mlir::func::FuncOp graph;
  reference::FileWeights weights;
  reference::Evaluator evaluator;
  void findBuffers();
  void findUnusedSymbols();
  void findPositions();
  bool isBufferExtent(mlir::AffineExpr extent) const;

  mlir::Value ids;
  mlir::AffineExpr batch, rows; // extents of ids
  llvm::SmallDenseSet<unsigned> pastSymbols; // layers may have their own
  llvm::SmallDenseSet<unsigned> unusedSymbols; // bound to 0
  bool past = false;
  int64_t pastLength = 0; // of the current probe
  int64_t newRows = 0;    // of the current probe
  /// Arguments that are buffers, and the dimension of their positions.
  llvm::DenseMap<mlir::Value, unsigned> buffers;
  llvm::DenseSet<mlir::Value> writePositions, totalLengths; // arguments [B]
  unsigned symbolCount = 0;
  mlir::SmallVector<int64_t> symbols; // of the current probe
  llvm::DenseSet<mlir::Value> active, positionArguments;
  uint64_t state = 1;
};

/// Whether two tensors agree to a part of the largest magnitude of the second
/// (at least 1e-3): 1e-4 for f32, what a chain of roundings takes for less.
bool agree(const reference::Tensor &actual, const reference::Tensor &expected);

} // namespace llmc

#endif // LLMC_PASSES_SUPPORT_PROBE_H
