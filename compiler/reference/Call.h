/// How the families of ops plug into the evaluator. Internal to this folder.
#ifndef LLMC_COMPILER_REFERENCE_CALL_H
#define LLMC_COMPILER_REFERENCE_CALL_H

#include "compiler/reference/Evaluator.h"

#include <functional>

namespace llmc::reference {

/// One op being evaluated: its operands' values in, its results' values out.
class Call {
public:
  Call(Evaluator &evaluator, mlir::Operation *op)
      : evaluator(evaluator), op(op) {}

  /// The tensor of an operand; empty for `onnx.none` (test it with `if`).
  const Tensor &operator[](mlir::Value value) const;
  const Cache &cache(mlir::Value value) const;

  /// Makes a zeroed tensor for result \p index, of the result's element type.
  /// Null (with a reason) for an unsupported type or more than the limit.
  Tensor *create(unsigned index, mlir::ArrayRef<int64_t> shape);
  /// Gives result \p index.
  void set(unsigned index, Datum datum);
  /// Whether a tensor of this shape may be made; fails with a reason.
  mlir::LogicalResult fits(mlir::ArrayRef<int64_t> shape);

  /// The result's shape from its type alone, -1 where it is not known.
  mlir::SmallVector<int64_t> typeShape(unsigned index) const;
  /// The same where every extent must be known.
  mlir::FailureOr<mlir::SmallVector<int64_t>> knownShape(unsigned index);
  /// An affine expression under the symbols that are set.
  std::optional<int64_t> dim(mlir::AffineExpr expression) const {
    return evaluator.extent(expression);
  }

  mlir::LogicalResult fail(const mlir::Twine &why) {
    return evaluator.fail(op, why);
  }

  std::optional<int64_t> pastLength() const { return evaluator.pastLength; }
  const std::optional<Batch> &batch() const { return evaluator.batch; }
  /// The tensor of the initializer \p name.
  mlir::FailureOr<Tensor> weight(mlir::StringRef name);
  /// The op of the module that defines the symbol \p name, or null. Looked up
  /// anew each time: passes add symbols while they probe.
  template <typename Op> Op lookup(mlir::StringRef name) {
    return mlir::dyn_cast_or_null<Op>(
        mlir::SymbolTable::lookupSymbolIn(evaluator.module, name));
  }
  /// Weights of the llm dialect are made once, unless their op changes.
  std::optional<Tensor> remembered(mlir::Operation *weight) const {
    auto found = evaluator.loaded.find(weight->getAttrDictionary());
    return found == evaluator.loaded.end() ? std::nullopt
                                           : std::optional(found->second);
  }
  void remember(mlir::Operation *weight, const Tensor &tensor) {
    evaluator.loaded[weight->getAttrDictionary()] = tensor;
  }

  Evaluator &evaluator;
  mlir::Operation *op;
  mlir::SmallVector<Datum> results;
};

using Handler = std::function<mlir::LogicalResult(mlir::Operation *, Call &)>;

/// The dispatch table: from the name of an op to its function.
class Registry {
public:
  /// \p function is called as function(Op, Call &) -> LogicalResult.
  template <typename Op, typename Function> void add(Function function) {
    handlers[Op::getOperationName()] = [function](mlir::Operation *op,
                                                  Call &call) {
      return function(mlir::cast<Op>(op), call);
    };
  }
  const Handler *find(mlir::StringRef name) const {
    auto entry = handlers.find(name);
    return entry == handlers.end() ? nullptr : &entry->second;
  }

private:
  llvm::StringMap<Handler> handlers;
};

/// One function per family of ops.
void registerBasics(Registry &registry);
void registerElementwise(Registry &registry);
void registerUnary(Registry &registry);
void registerMovement(Registry &registry);
void registerIndexing(Registry &registry);
void registerShapes(Registry &registry);
void registerReduction(Registry &registry);
void registerBlockwise(Registry &registry);
void registerNetwork(Registry &registry);
void registerAttention(Registry &registry);
void registerLlm(Registry &registry);
void registerSequence(Registry &registry);

} // namespace llmc::reference

#endif // LLMC_COMPILER_REFERENCE_CALL_H
