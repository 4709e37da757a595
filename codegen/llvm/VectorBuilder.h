/// A builder with the words that every kernel uses: lanes, masks, conversions.
#ifndef LLMC_CODEGEN_LLVM_VECTORBUILDER_H
#define LLMC_CODEGEN_LLVM_VECTORBUILDER_H

#include "dialects/kernel/KernelDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace llmc::codegen {

using mlir::Type;
using mlir::Value;
using mlir::ValueRange;

/// Builds arith, scf and vector ops on scalars and one-dimensional vectors.
/// Arithmetic picks the integer or the float op by its operands' type and
/// never carries fast-math flags: nothing is reassociated or contracted.
class VectorBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using mlir::ImplicitLocOpBuilder::ImplicitLocOpBuilder;
  virtual ~VectorBuilder() = default;

  /// Lanes of every vector unless said otherwise: one panel.
  static constexpr int64_t width = kernel::panelWidth;

  mlir::VectorType lanes(Type element, int64_t count = width) {
    return mlir::VectorType::get({count}, element);
  }
  mlir::VectorType f32Lanes(int64_t count = width) {
    return lanes(getF32Type(), count);
  }

  Value index(int64_t value);
  /// A constant of a scalar type or of a vector of it.
  Value number(Type type, double value);
  Value integer(Type type, int64_t value);
  /// The f32 (or vector of f32) with these bits.
  Value infinity(Type type, bool negative);
  Value nan(Type type);

  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value div(Value a, Value b); ///< Floats only.
  Value fma(Value a, Value b, Value c);
  Value neg(Value a);
  Value compare(mlir::arith::CmpFPredicate predicate, Value a, Value b);
  Value compare(mlir::arith::CmpIPredicate predicate, Value a, Value b);
  Value select(Value condition, Value a, Value b);
  /// The larger, b where either is NaN: the machine's own max instruction.
  Value maxOf(Value a, Value b);
  Value minOf(Value a, Value b);
  /// Index arithmetic on non-negative values.
  Value floorDiv(Value a, int64_t b);
  Value ceilDiv(Value a, int64_t b);
  Value remainder(Value a, int64_t b);
  Value minIndex(Value a, Value b);
  Value maxIndex(Value a, Value b);
  Value toIndex(Value integer);

  Value broadcast(Value scalar, int64_t count = width);
  /// The two f32 from `at` on, by turns, in all lanes.
  Value broadcastPair(Value memref, ValueRange at);
  /// Same bits as another element type of the same width.
  Value bitcast(Value value, Type element);
  /// f32 of an f32, bf16 or f16 (vector or scalar).
  virtual Value toF32(Value value);
  /// Rounds to nearest even; `element` is f32, bf16 or f16. Targets that have an
  /// instruction for it use that.
  virtual Value fromF32(Value value, Type element);
  /// What an op stores as `element`: fromF32, but numbers beyond f16, infinities
  /// included, become its largest (65504); what is no number stays none.
  Value narrow(Value value, Type element);

  /// A constant mask whose first `count` lanes are on; null if all are.
  Value prefixMask(int64_t count, int64_t of = width);
  /// Loads `count` neighbouring elements; lanes off in `mask` read no memory
  /// and are zero.
  Value load(Value memref, ValueRange at, Value mask = {},
             int64_t count = width);
  Value loadF32(Value memref, ValueRange at, Value mask = {},
                int64_t count = width) {
    return toF32(load(memref, at, mask, count));
  }
  void store(Value vector, Value memref, ValueRange at, Value mask = {});
  Value loadScalar(Value memref, ValueRange at);
  void storeScalar(Value scalar, Value memref, ValueRange at);

  /// Loop with values carried from one iteration to the next.
  using LoopBody = llvm::function_ref<llvm::SmallVector<Value>(
      Value index, ValueRange carried)>;
  llvm::SmallVector<Value> loop(Value begin, Value end, int64_t step,
                                ValueRange initial, LoopBody body);
  void loop(Value begin, Value end, int64_t step,
            llvm::function_ref<void(Value)> body);

  /// Walks [0, length) in vectors of `width`; the body gets the first column
  /// and the mask of the last, incomplete vector (null elsewhere).
  using ColumnsBody = llvm::function_ref<llvm::SmallVector<Value>(
      Value column, Value mask, ValueRange carried)>;
  llvm::SmallVector<Value> columns(int64_t length, ValueRange initial,
                                   ColumnsBody body);
  void columns(int64_t length,
               llvm::function_ref<void(Value column, Value mask)> body);

  /// The sum of all lanes by halving: lane i + lane i + count/2, and so on.
  Value sumLanes(Value vector);
  Value maxLanes(Value vector);

  /// Memory on the stack, aligned to 64 bytes, at the start of the function.
  Value stack(llvm::ArrayRef<int64_t> shape, Type element);
};

/// The element type of a vector, or the scalar type itself.
Type elementOf(Type type);
/// `type`'s shape with another element type.
Type withElement(Type type, Type element);
/// A static extent of a memref.
int64_t extent(Value memref, unsigned dimension);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_VECTORBUILDER_H
