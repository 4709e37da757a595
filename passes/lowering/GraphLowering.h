/// Lowers a graph of the onnx dialect to one rt.program (see LowerGraph).
#ifndef LLMC_PASSES_LOWERING_GRAPHLOWERING_H
#define LLMC_PASSES_LOWERING_GRAPHLOWERING_H

#include "dialects/onnx/OnnxOps.h"
#include "dialects/onnx/SymbolicShape.h"
#include "dialects/rt/RtOps.h"
#include "passes/lowering/LoopBuilder.h"
#include "passes/schedule/KernelTable.h"
#include "passes/support/OnnxMatch.h"

#include <functional>

namespace llmc {

class GraphLowering;

/// How each op becomes launches: filled by one function per op family.
class LoweringTable {
public:
  using Rule = std::function<mlir::LogicalResult(mlir::Operation *,
                                                 GraphLowering &)>;
  template <typename Op, typename Function> void add(Function rule) {
    rules[Op::getOperationName()] = [rule](mlir::Operation *op,
                                           GraphLowering &graph) {
      return mlir::LogicalResult(rule(mlir::cast<Op>(op), graph));
    };
  }
  const Rule *find(mlir::Operation *op) const {
    auto found = rules.find(op->getName().getStringRef());
    return found == rules.end() ? nullptr : &found->second;
  }

private:
  llvm::StringMap<Rule> rules;
};

void populateElementwise(LoweringTable &table);
void populateUnary(LoweringTable &table);
void populateMovement(LoweringTable &table);
void populateIndexing(LoweringTable &table);
void populateReduction(LoweringTable &table);
void populateSequence(LoweringTable &table);
void populateBlockwise(LoweringTable &table);
void populateNetwork(LoweringTable &table);
void populateRotary(LoweringTable &table);
void populateAttention(LoweringTable &table);
void populateMultiHead(LoweringTable &table);
void populateGroupQuery(LoweringTable &table);

class GraphLowering {
public:
  using Value = mlir::Value;
  GraphLowering(mlir::func::FuncOp graph, KernelTable &kernels);

  /// Makes the program. Every op that cannot be lowered gets an error.
  mlir::LogicalResult run();

  /// The buffer of a tensor: an argument, a weight, or what its op stored.
  Value memref(Value tensor);
  /// The buffer that a tensor's op is to fill.
  Value allocate(Value tensor);
  /// The tensor is another type for an existing buffer's memory.
  void alias(Value tensor, Value memref);
  /// A buffer's memory as `type`, which has as many elements.
  Value view(mlir::Location loc, Value source, mlir::RankedTensorType type);
  /// Arena memory of a type that no tensor of the graph has.
  Value scratch(mlir::Location loc, llvm::ArrayRef<mlir::AffineExpr> dims,
                mlir::Type element);
  /// An integer over the module's symbols.
  Value integer(mlir::AffineExpr expression);
  Value product(llvm::ArrayRef<mlir::AffineExpr> dims);

  void launch(mlir::Operation *op, llvm::StringRef family, Value tiles,
              llvm::ArrayRef<Value> args, KernelTable::Body body);

  using Index = llvm::ArrayRef<Value>;
  /// out[index] = body(args, index), raw elements, for every element of the
  /// buffer of `result`, which becomes the last argument. A tile is a line of
  /// the last dimension.
  using RawBody = llvm::function_ref<Value(LoopBuilder &, mlir::ValueRange args,
                                           Index index)>;
  void moveElements(mlir::Operation *op, Value result,
                    llvm::ArrayRef<Value> args, RawBody body);
  /// The same with compute types.
  void mapElements(mlir::Operation *op, Value result,
                   llvm::ArrayRef<Value> args, RawBody body);
  /// Once for each index of the buffer `args[over]` whose dimensions `inner`
  /// are left out (they are null in the index). A tile is one such index.
  using RowBody = llvm::function_ref<void(LoopBuilder &, mlir::ValueRange args,
                                          llvm::MutableArrayRef<Value> index)>;
  void forRows(mlir::Operation *op, llvm::StringRef family, unsigned over,
               mlir::RankedTensorType type, llvm::ArrayRef<int64_t> inner,
               llvm::ArrayRef<Value> args, RowBody body);

private:
  Value shape(mlir::AffineMap map);
  llvm::SmallVector<Value> extentsOf(mlir::RankedTensorType type);
  Value buffer(mlir::Location loc, mlir::RankedTensorType type,
               rt::Space space, llvm::StringRef name);
  Value weight(Value tensor);
  mlir::LogicalResult checkTypes(mlir::Operation &op);
  mlir::LogicalResult lower(mlir::Operation &op);
  void declareArguments();
  void returnValues(mlir::func::ReturnOp op);

  mlir::func::FuncOp graph;
  KernelTable &kernels;
  mlir::OpBuilder builder;
  LoweringTable table;
  llvm::SmallVector<Value> symbols;
  llvm::SmallVector<bool> bound; // symbols that an input gives
  llvm::DenseMap<mlir::AffineExpr, Value> integers;
  llvm::DenseMap<Value, Value> memrefs;
  llvm::DenseMap<Value, Value> outputs; // returned tensor -> its buffer
  llvm::StringMap<Value> weights;
  llvm::SmallVector<Value> outputBuffers; // [results of the graph]
};

/// The ranked type of a tensor.
mlir::RankedTensorType typeOf(mlir::Value tensor);
/// The index into an operand that is broadcast to a result's index.
llvm::SmallVector<mlir::Value>
broadcastIndex(LoopBuilder &b, mlir::Value memref, mlir::RankedTensorType type,
               mlir::RankedTensorType resultType,
               llvm::ArrayRef<mlir::Value> index);

} // namespace llmc

#endif // LLMC_PASSES_LOWERING_GRAPHLOWERING_H
