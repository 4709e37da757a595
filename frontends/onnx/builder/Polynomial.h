/// The normal form behind Extents.h: integer polynomials over atoms.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_POLYNOMIAL_H
#define LLMC_FRONTENDS_ONNX_BUILDER_POLYNOMIAL_H

#include "mlir/IR/AffineExpr.h"

#include <map>
#include <optional>
#include <vector>

namespace llmc::onnx {

/// A product of atoms (symbols and quotients), sorted; empty for 1.
using Monomial = std::vector<mlir::AffineExpr>;

/// Orders monomials by their text, not by addresses: the printed form of an
/// extent must be the same in every run. Constants come last.
struct MonomialOrder {
  bool operator()(const Monomial &a, const Monomial &b) const;
};

/// Compares two expressions by structure: negative, 0 or positive.
int compareExprs(mlir::AffineExpr a, mlir::AffineExpr b);

/// A sum of monomials with coefficients that are not 0.
class Polynomial {
public:
  using Terms = std::map<Monomial, int64_t, MonomialOrder>;

  /// nullopt for a null expression or one beyond the limits.
  static std::optional<Polynomial> of(mlir::AffineExpr expr);
  static Polynomial constant(int64_t value);

  std::optional<Polynomial> plus(const Polynomial &other,
                                 int64_t factor = 1) const;
  std::optional<Polynomial> times(const Polynomial &other) const;
  /// The quotient where \p divisor divides this without a remainder.
  std::optional<Polynomial> dividedBy(const Polynomial &divisor) const;

  /// Null beyond the limits.
  mlir::AffineExpr expr(mlir::MLIRContext *context) const;
  const Terms &terms() const { return sum; }
  std::optional<int64_t> asConstant() const;
  /// The factor that all terms share: monomial and positive coefficient.
  std::pair<Monomial, int64_t> commonFactor() const;

private:
  bool accumulate(const Monomial &monomial, int64_t coefficient);
  Terms sum;
};

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_POLYNOMIAL_H
