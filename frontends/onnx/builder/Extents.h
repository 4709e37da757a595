/// Arithmetic on extents: integer expressions over the module's symbols, kept
/// in one normal form, so that equal extents are the same AffineExpr.
///
/// The normal form is a polynomial: a sum of products of symbols and quotients
/// in a fixed order, with integer coefficients. Every function returns null
/// where a coefficient would overflow, where the expression would grow beyond
/// a fixed size (a hostile graph can square a sum again and again), or where an
/// operand is null. A symbol stands for an integer that is at least 0.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_EXTENTS_H
#define LLMC_FRONTENDS_ONNX_BUILDER_EXTENTS_H

#include "mlir/IR/AffineExpr.h"

#include <optional>

namespace llmc::onnx {

mlir::AffineExpr addExtents(mlir::AffineExpr a, mlir::AffineExpr b);
mlir::AffineExpr subExtents(mlir::AffineExpr a, mlir::AffineExpr b);
mlir::AffineExpr mulExtents(mlir::AffineExpr a, mlir::AffineExpr b);

/// a / b where b divides a for every value of the symbols; null otherwise.
mlir::AffineExpr divideExactly(mlir::AffineExpr a, mlir::AffineExpr b);
/// The quotient rounded down; \p b must be known to be positive or symbolic.
/// Null for a constant b below 1.
mlir::AffineExpr floorDivExtents(mlir::AffineExpr a, mlir::AffineExpr b);
/// The quotient rounded up, under the same terms.
mlir::AffineExpr ceilDivExtents(mlir::AffineExpr a, mlir::AffineExpr b);
/// a - b * floor(a / b), under the same terms.
mlir::AffineExpr modExtents(mlir::AffineExpr a, mlir::AffineExpr b);

/// \p expr in normal form.
mlir::AffineExpr normalizeExtent(mlir::AffineExpr expr);

/// a and b without the factors that they share (so that s0 * 8 == s1 * 8 is
/// seen to say s0 == s1), as the difference of the two; null where it grows.
mlir::AffineExpr reducedDifference(mlir::AffineExpr a, mlir::AffineExpr b);

/// The value of a constant expression.
std::optional<int64_t> constantExtent(mlir::AffineExpr expr);

/// A number that \p expr is never below; nullopt where none is known.
std::optional<int64_t> lowerBound(mlir::AffineExpr expr);
/// A number that \p expr is never above; nullopt where none is known.
std::optional<int64_t> upperBound(mlir::AffineExpr expr);

/// `a <= b` for every value of the symbols: true, false, or not known.
std::optional<bool> atMost(mlir::AffineExpr a, mlir::AffineExpr b);
/// The same for `a == b`.
std::optional<bool> equalExtents(mlir::AffineExpr a, mlir::AffineExpr b);

/// Where \p expr is +1 or -1 times one symbol plus an expression without that
/// symbol: the solutions of `expr == 0`, the last symbol first.
struct Solution {
  unsigned symbol;
  mlir::AffineExpr value;
};
llvm::SmallVector<Solution> solveForSymbols(mlir::AffineExpr expr);

/// The positions of the symbols that \p expr reads, ascending.
llvm::SmallVector<unsigned> symbolsOf(mlir::AffineExpr expr);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_EXTENTS_H
