/// Lowers one specialisation of the step to an rt.program (see LowerToRt).
#ifndef LLMC_PASSES_SCHEDULE_STEPLOWERING_H
#define LLMC_PASSES_SCHEDULE_STEPLOWERING_H

#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "dialects/rt/RtOps.h"
#include "passes/schedule/KernelTable.h"
#include "runtime/format/CacheLayout.h"

namespace llmc {

/// On an llm.kv_append that does the rotations of its keys and of the queries
/// that read them; on an llm.rope that such a one does.
constexpr llvm::StringLiteral rotatesAttr = "kernel.rotates";
constexpr llvm::StringLiteral rotatedAttr = "kernel.rotated";

/// On an llm.rms_norm that the kernel of its one user does: a rotation that an
/// append does (SelectAppend), or a residual sum (SelectNorms).
constexpr llvm::StringLiteral normalizedAttr = "kernel.normalized";

/// On an llm.linear whose first result others take unnormalised, and on one that
/// takes such rows: their epsilon (FoldNorms).
constexpr llvm::StringLiteral squaresAttr = "kernel.squares";
constexpr llvm::StringLiteral normEpsilonAttr = "kernel.norm_epsilon";

class StepLowering {
public:
  StepLowering(mlir::func::FuncOp step, KernelTable &kernels);
  /// \p choosesTokens: a step ends with the choice of tokens.
  mlir::LogicalResult run(bool choosesTokens);

private:
  static mlir::Value makeBuffer(mlir::OpBuilder &builder, mlir::Location loc,
                                mlir::MemRefType type, rt::Space space,
                                mlir::ValueRange extents,
                                llvm::StringRef name = "", int64_t layer = 0);
  /// Elements from one row to the next of rows that are loaded in tiles: the
  /// lines of sixteen rows must not meet in a few sets of L1, which a stride of
  /// many whole lines would have them do.
  static int64_t tileStride(mlir::RankedTensorType type);
  /// Moves a region of scalar ops into a kernel.
  static void cloneScalars(mlir::OpBuilder &builder, mlir::Block &from,
                           mlir::Region &to);
  /// A number that a pass before this one chose.
  static int64_t attributeOr(mlir::Operation *op, llvm::StringRef name,
                             int64_t otherwise);

  // Programs and buffers.
  mlir::Value symbol(llvm::StringRef name);
  mlir::Value constant(int64_t value);
  mlir::Value shape(mlir::AffineMap map, mlir::ValueRange operands);
  mlir::Value input(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                    mlir::ValueRange extents);
  /// A fresh arena buffer (or the logits) for a tensor of rows.
  mlir::Value allocate(mlir::Value tensor);
  /// The memref of a tensor: a buffer, a weight or a view.
  mlir::Value memref(mlir::Value tensor);
  mlir::Value columnsOf(mlir::Value source, mlir::RankedTensorType to,
                        int64_t offset);
  mlir::Value allocateSums(llm::LinearOp op, int64_t columns,
                           mlir::Type element);
  mlir::Value allocateSquares(llm::LinearOp op, int64_t tiles);
  /// Buffers of kernel.quantize_rows.
  struct QuantizedRows {
    mlir::Value bytes, terms;
  };
  QuantizedRows quantizeRows(mlir::Operation *op, mlir::Value tensor);
  mlir::Value splitHeads(mlir::Value rows, int64_t heads);
  mlir::Value weightBuffer(llm::GetWeightOp get);
  /// Key and value buffers of a cache (threaded values are one memory).
  std::pair<mlir::Value, mlir::Value> cacheBuffers(mlir::Value cache);
  /// T or R of a tensor of rows.
  mlir::Value rowsOf(mlir::Value tensor);

  // Ops.
  mlir::LogicalResult lower(mlir::Operation &op);
  void launch(mlir::Operation *op, llvm::StringRef family, mlir::Value tiles,
              llvm::ArrayRef<mlir::Value> args, KernelTable::Body body);
  void lowerLinear(llm::LinearOp op);
  void lowerMap(llm::MapOp op);
  void lowerColumns(llm::ColumnsOp op);
  void lowerAddRmsNorm(llm::AddRmsNormOp op);
  void lowerKvAppend(llm::KvAppendOp op);
  void lowerRopeAppend(llm::KvAppendOp op);
  llvm::SmallVector<mlir::Value> attentionInputs(llm::AttentionOp op);
  void lowerAttention(llm::AttentionOp op);
  void lowerChoice();
  void lowerSplitAttention(llm::AttentionOp op, int64_t split, int64_t slots);

  mlir::func::FuncOp step;
  KernelTable &kernels;
  mlir::OpBuilder builder;
  CacheLayout layout;
  int64_t paddedRows = 1;
  llvm::DenseMap<mlir::Value, QuantizedRows> quantized;
  llvm::DenseMap<mlir::Value, mlir::Value> squaresOf; ///< Of results of linears.
  mlir::Value logits; // the step's tensor
  llvm::StringMap<mlir::Value> symbols, inputs;
  llvm::DenseMap<mlir::Value, mlir::Value> memrefs;
  llvm::DenseMap<mlir::Value, int64_t> cacheLayer;
  llvm::DenseMap<int64_t, std::pair<mlir::Value, mlir::Value>> caches;
};

} // namespace llmc

#endif // LLMC_PASSES_SCHEDULE_STEPLOWERING_H
