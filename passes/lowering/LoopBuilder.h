/// A builder with the words of plain kernels: scalars, indices, loops.
#ifndef LLMC_PASSES_LOWERING_LOOPBUILDER_H
#define LLMC_PASSES_LOWERING_LOOPBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace llmc {

/// What arithmetic an element type has. Floats up to 32 bits compute in f32,
/// f64 in itself; integers and booleans (0 or 1) in i64, to which they are
/// extended. Only for u64 does the sign of that matter: it is `Word`.
enum class Kind { Float, Double, Integer, Word };

/// Whether plain kernels have this element type; booleans are i1, one byte each.
bool isPlainElement(mlir::Type element);
Kind kindOf(mlir::Type element);
inline bool isFloating(Kind kind) { return kind < Kind::Integer; }
/// f32, f64 or i64.
mlir::Type computeType(mlir::Type element);
/// The element type of a memref.
mlir::Type elementOf(mlir::Value memref);

/// Arithmetic is chosen by the operands' type (float, index or i64) and never
/// reassociated or contracted.
class LoopBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  Value index(int64_t value);
  Value integer(int64_t value); ///< i64
  /// A constant of a compute type or index.
  Value number(mlir::Type type, double value);
  Value infinity(mlir::Type type, bool negative);

  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  /// Floats: the quotient. Integers: rounded to zero, signed unless `word`; a
  /// divisor of 0 gives 0 (ONNX defines nothing; a trap is no answer).
  Value div(Value a, Value b, bool word = false);
  /// Integers: the remainder with the sign of the dividend; of 0: 0.
  Value rem(Value a, Value b, bool word = false);
  Value neg(Value a);
  Value less(Value a, Value b, bool word = false);
  Value lessOrEqual(Value a, Value b, bool word = false);
  Value equal(Value a, Value b);
  Value notEqual(Value a, Value b);
  Value both(Value a, Value b);   ///< of conditions
  Value either(Value a, Value b); ///< of conditions
  Value isNot(Value condition);
  Value isNan(Value a);
  Value select(Value condition, Value a, Value b);
  /// NaN wins.
  Value least(Value a, Value b, bool word = false);
  Value most(Value a, Value b, bool word = false);

  Value toIndex(Value integer);  ///< i64 to index
  Value toInteger(Value number); ///< index or i1 to i64
  /// Between compute types; floats to integers saturate, NaN is 0.
  Value convert(Value value, mlir::Type type, bool fromWord = false,
                bool toWord = false);

  /// An element as its compute type, and back (integers wrap, floats round to
  /// nearest even; to a boolean the lowest bit).
  Value load(Value memref, mlir::ValueRange at);
  void store(Value value, Value memref, mlir::ValueRange at);
  /// An element as it is.
  Value loadRaw(Value memref, mlir::ValueRange at);
  void storeRaw(Value value, Value memref, mlir::ValueRange at);

  Value dim(Value memref, unsigned dimension);
  llvm::SmallVector<Value> dims(Value memref);
  /// The index of the flat position in a row-major box.
  llvm::SmallVector<Value> delinearize(Value flat,
                                       llvm::ArrayRef<Value> extents);
  /// An i64 that counts from the end where negative, clamped into the extent:
  /// what is outside must not be read.
  Value wrapIndex(Value integer, Value extent);

  void loop(Value begin, Value end, llvm::function_ref<void(Value)> body);
  using Carried = llvm::SmallVector<Value>;
  Carried loop(Value begin, Value end, mlir::ValueRange initial,
               llvm::function_ref<Carried(Value, mlir::ValueRange)> body);
  /// Nested loops over a box.
  void loops(llvm::ArrayRef<Value> extents,
             llvm::function_ref<void(llvm::ArrayRef<Value>)> body);
  /// The same with values carried.
  Carried loops(llvm::ArrayRef<Value> extents, mlir::ValueRange initial,
                llvm::function_ref<Carried(llvm::ArrayRef<Value>,
                                           mlir::ValueRange)>
                    body);
  void when(Value condition, llvm::function_ref<void()> body);
  /// One of two values, computed only where it is wanted.
  Value choose(Value condition, mlir::Type type,
               llvm::function_ref<Value()> yes, llvm::function_ref<Value()> no);
};

} // namespace llmc

#endif // LLMC_PASSES_LOWERING_LOOPBUILDER_H
