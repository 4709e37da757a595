#include "codegen/llvm/PanelLayout.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

FailureOr<PanelLayout> PanelLayout::of(Operation *op, MemRefType weight,
                                       StringRef scheme, int64_t length,
                                       int64_t panels) {
  constexpr int64_t width = kernel::panelWidth;
  Type element = weight.getElementType();
  PanelLayout layout{Kind::F32, element, length, panels, {}};
  SmallVector<int64_t> shape;
  auto groups = llm::parseGroupScheme(scheme);
  if (scheme.empty() && element.isF32()) {
    shape = {panels, length, width};
  } else if (scheme.empty() && (element.isBF16() || element.isF16())) {
    layout.kind = Kind::Pair;
    shape = {panels, layout.lines(), width, 2};
  } else if (llm::hasScaledColumns(scheme) && element.isInteger(8)) {
    layout.kind = Kind::W8;
    shape = {panels, layout.panelBytes()};
  } else if (groups && element.isInteger(8)) {
    layout.kind = Kind::Groups;
    layout.scheme = *groups;
    shape = {panels, layout.panelBytes()};
  } else {
    return op->emitOpError("has no lowering for weights of type ")
           << element << " in scheme '" << scheme << "'";
  }
  if (weight.getShape() != ArrayRef(shape) || !weight.getLayout().isIdentity())
    return op->emitOpError("has a weight ")
           << weight << " where K and N need the shape " << ArrayRef(shape);
  return layout;
}

int64_t PanelLayout::lineTerms() const {
  switch (kind) {
  case Kind::F32:
    return 1;
  case Kind::Pair:
    return 2;
  case Kind::W8:
    return 4;
  case Kind::Groups:
    return 32 / scheme.bits;
  }
  llvm_unreachable("unknown kind of weights");
}

int64_t PanelLayout::lines() const {
  return llvm::divideCeil(kind == Kind::Groups ? scheme.size : length,
                          lineTerms());
}

int64_t PanelLayout::panelBytes() const {
  if (kind == Kind::Groups)
    return llvm::divideCeil(length, scheme.size) * scheme.bytes();
  return lines() * lineBytes + (kind == Kind::W8 ? lineBytes : 0);
}
