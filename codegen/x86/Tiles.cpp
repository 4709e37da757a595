#include "codegen/x86/Tiles.h"

#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;
using namespace llmc::codegen;

static Type tileOf(Type element) {
  int64_t columns = Tiles::rowBytes * 8 / element.getIntOrFloatBitWidth();
  return amx::TileType::get({Tiles::rows, columns}, element);
}

bool Tiles::multiply(Type element, const X86Level &level) {
  if (element.isF16())
    return level.halfTiles;
  return level.tiles && (element.isBF16() || element.isInteger(8));
}

Value Tiles::zero(Type element) {
  return amx::TileZeroOp::create(b, tileOf(element));
}

Value Tiles::load(Value memref, ValueRange at) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  return amx::TileLoadOp::create(b, tileOf(element), memref, at);
}

void Tiles::store(Value sums, Value memref, ValueRange at) {
  amx::TileStoreOp::create(b, memref, at, sums);
}

Value Tiles::multiply(Value left, Value right, Value sums) {
  auto type = cast<amx::TileType>(sums.getType());
  if (type.getElementType().isInteger())
    return amx::TileMulIOp::create(b, type, left, right, sums);
  return amx::TileMulFOp::create(b, type, left, right, sums);
}
