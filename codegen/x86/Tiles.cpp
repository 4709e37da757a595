#include "codegen/x86/Tiles.h"

#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;
using namespace llmc::codegen;

Type Tiles::pairs() {
  return amx::TileType::get({rows, terms}, b.getBF16Type());
}

Type Tiles::sums() {
  return amx::TileType::get({rows, VectorBuilder::width}, b.getF32Type());
}

Value Tiles::zero() { return amx::TileZeroOp::create(b, sums()); }

Value Tiles::loadPairs(Value memref, ValueRange at) {
  return amx::TileLoadOp::create(b, pairs(), memref, at);
}

Value Tiles::loadSums(Value memref, ValueRange at) {
  return amx::TileLoadOp::create(b, sums(), memref, at);
}

void Tiles::storeSums(Value sums, Value memref, ValueRange at) {
  amx::TileStoreOp::create(b, memref, at, sums);
}

Value Tiles::multiply(Value left, Value right, Value sums) {
  return amx::TileMulFOp::create(b, sums.getType(), left, right, sums);
}
