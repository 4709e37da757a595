/// A subgraph that may be cached causal attention (see RaiseAttention).
#ifndef LLMC_PASSES_RAISE_ATTENTIONPROPOSAL_H
#define LLMC_PASSES_RAISE_ATTENTIONPROPOSAL_H

#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "passes/support/Probe.h"

namespace llmc {

class AttentionProposal {
public:
  AttentionProposal(Probe &probe, int64_t page) : probe(probe), page(page) {}

  /// Proposals from the forms in which attention comes. False where the form
  /// does not fit; `why` then says which part.
  bool fromSoftmax(onnx::SoftmaxOp softmax);
  bool fromAttention(onnx::AttentionOp op);
  bool fromMultiHead(onnx::MultiHeadAttentionOp op);

  /// Builds the llm ops, compares them with the graph, and puts them in its
  /// place if they agree for some window; erases them if not.
  bool replace();

  const std::string &reason() const { return why; }

private:
  /// Rows [B, S, heads * D] that a head-wise operand is a rearrangement of,
  /// through a cache's concatenation; multiplies \p factor by what scales it.
  mlir::Value traceRows(mlir::Value value, mlir::Operation *&concat,
                        double &factor);
  bool setOperands(mlir::Value query, mlir::Value key, mlir::Value value);
  void build(mlir::OpBuilder &builder, int64_t window);
  void buildPresents(mlir::OpBuilder &builder, mlir::Value cache);
  bool verify(int64_t window);
  /// Of caches that are buffers of a fixed length (AttentionBuffers.cpp).
  bool setBuffers(onnx::TensorScatterOp keys, onnx::TensorScatterOp values);
  mlir::Value headsFirst(mlir::OpBuilder &builder, mlir::Value buffer);
  mlir::Value asBuffer(mlir::OpBuilder &builder, mlir::Value heads,
                       mlir::Type buffer);
  bool bindBuffers(ProbeSizes sizes);
  bool bindBuffer(onnx::TensorScatterOp scatter, mlir::Value past,
                  ProbeSizes sizes, int64_t length);
  bool bindShortMask(int64_t length, bool lengthKnown);
  /// What of the masks a row far back in its sequence sees: its window, 0 for
  /// all; none where that cannot be evaluated, or is no window.
  std::optional<int64_t> windowOfMasks();
  std::optional<int64_t> seenBy(int64_t past, mlir::Value constant = {},
                                int64_t standIn = 0);
  int64_t largerWindow();
  mlir::SmallVector<mlir::Value> largeConstants();
  bool refuse(const llvm::Twine &text) {
    why = text.str();
    return false;
  }

  Probe &probe;
  int64_t page;
  mlir::Value output;                 // [B, H, S, D] or [B, S, H * D]
  mlir::Value query, key, value;      // rows
  mlir::Value pastKey, pastValue;     // arguments, or null
  onnx::TensorScatterOp keyBuffer, valueBuffer; // updates of pasts, or null
  std::optional<int64_t> capacity;    // positions of these, where fixed
  mlir::SmallVector<std::pair<mlir::Value, mlir::Value>> presents; // key, value
  /// What is added to the scores, or chooses them where it is (not) true.
  struct Mask {
    mlir::Value value;
    bool seenWhere = true; // of a boolean one
  };
  /// Whether element \p index of the mask's value lets a position be seen.
  static bool isSeen(const Mask &mask, const reference::Tensor &value,
                     int64_t index);
  mlir::SmallVector<Mask> masks;
  int64_t lookedBack = 0; // positions at which the masks were looked at
  int64_t heads = 0, kvHeads = 0, headDim = 0;
  double scale = 1, softcap = 0;
  llm::AttentionOp attention;         // built
  llm::CacheFromOp cacheFrom;         // built, or null
  mlir::Value replacement;            // built, of output's type
  mlir::Value newKey, newValue;       // built, of the presents' types, or null
  mlir::SmallVector<mlir::Operation *> built;
  std::string why;
};

} // namespace llmc

#endif // LLMC_PASSES_RAISE_ATTENTIONPROPOSAL_H
