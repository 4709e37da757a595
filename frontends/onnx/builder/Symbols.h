/// The symbols of a module: names, what is known of them, what was assumed.
///
/// A symbol is made for the name of an input's dimension. Where the graph
/// needs two extents to be equal and one of them can be solved for a symbol,
/// that symbol is replaced: the solution is kept as a `Replacement`, and the
/// import starts again with it. What cannot be solved is recorded as an
/// equality that the run time has to check; so are extents that are assumed
/// to be at least 0.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_SYMBOLS_H
#define LLMC_FRONTENDS_ONNX_BUILDER_SYMBOLS_H

#include "frontends/onnx/builder/Extents.h"
#include "mlir/IR/BuiltinAttributes.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::onnx {

/// "The symbol of this name is that expression", over names[i] for symbol i.
struct Replacement {
  mlir::AffineExpr value;
  std::vector<std::string> names;
};
using Replacements = std::map<std::string, Replacement>;

class Symbols {
public:
  /// Without \p mayReplace every equality is only recorded.
  Symbols(mlir::MLIRContext *context, const Replacements &replacements,
          bool mayReplace)
      : context(context), replacements(replacements), mayReplace(mayReplace) {}

  /// The extent of this name: its symbol, or what replaces it.
  mlir::AffineExpr named(const std::string &name);
  /// The extent that a `dim_param` means: a name, or an expression of names
  /// and integers over + - * / and parentheses ("past + seq"), or, where it is
  /// neither, a symbol of that whole text.
  mlir::AffineExpr parse(std::string_view text);

  /// Takes a == b for granted. False where they differ for all values.
  bool equate(mlir::AffineExpr a, mlir::AffineExpr b);
  /// Takes `expr >= 0` for granted. False where it is never so.
  bool assumeNonNegative(mlir::AffineExpr expr);

  const std::vector<std::string> &names() const { return symbolNames; }
  const std::vector<std::pair<mlir::AffineExpr, mlir::AffineExpr>> &
  equalities() const {
    return equal;
  }
  const std::vector<mlir::AffineExpr> &assumptions() const {
    return nonNegative;
  }
  /// Found during this import; not yet applied.
  const Replacements &found() const { return newReplacements; }

private:
  mlir::AffineExpr resolve(const Replacement &replacement, unsigned depth);
  mlir::AffineExpr lookUp(const std::string &name, unsigned depth);
  bool replace(unsigned symbol, mlir::AffineExpr value);

  mlir::MLIRContext *context;
  const Replacements &replacements;
  bool mayReplace;
  Replacements newReplacements;
  std::map<std::string, unsigned> positions;
  std::vector<std::string> symbolNames;
  std::vector<std::pair<mlir::AffineExpr, mlir::AffineExpr>> equal;
  std::vector<mlir::AffineExpr> nonNegative;
};

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_SYMBOLS_H
