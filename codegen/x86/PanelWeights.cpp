/// Conversions are exact, so a weight type changes no order of sums.
#include "codegen/x86/PanelWeights.h"

#include "codegen/x86/PairLines.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t width = kernel::panelWidth;
static constexpr int64_t lineBytes = 64;

Value PanelWeights::lines(Operation *op) const {
  if (kind != Kind::W8)
    return weight;
  // A panel has its scales behind its lines.
  VectorBuilder b(op->getLoc(), op);
  auto type = cast<MemRefType>(weight.getType());
  SmallVector<int64_t> sizes = {
      type.getDimSize(0), int64_t(llvm::divideCeil(length, 4)), lineBytes};
  SmallVector<int64_t> strides = {type.getDimSize(1), lineBytes, 1};
  auto layout = StridedLayoutAttr::get(b.getContext(), 0, strides);
  auto lines = MemRefType::get(sizes, type.getElementType(), layout);
  return memref::ReinterpretCastOp::create(b, lines, weight, /*offset=*/0,
                                           sizes, strides);
}

Value PanelWeights::columnScales(VectorBuilder &b, Value panel) const {
  Value start = b.index(llvm::divideCeil(length, 4) * lineBytes);
  return b.bitcast(loadLine(b, weight, {panel, start}), b.getF32Type());
}

FailureOr<PanelWeights> PanelWeights::of(Operation *op, Value weight,
                                         StringRef scheme, int64_t length,
                                         int64_t panels,
                                         const X86Level *level) {
  auto layout = PanelLayout::of(op, cast<MemRefType>(weight.getType()), scheme,
                                length, panels);
  if (failed(layout))
    return failure();
  Kind kind = layout->kind;
  if (kind == Kind::Pair) {
    VectorBuilder b(op->getLoc(), op);
    weight = withWholeLines(b, weight);
  }
  PanelWeights result(weight, kind, length);
  result.scheme = layout->scheme;
  result.lookup = kind == Kind::Groups && layout->scheme.bits == 4 && level &&
                  level->vectorBits == 512;
  return result;
}

Value PanelWeights::groupStart(VectorBuilder &b, Value k) const {
  return b.mul(b.floorDiv(k, scheme.size), b.index(scheme.bytes()));
}

Value PanelWeights::groupLine(VectorBuilder &b, Value k) const {
  Value inGroup = b.mul(b.remainder(k, scheme.size),
                        b.index(width * scheme.bits / 8));
  return b.add(b.add(groupStart(b, k), b.index(scheme.headerBytes())), inGroup);
}

Value PanelWeights::groupScales(VectorBuilder &b, Value panel, Value k) const {
  return b.bitcast(loadLine(b, weight, {panel, groupStart(b, k)}),
                   b.getF32Type());
}

Value PanelWeights::zeroPoints(VectorBuilder &b, Value panel, Value k) const {
  Value start = b.add(groupStart(b, k), b.index(lineBytes));
  return b.bitcast(loadLine(b, weight, {panel, start}), b.getF32Type());
}

Value PanelWeights::groupWeight(VectorBuilder &b, Value panel, Value group,
                                int64_t j) const {
  // Byte j, or the halves of bytes 0 to 3: first the low ones.
  int64_t shift = scheme.bits == 8 ? 8 * j : 8 * (j % 4) + j / 4 * 4;
  Value line = loadLine(b, weight, {panel, groupLine(b, group)});
  if (shift)
    line = arith::ShRUIOp::create(b, line, b.integer(line.getType(), shift));
  if (lookup) {
    // vpermps looks at the low four bits of each index only.
    SmallVector<float> table;
    for (int64_t number = 0; number < 16; ++number)
      table.push_back(number - (scheme.zeros ? 0 : scheme.middle()));
    Value numbers = arith::ConstantOp::create(
        b, DenseElementsAttr::get(b.f32Lanes(), ArrayRef<float>(table)));
    Value chosen =
        LLVM::CallIntrinsicOp::create(
            b, b.f32Lanes(), b.getStringAttr("llvm.x86.avx512.permvar.sf.512"),
            ValueRange{numbers, line})
            .getResult(0);
    return scheme.zeros ? b.sub(chosen, zeroPoints(b, panel, group)) : chosen;
  }
  // The last needs no mask: nothing is left above it.
  if (shift + scheme.bits < 32)
    line = arith::AndIOp::create(
        b, line, b.integer(line.getType(), (1 << scheme.bits) - 1));
  Value number = arith::SIToFPOp::create(b, b.f32Lanes(), line);
  Value zero = scheme.zeros ? zeroPoints(b, panel, group)
                            : b.number(b.f32Lanes(), scheme.middle());
  return b.sub(number, zero);
}

