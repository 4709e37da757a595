#include "frontends/onnx/builder/Symbols.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <charconv>
#include <functional>

using namespace mlir;

namespace llmc::onnx {

namespace {

/// Reads `past + 2 * (seq - 1)`: sums, products, quotients, parentheses.
class ExtentParser {
public:
  ExtentParser(MLIRContext *context, std::string_view text,
               std::function<AffineExpr(const std::string &)> named)
      : context(context), text(text), named(std::move(named)) {}

  /// Null where the text is no such expression.
  AffineExpr parse() {
    AffineExpr result = sum(0);
    skipBlanks();
    return at == text.size() ? result : AffineExpr();
  }

private:
  // Nesting is bounded since the text comes from the file.
  static constexpr unsigned maxNesting = 32;

  AffineExpr sum(unsigned depth) {
    AffineExpr left = product(depth);
    while (left) {
      if (accept('+'))
        left = addExtents(left, product(depth));
      else if (accept('-'))
        left = subExtents(left, product(depth));
      else
        break;
    }
    return left;
  }

  AffineExpr product(unsigned depth) {
    AffineExpr left = factor(depth);
    while (left) {
      if (accept('*')) {
        left = mulExtents(left, factor(depth));
      } else if (accept('/')) {
        accept('/'); // SymPy writes a floor division as `//`.
        left = floorDivExtents(left, factor(depth));
      } else {
        break;
      }
    }
    return left;
  }

  AffineExpr factor(unsigned depth) {
    if (depth > maxNesting)
      return {};
    if (accept('-'))
      return mulExtents(getAffineConstantExpr(-1, context), factor(depth + 1));
    if (accept('(')) {
      AffineExpr inner = sum(depth + 1);
      return accept(')') ? inner : AffineExpr();
    }
    skipBlanks();
    size_t start = at;
    auto inName = [&](char c) {
      return llvm::isAlnum(c) || c == '_' || c == '.' || c == ':' || c == '%';
    };
    while (at < text.size() && inName(text[at]))
      ++at;
    std::string_view word = text.substr(start, at - start);
    if (word.empty())
      return {};
    if (!llvm::isDigit(word.front()))
      return named(std::string(word));
    int64_t value = 0;
    auto [end, status] =
        std::from_chars(word.data(), word.data() + word.size(), value);
    if (status != std::errc() || end != word.data() + word.size())
      return {};
    return getAffineConstantExpr(value, context);
  }

  void skipBlanks() {
    while (at < text.size() && text[at] == ' ')
      ++at;
  }
  bool accept(char c) {
    skipBlanks();
    if (at == text.size() || text[at] != c)
      return false;
    ++at;
    return true;
  }

  MLIRContext *context;
  std::string_view text;
  std::function<AffineExpr(const std::string &)> named;
  size_t at = 0;
};

} // namespace

AffineExpr Symbols::resolve(const Replacement &replacement, unsigned depth) {
  SmallVector<AffineExpr> values;
  for (const std::string &name : replacement.names) {
    AffineExpr value = lookUp(name, depth + 1);
    if (!value)
      return {};
    values.push_back(value);
  }
  return normalizeExtent(replacement.value.replaceDimsAndSymbols({}, values));
}

AffineExpr Symbols::lookUp(const std::string &name, unsigned depth) {
  // A replaced name never comes back, so the chain ends; the bound keeps it
  // from growing deep.
  if (auto found = replacements.find(name);
      found != replacements.end() && depth < 32)
    if (AffineExpr value = resolve(found->second, depth))
      return value;
  auto [position, isNew] = positions.try_emplace(name, symbolNames.size());
  if (isNew)
    symbolNames.push_back(name);
  return getAffineSymbolExpr(position->second, context);
}

AffineExpr Symbols::named(const std::string &name) { return lookUp(name, 0); }

AffineExpr Symbols::parse(std::string_view text) {
  // Parsed once without making symbols, so that a text that is no expression
  // leaves none behind.
  auto placeholder = [&](const std::string &) {
    return getAffineSymbolExpr(0, context);
  };
  auto resolveName = [&](const std::string &name) { return named(name); };
  if (ExtentParser(context, text, placeholder).parse())
    if (AffineExpr extent = ExtentParser(context, text, resolveName).parse())
      return extent;
  return named(std::string(text));
}

bool Symbols::replace(unsigned symbol, AffineExpr value) {
  const std::string &name = symbolNames[symbol];
  SmallVector<unsigned> used = symbolsOf(value);
  SmallVector<AffineExpr> renumbered(symbolNames.size());
  Replacement replacement;
  for (unsigned position : used) {
    // Two replacements of one round must not refer to each other. What is
    // refused here is found again in the next round.
    if (newReplacements.count(symbolNames[position]))
      return false;
    renumbered[position] =
        getAffineSymbolExpr(replacement.names.size(), context);
    replacement.names.push_back(symbolNames[position]);
  }
  if (newReplacements.count(name))
    return false;
  for (const auto &[other, earlier] : newReplacements)
    if (llvm::is_contained(earlier.names, name))
      return false;
  for (AffineExpr &expr : renumbered)
    if (!expr)
      expr = getAffineConstantExpr(0, context);
  replacement.value = value.replaceDimsAndSymbols({}, renumbered);
  newReplacements[name] = std::move(replacement);
  return true;
}

bool Symbols::equate(AffineExpr a, AffineExpr b) {
  if (auto known = equalExtents(a, b))
    return *known;
  AffineExpr difference = reducedDifference(a, b);
  AffineExpr zero = getAffineConstantExpr(0, context);
  if (difference && equalExtents(difference, zero) == std::optional(false))
    return false;
  for (const Solution &solution : solveForSymbols(difference)) {
    auto greatest = upperBound(solution.value);
    if (greatest && *greatest < 0)
      return false;
    auto least = lowerBound(solution.value);
    if (!mayReplace || !least || *least < 0)
      continue;
    // One side must be the symbol alone: otherwise the choice of the symbol to
    // drop would be arbitrary, and both stay.
    AffineExpr symbol = getAffineSymbolExpr(solution.symbol, context);
    if (a == symbol || b == symbol ||
        isa<AffineSymbolExpr, AffineConstantExpr>(solution.value)) {
      replace(solution.symbol, solution.value);
      return true;
    }
  }
  std::pair<AffineExpr, AffineExpr> pair(a, b);
  if (!llvm::is_contained(equal, pair))
    equal.push_back(pair);
  return true;
}

bool Symbols::assumeNonNegative(AffineExpr expr) {
  if (auto least = lowerBound(expr); least && *least >= 0)
    return true;
  if (auto greatest = upperBound(expr); greatest && *greatest < 0)
    return false;
  if (!llvm::is_contained(nonNegative, expr))
    nonNegative.push_back(expr);
  return true;
}

} // namespace llmc::onnx
