#include "dialects/onnx/SymbolicShape.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace llmc::onnx {

RankedTensorType symbolicTensorType(ArrayRef<AffineExpr> dims,
                                    Type elementType) {
  SmallVector<int64_t> shape;
  unsigned symbols = 0;
  bool symbolic = false;
  for (AffineExpr dim : dims) {
    auto constant = dyn_cast_or_null<AffineConstantExpr>(dim);
    shape.push_back(constant ? constant.getValue() : ShapedType::kDynamic);
    if (constant || !dim)
      continue;
    symbolic = true;
    dim.walk([&](AffineExpr expr) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
        symbols = std::max(symbols, symbol.getPosition() + 1);
    });
  }
  bool known = llvm::all_of(dims, [](AffineExpr dim) { return !!dim; });
  if (!symbolic || !known)
    return RankedTensorType::get(shape, elementType);
  MLIRContext *context = elementType.getContext();
  auto map = AffineMap::get(0, symbols, dims, context);
  return RankedTensorType::get(shape, elementType, AffineMapAttr::get(map));
}

Dims symbolicDims(RankedTensorType type) {
  Dims dims;
  auto encoding = dyn_cast_or_null<AffineMapAttr>(type.getEncoding());
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    if (!ShapedType::isDynamic(extent))
      dims.push_back(getAffineConstantExpr(extent, type.getContext()));
    else if (encoding && encoding.getValue().getNumResults() == dims.size() + 1 +
                             (type.getRank() - i - 1))
      dims.push_back(encoding.getValue().getResult(i));
    else
      dims.push_back({});
  }
  return dims;
}

std::optional<int64_t> evaluateDim(AffineExpr dim, ArrayRef<int64_t> symbols) {
  if (!dim)
    return std::nullopt;
  if (auto constant = dyn_cast<AffineConstantExpr>(dim))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(dim)) {
    if (symbol.getPosition() >= symbols.size())
      return std::nullopt;
    return symbols[symbol.getPosition()];
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(dim);
  if (!binary)
    return std::nullopt;
  auto lhs = evaluateDim(binary.getLHS(), symbols);
  auto rhs = evaluateDim(binary.getRHS(), symbols);
  if (!lhs || !rhs)
    return std::nullopt;
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return *lhs + *rhs;
  case AffineExprKind::Mul:
    return *lhs * *rhs;
  case AffineExprKind::FloorDiv:
    return *rhs > 0 ? std::optional(llvm::divideFloorSigned(*lhs, *rhs))
                    : std::nullopt;
  case AffineExprKind::CeilDiv:
    return *rhs > 0 ? std::optional(llvm::divideCeilSigned(*lhs, *rhs))
                    : std::nullopt;
  case AffineExprKind::Mod:
    return *rhs > 0 ? std::optional(llvm::mod(*lhs, *rhs)) : std::nullopt;
  default:
    return std::nullopt;
  }
}

std::optional<SmallVector<int64_t>> evaluateShape(RankedTensorType type,
                                                  ArrayRef<int64_t> symbols) {
  SmallVector<int64_t> shape;
  for (AffineExpr dim : symbolicDims(type)) {
    auto extent = evaluateDim(dim, symbols);
    if (!extent)
      return std::nullopt;
    shape.push_back(*extent);
  }
  return shape;
}

AffineExpr productOf(ArrayRef<AffineExpr> dims, MLIRContext *context) {
  AffineExpr product = getAffineConstantExpr(1, context);
  for (AffineExpr dim : dims) {
    if (!dim)
      return {};
    product = product * dim;
  }
  return product;
}

SmallVector<StringRef> symbolNames(ModuleOp module) {
  SmallVector<StringRef> names;
  if (auto list = module->getAttrOfType<ArrayAttr>("onnx.symbols"))
    for (Attribute name : list)
      names.push_back(cast<StringAttr>(name).getValue());
  return names;
}

} // namespace llmc::onnx
