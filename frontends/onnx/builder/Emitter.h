/// Makes onnx ops with their symbolic result types: broadcasting, the checks
/// on extents, and the contents of small integer tensors.
///
/// A function that cannot do its part records one problem for the node in hand
/// and returns null; every function passes a null operand on as a null result.
/// So a handler chains calls and looks at the last.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_EMITTER_H
#define LLMC_FRONTENDS_ONNX_BUILDER_EMITTER_H

#include "dialects/onnx/OnnxOps.h"
#include "dialects/onnx/SymbolicShape.h"
#include "frontends/onnx/builder/ConstantFolder.h"
#include "frontends/onnx/builder/Extents.h"
#include "frontends/onnx/builder/Symbols.h"
#include "frontends/onnx/reader/OnnxModel.h"
#include "mlir/IR/Builders.h"
#include "runtime/support/Error.h"

#include <functional>

namespace llmc::onnx {

/// The elements of a small integer tensor, row-major, as extents.
using Contents = llvm::SmallVector<mlir::AffineExpr>;

/// What the emitters of all nodes share.
struct EmitterState {
  EmitterState(Symbols &symbols, ConstantFolder &folder)
      : symbols(symbols), folder(folder) {}
  Symbols &symbols;
  ConstantFolder &folder;
  /// Contents of values that no `onnx.constant` makes.
  llvm::DenseMap<mlir::Value, Contents> contents;
  /// A tensor of an attribute as a value of this name; null with a problem
  /// recorded.
  std::function<mlir::Value(const TensorData &, const std::string &)>
      importTensor;
};

class Emitter {
public:
  Emitter(EmitterState &state, mlir::OpBuilder &builder,
          mlir::Location location)
      : state(state), builder(builder), location(location) {}
  virtual ~Emitter() = default;

  mlir::MLIRContext *context() { return builder.getContext(); }
  mlir::AffineExpr number(int64_t value) {
    return mlir::getAffineConstantExpr(value, context());
  }

  /// Record a problem with the node in hand. They return failure.
  virtual mlir::LogicalResult fail(Code code, const llvm::Twine &why) = 0;
  mlir::LogicalResult mismatch(const llvm::Twine &why) {
    return fail(Code::ShapeMismatch, why);
  }

  /// 0, 1, … count - 1.
  static llvm::SmallVector<int64_t> firstAxes(int64_t count) {
    auto axes = llvm::seq<int64_t>(0, count);
    return {axes.begin(), axes.end()};
  }
  static mlir::RankedTensorType typeOf(mlir::Value value);
  static mlir::Type elemOf(mlir::Value value);
  static Dims dimsOf(mlir::Value value);
  static int64_t rankOf(mlir::Value value);
  /// `f32[batch, 8]`.
  std::string describe(mlir::Value value) const;
  std::string describe(mlir::AffineExpr extent) const;

  /// Up to this many elements the contents of a tensor are followed.
  static constexpr size_t maxContents = 1024;
  std::optional<Contents> contentsOf(mlir::Value value);
  /// The contents where all are constants.
  std::optional<llvm::SmallVector<int64_t>> integersIn(mlir::Value value);

  /// A tensor type; checks every extent: not null, at least 0, not too many.
  mlir::RankedTensorType tensor(llvm::ArrayRef<mlir::AffineExpr> dims,
                                mlir::Type elementType);
  /// Takes \p a == \p b for granted, or records that they differ.
  bool equate(mlir::AffineExpr a, mlir::AffineExpr b, const llvm::Twine &what);
  /// The extents that the shapes broadcast to, from the right.
  std::optional<Dims> broadcast(llvm::ArrayRef<mlir::AffineExpr> a,
                                llvm::ArrayRef<mlir::AffineExpr> b);
  /// Product of \p dims in normal form; records a problem beyond the limits.
  mlir::AffineExpr product(llvm::ArrayRef<mlir::AffineExpr> dims);
  /// \p axis brought into [0, rank); nullopt and a problem outside.
  std::optional<int64_t> axisOf(int64_t axis, int64_t rank);
  /// The same for a list that must not repeat; the result is ascending.
  std::optional<llvm::SmallVector<int64_t>> axesOf(llvm::ArrayRef<int64_t> axes,
                                                   int64_t rank);

  mlir::Value none();
  mlir::Value constant(mlir::DenseElementsAttr value);
  /// A scalar constant of the element type.
  mlir::Value scalar(double value, mlir::Type elementType);
  /// i64 constant of rank 1.
  mlir::Value integers(llvm::ArrayRef<int64_t> values);
  /// A tensor of these contents: a constant or `onnx.dimensions`. Null without
  /// a problem where the element type cannot hold them.
  mlir::Value materialize(const Contents &contents,
                          llvm::ArrayRef<mlir::AffineExpr> dims,
                          mlir::Type elementType);

  /// An elementwise op ("onnx.add", …) on contents; null without a problem
  /// where they are not known.
  mlir::Value foldContents(llvm::StringRef op, mlir::Value lhs, mlir::Value rhs,
                           mlir::Type elementType = {});

  /// One result; operands or type may be null.
  template <typename Op, typename... Args>
  mlir::Value emit(mlir::RankedTensorType type, Args &&...args) {
    if (!type || (isNull(args) || ...))
      return {};
    return finish(
        Op::create(builder, location, type, std::forward<Args>(args)...));
  }
  /// By name, with operands only.
  mlir::Value emitNamed(llvm::StringRef name, mlir::RankedTensorType type,
                        mlir::ValueRange operands);

  mlir::Value unary(llvm::StringRef name, mlir::Value input);
  /// Broadcasts; the result's element type is the left's, or \p elementType.
  mlir::Value binary(llvm::StringRef name, mlir::Value lhs, mlir::Value rhs,
                     mlir::Type elementType = {});
  mlir::Value cast(mlir::Value input, mlir::Type elementType);
  mlir::Value reshape(mlir::Value input, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value expand(mlir::Value input, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value transpose(mlir::Value input, llvm::ArrayRef<int64_t> permutation);
  /// Swaps the last two dimensions.
  mlir::Value transposeLast(mlir::Value input);
  /// Keeps reduced dimensions as 1.
  mlir::Value reduceMean(mlir::Value input, llvm::ArrayRef<int64_t> axes);
  mlir::Value matmul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value where(mlir::Value condition, mlir::Value lhs, mlir::Value rhs);
  /// [start, start + extent) of one axis, step 1.
  mlir::Value slice(mlir::Value input, int64_t axis, mlir::AffineExpr start,
                    mlir::AffineExpr extent);
  mlir::Value concat(llvm::ArrayRef<mlir::Value> inputs, int64_t axis);

  /// A map over the module's symbols with these results.
  mlir::AffineMap mapOf(llvm::ArrayRef<mlir::AffineExpr> results);
  /// Folds an op of constant operands where that is cheap.
  mlir::Value finish(mlir::Operation *op);

  EmitterState &state;
  mlir::OpBuilder &builder;
  mlir::Location location;

private:
  template <typename Arg> static bool isNull(const Arg &arg) {
    if constexpr (std::is_convertible_v<const Arg &, mlir::Value>)
      return !arg;
    else
      return false;
  }
};

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_EMITTER_H
