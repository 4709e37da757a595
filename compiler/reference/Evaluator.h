/// A slow but right evaluator of the onnx and llm dialects: for constant
/// folding, for probing what a subgraph computes, and to check passes.
///
/// Numbers: each result is computed in double precision (sums too) and rounded
/// once to its element type; integers are exact and wrap around.
#ifndef LLMC_COMPILER_REFERENCE_EVALUATOR_H
#define LLMC_COMPILER_REFERENCE_EVALUATOR_H

#include "compiler/reference/Cache.h"
#include "compiler/reference/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

#include <string>
#include <variant>

namespace llmc::onnx {
class InitializerOp;
}

namespace llmc::reference {

/// Where the bytes of initializers come from.
class WeightProvider {
public:
  virtual ~WeightProvider() = default;
  /// The tensor of \p op, or a failure whose reason is lastError().
  virtual mlir::FailureOr<Tensor> load(onnx::InitializerOp op) = 0;
  virtual std::string lastError() const { return "cannot be read"; }
};

/// What a value holds: a tensor (or none), or the state of a cache.
using Datum = std::variant<Tensor, Cache>;

class Evaluator {
public:
  /// \p weights may be null: a graph with initializers then fails cleanly.
  explicit Evaluator(mlir::ModuleOp module, WeightProvider *weights = nullptr);
  ~Evaluator();

  /// Symbols s0, s1, … of the shapes. Those not set are taken from the tensors
  /// that are bound or computed, where an extent is a symbol alone.
  void setSymbol(unsigned index, int64_t value);
  void setSymbols(mlir::ArrayRef<int64_t> values);
  /// Number of cached rows before the graph's own: llm.positions counts from it.
  void setPastLength(int64_t length) { pastLength = length; }
  /// The rows of a step; nullopt for the rows of a graph.
  void setBatch(std::optional<Batch> descriptor) { batch = std::move(descriptor); }
  /// No tensor of more elements is made or loaded. Default 2^30.
  void setLimit(int64_t elements) { limit = elements; }

  /// Gives \p value (of an argument or of any op) without computing it.
  void bind(mlir::Value value, Datum datum);
  /// Computes \p value and what it needs; keeps everything that was computed,
  /// so call clear() once ops have been erased or changed.
  mlir::FailureOr<Tensor> evaluate(mlir::Value value);
  mlir::FailureOr<Cache> evaluateCache(mlir::Value value);
  /// Runs \p function on one datum per argument; intermediate tensors are freed
  /// after their last use. Clears first; symbols that the arguments' types name
  /// are those of the inputs.
  mlir::FailureOr<mlir::SmallVector<Datum>>
  evaluateFunction(mlir::func::FuncOp function, mlir::ArrayRef<Datum> inputs);
  /// The same for a function without caches.
  mlir::FailureOr<mlir::SmallVector<Tensor>>
  evaluateFunction(mlir::func::FuncOp function, mlir::ArrayRef<Tensor> inputs);
  /// Forgets bound and computed values, and symbols that were taken from them;
  /// symbols that were set, the batch and weights stay.
  void clear();

  /// Why the last call failed: which op, and what of it.
  const std::string &error() const { return message; }
  /// Whether this evaluator knows the op at all.
  static bool supports(mlir::Operation *op);

private:
  friend class Call;

  mlir::LogicalResult compute(mlir::ValueRange roots, bool release);
  mlir::LogicalResult execute(mlir::Operation *op);
  mlir::LogicalResult fail(mlir::Operation *op, const mlir::Twine &why);
  std::optional<int64_t> extent(mlir::AffineExpr expression) const;
  mlir::LogicalResult checkShape(mlir::Value value, const Tensor &tensor,
                                 std::string &why);
  void takeSymbol(unsigned index, int64_t value);
  void inferSymbols(mlir::Type type, const Tensor &tensor);

  mlir::ModuleOp module;
  WeightProvider *weights;
  mlir::SmallVector<std::optional<int64_t>> given;   // by setSymbol(s)
  mlir::SmallVector<std::optional<int64_t>> symbols; // and from tensors
  std::optional<int64_t> pastLength;
  std::optional<Batch> batch;
  int64_t limit = int64_t(1) << 30;
  llvm::DenseMap<mlir::Value, Datum> values;
  /// Weights of the llm dialect, by all attributes of their ops.
  llvm::DenseMap<mlir::Attribute, Tensor> loaded;
  std::string message;
};

} // namespace llmc::reference

#endif // LLMC_COMPILER_REFERENCE_EVALUATOR_H
