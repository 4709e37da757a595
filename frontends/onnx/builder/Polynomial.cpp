#include "frontends/onnx/builder/Polynomial.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <numeric>

using namespace mlir;

namespace llmc::onnx {

namespace {

// No shape of a real model comes near these; hostile graphs stop here.
constexpr size_t maxTerms = 64;
constexpr size_t maxDegree = 24;
constexpr unsigned maxNodes = 1000;

/// Whether \p expr has at most \p budget nodes, which are deducted.
bool fits(AffineExpr expr, unsigned &budget) {
  if (budget == 0)
    return false;
  --budget;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  return !binary ||
         (fits(binary.getLHS(), budget) && fits(binary.getRHS(), budget));
}

int kindRank(AffineExpr expr) {
  switch (expr.getKind()) {
  case AffineExprKind::DimId:
    return 0;
  case AffineExprKind::SymbolId:
    return 1;
  case AffineExprKind::Constant:
    return 9;
  default:
    return 2 + static_cast<int>(expr.getKind());
  }
}

} // namespace

int compareExprs(AffineExpr a, AffineExpr b) {
  if (a == b)
    return 0;
  if (int ranks = kindRank(a) - kindRank(b))
    return ranks;
  if (auto symbol = dyn_cast<AffineSymbolExpr>(a))
    return symbol.getPosition() < cast<AffineSymbolExpr>(b).getPosition() ? -1
                                                                          : 1;
  if (auto dim = dyn_cast<AffineDimExpr>(a))
    return dim.getPosition() < cast<AffineDimExpr>(b).getPosition() ? -1 : 1;
  if (auto constant = dyn_cast<AffineConstantExpr>(a))
    return constant.getValue() < cast<AffineConstantExpr>(b).getValue() ? -1
                                                                        : 1;
  auto left = cast<AffineBinaryOpExpr>(a), right = cast<AffineBinaryOpExpr>(b);
  if (int order = compareExprs(left.getLHS(), right.getLHS()))
    return order;
  return compareExprs(left.getRHS(), right.getRHS());
}

bool MonomialOrder::operator()(const Monomial &a, const Monomial &b) const {
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (int order = compareExprs(a[i], b[i]))
      return order < 0;
  return a.size() > b.size();
}

bool Polynomial::accumulate(const Monomial &monomial, int64_t coefficient) {
  int64_t &entry = sum[monomial];
  if (llvm::AddOverflow(entry, coefficient, entry))
    return false;
  if (entry == 0)
    sum.erase(monomial);
  return sum.size() <= maxTerms && monomial.size() <= maxDegree;
}

Polynomial Polynomial::constant(int64_t value) {
  Polynomial result;
  if (value != 0)
    result.sum[{}] = value;
  return result;
}

std::optional<Polynomial> Polynomial::of(AffineExpr expr) {
  if (!expr)
    return std::nullopt;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return Polynomial::constant(constant.getValue());
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  Polynomial atom;
  atom.sum[{expr}] = 1;
  if (!binary || expr.getKind() == AffineExprKind::FloorDiv ||
      expr.getKind() == AffineExprKind::CeilDiv)
    return atom;
  auto lhs = of(binary.getLHS()), rhs = of(binary.getRHS());
  if (!lhs || !rhs)
    return std::nullopt;
  if (expr.getKind() == AffineExprKind::Add)
    return lhs->plus(*rhs);
  if (expr.getKind() == AffineExprKind::Mul)
    return lhs->times(*rhs);
  // A remainder is spelled with the quotient, so that the two can cancel.
  auto quotient = of(getAffineBinaryOpExpr(AffineExprKind::FloorDiv,
                                           binary.getLHS(), binary.getRHS()));
  auto product = quotient ? quotient->times(*rhs) : std::nullopt;
  return product ? lhs->plus(*product, -1) : std::nullopt;
}

std::optional<Polynomial> Polynomial::plus(const Polynomial &other,
                                           int64_t factor) const {
  Polynomial result = *this;
  for (const auto &[monomial, coefficient] : other.sum) {
    int64_t scaled = 0;
    if (llvm::MulOverflow(coefficient, factor, scaled) ||
        !result.accumulate(monomial, scaled))
      return std::nullopt;
  }
  return result;
}

std::optional<Polynomial> Polynomial::times(const Polynomial &other) const {
  Polynomial result;
  for (const auto &[monomial, coefficient] : sum)
    for (const auto &[otherMonomial, otherCoefficient] : other.sum) {
      Monomial product = monomial;
      product.insert(product.end(), otherMonomial.begin(), otherMonomial.end());
      llvm::sort(product, [](AffineExpr a, AffineExpr b) {
        return compareExprs(a, b) < 0;
      });
      int64_t scaled = 0;
      if (llvm::MulOverflow(coefficient, otherCoefficient, scaled) ||
          !result.accumulate(product, scaled))
        return std::nullopt;
    }
  return result;
}

/// a / b for monomials; nullopt where an atom of b is missing in a.
static std::optional<Monomial> divideMonomial(Monomial a, const Monomial &b) {
  for (AffineExpr atom : b) {
    auto found = llvm::find(a, atom);
    if (found == a.end())
      return std::nullopt;
    a.erase(found);
  }
  return a;
}

std::optional<Polynomial>
Polynomial::dividedBy(const Polynomial &divisor) const {
  if (divisor.sum.empty())
    return std::nullopt;
  // Long division: the map's order is the lexical order of exponents, so the
  // first term of each is its leading term.
  Polynomial rest = *this, quotient;
  const auto &[leadMonomial, leadCoefficient] = *divisor.sum.begin();
  for (size_t step = 0; step < maxTerms && !rest.sum.empty(); ++step) {
    const auto &[monomial, coefficient] = *rest.sum.begin();
    auto factor = divideMonomial(monomial, leadMonomial);
    if (!factor || coefficient == INT64_MIN ||
        coefficient % leadCoefficient != 0)
      return std::nullopt;
    Polynomial term;
    term.sum[*factor] = coefficient / leadCoefficient;
    auto product = term.times(divisor);
    auto next = product ? rest.plus(*product, -1) : std::nullopt;
    auto grown = quotient.plus(term);
    if (!next || !grown)
      return std::nullopt;
    rest = std::move(*next);
    quotient = std::move(*grown);
  }
  return rest.sum.empty() ? std::optional(quotient) : std::nullopt;
}

AffineExpr Polynomial::expr(MLIRContext *context) const {
  AffineExpr total;
  for (const auto &[monomial, coefficient] : sum) {
    AffineExpr term;
    for (AffineExpr atom : monomial)
      term = term ? term * atom : atom;
    AffineExpr scale = getAffineConstantExpr(coefficient, context);
    term = term ? term * scale : scale;
    total = total ? total + term : term;
  }
  if (!total)
    return getAffineConstantExpr(0, context);
  unsigned budget = maxNodes;
  return fits(total, budget) ? total : AffineExpr();
}

std::optional<int64_t> Polynomial::asConstant() const {
  if (sum.empty())
    return 0;
  if (sum.size() == 1 && sum.begin()->first.empty())
    return sum.begin()->second;
  return std::nullopt;
}

std::pair<Monomial, int64_t> Polynomial::commonFactor() const {
  if (sum.empty())
    return {{}, 1};
  Monomial shared = sum.begin()->first;
  uint64_t gcd = 0;
  for (const auto &[monomial, coefficient] : sum) {
    Monomial left = monomial, kept;
    for (AffineExpr atom : shared) {
      auto found = llvm::find(left, atom);
      if (found == left.end())
        continue;
      kept.push_back(atom);
      left.erase(found);
    }
    shared = std::move(kept);
    gcd = std::gcd(gcd, coefficient < 0 ? 0 - static_cast<uint64_t>(coefficient)
                                        : static_cast<uint64_t>(coefficient));
  }
  return {shared, gcd > INT64_MAX ? 1 : static_cast<int64_t>(gcd)};
}

} // namespace llmc::onnx
