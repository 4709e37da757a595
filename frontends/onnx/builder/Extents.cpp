#include "frontends/onnx/builder/Extents.h"

#include "frontends/onnx/builder/Polynomial.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace llmc::onnx {

template <typename Combine>
static AffineExpr combine(AffineExpr a, AffineExpr b, Combine apply) {
  auto left = Polynomial::of(a), right = Polynomial::of(b);
  if (!left || !right)
    return {};
  std::optional<Polynomial> result = apply(*left, *right);
  return result ? result->expr(a.getContext()) : AffineExpr();
}

AffineExpr addExtents(AffineExpr a, AffineExpr b) {
  return combine(a, b, [](auto &x, auto &y) { return x.plus(y); });
}

AffineExpr subExtents(AffineExpr a, AffineExpr b) {
  return combine(a, b, [](auto &x, auto &y) { return x.plus(y, -1); });
}

AffineExpr mulExtents(AffineExpr a, AffineExpr b) {
  return combine(a, b, [](auto &x, auto &y) { return x.times(y); });
}

AffineExpr divideExactly(AffineExpr a, AffineExpr b) {
  return combine(a, b, [](auto &x, auto &y) { return x.dividedBy(y); });
}

AffineExpr floorDivExtents(AffineExpr a, AffineExpr b) {
  AffineExpr x = normalizeExtent(a), y = normalizeExtent(b);
  if (!x || !y)
    return {};
  auto divisor = constantExtent(y);
  if (divisor && *divisor < 1)
    return {};
  if (AffineExpr exact = divideExactly(x, y))
    return exact;
  if (auto dividend = constantExtent(x); dividend && divisor)
    return getAffineConstantExpr(llvm::divideFloorSigned(*dividend, *divisor),
                                 a.getContext());
  return normalizeExtent(getAffineBinaryOpExpr(AffineExprKind::FloorDiv, x, y));
}

AffineExpr ceilDivExtents(AffineExpr a, AffineExpr b) {
  if (!a || !b)
    return {};
  if (AffineExpr exact = divideExactly(a, b))
    return exact;
  AffineExpr one = getAffineConstantExpr(1, a.getContext());
  return floorDivExtents(addExtents(a, subExtents(b, one)), b);
}

AffineExpr modExtents(AffineExpr a, AffineExpr b) {
  return subExtents(a, mulExtents(b, floorDivExtents(a, b)));
}

AffineExpr normalizeExtent(AffineExpr expr) {
  auto polynomial = Polynomial::of(expr);
  return polynomial ? polynomial->expr(expr.getContext()) : AffineExpr();
}

AffineExpr reducedDifference(AffineExpr a, AffineExpr b) {
  auto difference = Polynomial::of(subExtents(a, b));
  if (!difference)
    return {};
  auto [monomial, coefficient] = difference->commonFactor();
  AffineExpr divisor = getAffineConstantExpr(coefficient, a.getContext());
  for (AffineExpr atom : monomial)
    divisor = mulExtents(divisor, atom);
  AffineExpr expr = difference->expr(a.getContext());
  AffineExpr reduced = divideExactly(expr, divisor);
  return reduced ? reduced : expr;
}

std::optional<int64_t> constantExtent(AffineExpr expr) {
  if (auto constant = dyn_cast_or_null<AffineConstantExpr>(expr))
    return constant.getValue();
  return std::nullopt;
}

/// Whether an atom is known to be at least 0.
static bool nonNegativeAtom(AffineExpr atom) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(atom);
  if (!binary)
    return isa<AffineSymbolExpr>(atom);
  auto dividend = lowerBound(binary.getLHS());
  auto divisor = lowerBound(binary.getRHS());
  return dividend && *dividend >= 0 && divisor && *divisor >= 0;
}

/// The least (sign 1) or, negated, the greatest (sign -1) value.
static std::optional<int64_t> bound(AffineExpr expr, int64_t sign) {
  auto polynomial = Polynomial::of(expr);
  if (!polynomial)
    return std::nullopt;
  int64_t total = 0;
  for (const auto &[monomial, coefficient] : polynomial->terms()) {
    int64_t scaled = 0;
    if (llvm::MulOverflow(coefficient, sign, scaled))
      return std::nullopt;
    if (monomial.empty()) {
      if (llvm::AddOverflow(total, scaled, total))
        return std::nullopt;
      continue;
    }
    // A product of atoms that are at least 0 is at least 0, times a positive.
    if (scaled < 0 || !llvm::all_of(monomial, nonNegativeAtom))
      return std::nullopt;
  }
  return total;
}

std::optional<int64_t> lowerBound(AffineExpr expr) { return bound(expr, 1); }

std::optional<int64_t> upperBound(AffineExpr expr) {
  auto negated = bound(expr, -1);
  if (!negated || *negated == INT64_MIN)
    return std::nullopt;
  return -*negated;
}

std::optional<bool> atMost(AffineExpr a, AffineExpr b) {
  AffineExpr difference = subExtents(b, a);
  if (auto least = lowerBound(difference); least && *least >= 0)
    return true;
  if (auto greatest = upperBound(difference); greatest && *greatest < 0)
    return false;
  return std::nullopt;
}

std::optional<bool> equalExtents(AffineExpr a, AffineExpr b) {
  AffineExpr difference = subExtents(a, b);
  if (auto constant = constantExtent(difference))
    return *constant == 0;
  if (auto least = lowerBound(difference); least && *least > 0)
    return false;
  if (auto greatest = upperBound(difference); greatest && *greatest < 0)
    return false;
  return std::nullopt;
}

SmallVector<unsigned> symbolsOf(AffineExpr expr) {
  SmallVector<unsigned> symbols;
  if (!expr)
    return symbols;
  expr.walk([&](AffineExpr part) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
      symbols.push_back(symbol.getPosition());
  });
  llvm::sort(symbols);
  symbols.erase(llvm::unique(symbols), symbols.end());
  return symbols;
}

SmallVector<Solution> solveForSymbols(AffineExpr expr) {
  SmallVector<Solution> solutions;
  auto polynomial = Polynomial::of(expr);
  if (!polynomial)
    return solutions;
  for (const auto &[monomial, coefficient] : polynomial->terms()) {
    if (monomial.size() != 1 || (coefficient != 1 && coefficient != -1))
      continue;
    auto symbol = dyn_cast<AffineSymbolExpr>(monomial.front());
    if (!symbol)
      continue;
    // expr = c * s + rest, so s = -rest / c.
    AffineExpr scaled = getAffineConstantExpr(coefficient, expr.getContext());
    AffineExpr rest = subExtents(expr, mulExtents(scaled, symbol));
    AffineExpr value = mulExtents(
        rest, getAffineConstantExpr(-coefficient, expr.getContext()));
    if (value && !llvm::is_contained(symbolsOf(value), symbol.getPosition()))
      solutions.push_back({symbol.getPosition(), value});
  }
  llvm::sort(solutions, [](const Solution &a, const Solution &b) {
    return a.symbol > b.symbol;
  });
  return solutions;
}

} // namespace llmc::onnx
