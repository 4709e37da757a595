#include "codegen/x86/PairLines.h"

using namespace mlir;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t lineBytes = 64;

Value llmc::codegen::withWholeLines(VectorBuilder &b, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> shape(type.getShape());
  auto [strides, offset] = type.getStridesAndOffset();
  int64_t pair = shape.pop_back_val();
  shape.back() *= pair;
  strides.pop_back();
  strides.back() = 1;
  SmallVector<OpFoldResult> sizes;
  for (auto [i, extent] : llvm::enumerate(shape))
    sizes.push_back(ShapedType::isDynamic(extent)
                        ? OpFoldResult(Value(memref::DimOp::create(b, memref, i)))
                        : b.getIndexAttr(extent));
  SmallVector<OpFoldResult> steps;
  for (int64_t stride : strides)
    steps.push_back(b.getIndexAttr(stride));
  auto lines = MemRefType::get(
      shape, type.getElementType(),
      StridedLayoutAttr::get(b.getContext(), /*offset=*/0, strides));
  return memref::ReinterpretCastOp::create(b, lines, memref, b.getIndexAttr(0),
                                           sizes, steps);
}

Value llmc::codegen::loadLine(VectorBuilder &b, Value memref, ValueRange at) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  int64_t count = lineBytes * 8 / element.getIntOrFloatBitWidth();
  Value line = b.load(memref, at, {}, count);
  return vector::BitCastOp::create(b, b.lanes(b.getI32Type()), line);
}

Value llmc::codegen::byteOfFour(VectorBuilder &b, Value line, int64_t j) {
  // As each lane's highest byte, all else zero: one shuffle.
  Value zeros = b.integer(line.getType(), 0);
  SmallVector<int64_t> bytes;
  for (int64_t lane = 0; lane < VectorBuilder::width; ++lane)
    bytes.append({lineBytes, lineBytes, lineBytes, 4 * lane + j});
  Value top = vector::ShuffleOp::create(b, line, zeros, bytes);
  return arith::SIToFPOp::create(
      b, b.f32Lanes(),
      vector::BitCastOp::create(b, b.lanes(b.getI32Type()), top));
}

Value llmc::codegen::halfOfPair(VectorBuilder &b, Value line, Type element,
                                bool upper) {
  Type wide = line.getType();
  Value sixteen = b.integer(wide, 16);
  if (element.isBF16()) {
    Value shifted =
        upper ? Value(arith::AndIOp::create(
                    b, line, b.integer(wide, int32_t(0xffff0000))))
              : Value(arith::ShLIOp::create(b, line, sixteen));
    return b.bitcast(shifted, b.getF32Type());
  }
  if (upper)
    line = arith::ShRUIOp::create(b, line, sixteen);
  Value narrow = arith::TruncIOp::create(b, b.lanes(b.getI16Type()), line);
  return b.toF32(b.bitcast(narrow, element));
}