Value PanelWeights::at(VectorBuilder &b, Value panel, Value group,
                       int64_t j) const {
  if (kind == Kind::Groups)
    return groupWeight(b, panel, group, j);
  Value zero = b.index(0);
  if (kind == Kind::F32)
    return b.load(weight, {panel, b.add(group, b.index(j)), zero});
  if (kind == Kind::Pair) {
    Value pair = b.add(b.floorDiv(group, 2), b.index(j / 2));
    Type element = cast<MemRefType>(weight.getType()).getElementType();
    return halfOfPair(b, loadLine(b, weight, {panel, pair, zero}), element,
                      j % 2);
  }
  return byteOfFour(
      b, b.load(weight, {panel, b.mul(group, b.index(width))}, {}, lineBytes), j);
}

bool PanelWeights::inPairs() const {
  return kind == Kind::Pair && elementOf(weight.getType()).isF16();
}

Value PanelWeights::pairsAt(VectorBuilder &b, Value panel, Value group,
                            int64_t j, bool last) const {
  Value line = b.add(b.floorDiv(group, 2), b.index(j / 2));
  return b.loadF32(weight, {panel, line, b.index(last * width)});
}

Value PanelWeights::element(VectorBuilder &b, Value panel, Value group,
                            int64_t j, Value lane) const {
  if (kind == Kind::F32)
    return b.loadScalar(weight, {panel, b.add(group, b.index(j)), lane});
  if (kind == Kind::Pair) {
    Value pair = b.add(b.floorDiv(group, 2), b.index(j / 2));
    Value half = b.add(b.mul(lane, b.index(2)), b.index(j % 2));
    return b.toF32(b.loadScalar(weight, {panel, pair, half}));
  }
  if (kind == Kind::Groups) {
    // A table is not read often: the whole line, then one lane of it.
    Value weights = b.mul(groupWeight(b, panel, group, j),
                          groupScales(b, panel, group));
    return vector::ExtractOp::create(b, weights, OpFoldResult(lane));
  }
  Value inLine = b.mul(lane, b.index(4));
  Value line = b.mul(group, b.index(width));
  Value byte = b.loadScalar(
      weight, {panel, b.add(line, b.add(inLine, b.index(j)))});
  Value start = b.index(llvm::divideCeil(length, 4) * lineBytes);
  Value scale = b.load(weight, {panel, b.add(start, inLine)}, {}, 4);
  scale = vector::BitCastOp::create(
      b, VectorType::get({1}, b.getF32Type()), scale);
  scale = vector::ExtractOp::create(b, scale, 0);
  return b.mul(arith::SIToFPOp::create(b, b.getF32Type(), byte), scale);
}

void PanelWeights::prefetch(VectorBuilder &b, Value panel, Value group) const {
  Value zero = b.index(0);
  auto line = [&](ValueRange at) {
    memref::PrefetchOp::create(b, weight, at, /*isWrite=*/false,
                               /*localityHint=*/2, /*isDataCache=*/true);
  };
  constexpr int64_t lines = 1024 / lineBytes;
  if (kind == Kind::Groups)
    return line({panel, b.add(groupLine(b, group), b.index(1024))});
  if (kind == Kind::F32) {
    for (int64_t j = 0; j < 4; ++j)
      line({panel, b.add(group, b.index(lines + j)), zero});
  } else if (kind == Kind::Pair) {
    for (int64_t j = 0; j < 2; ++j)
      line({panel, b.add(b.floorDiv(group, 2), b.index(lines + j)), zero});
  } else {
    line({panel, b.add(b.mul(group, b.index(width)),
                       b.index(lines * lineBytes))});
  }
}

Value PanelWeights::scales(VectorBuilder &b, Value panel) const {
  if (kind != Kind::W8)
    return {};
  Value scales = columnScales(b, panel);
  return b.mul(scales, b.number(scales.getType(), 1 / byteFactor));
}
