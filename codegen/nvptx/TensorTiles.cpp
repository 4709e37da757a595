#include "codegen/nvptx/TensorTiles.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

/// On a kernel: its tiles, each as numbers.
static constexpr llvm::StringLiteral tilesAttr = "kernel.tensor_tiles";
/// On what stands for a parameter: its number.
static constexpr llvm::StringLiteral mapAttr = "kernel.tensor_map";
/// What CUtensorMap takes, and how its address must be aligned.
static constexpr int64_t mapBytes = 128, mapAlignment = 64;

Value llmc::codegen::addTensorMap(GpuBuilder &b, const TensorTile &tile) {
  SmallVector<int64_t> numbers = {tile.buffer, tile.offset, tile.elementBytes,
                                  tile.swizzleBytes};
  for (const TensorTile::Dimension &d : tile.dimensions)
    numbers.append({int64_t(d.size), int64_t(d.stride), d.scalar, d.box});
  auto function = b.getInsertionBlock()->getParent()->getParentOfType<func::FuncOp>();
  SmallVector<Attribute> tiles;
  if (auto known = function->getAttrOfType<ArrayAttr>(tilesAttr))
    llvm::append_range(tiles, known);
  auto map = UnrealizedConversionCastOp::create(
      b, b.getLoc(), LLVM::LLVMPointerType::get(b.getContext()), ValueRange());
  map->setAttr(mapAttr, b.getI64IntegerAttr(tiles.size()));
  tiles.push_back(b.getDenseI64ArrayAttr(numbers));
  function->setAttr(tilesAttr, b.getArrayAttr(tiles));
  return map.getResult(0);
}

uint32_t llmc::codegen::scalarOf(BlockArgument memref, unsigned dimension) {
  uint32_t number = 1;
  for (BlockArgument argument : memref.getOwner()->getArguments()) {
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (argument == memref)
      return number + type.getDynamicDimIndex(dimension);
    number += type ? type.getNumDynamicDims() : 1;
  }
  return number;
}

void llmc::codegen::passTensorMaps(func::FuncOp function) {
  size_t count = tensorTilesOf(function).size();
  if (!count)
    return;
  Block &entry = function.front();
  Type pointer = LLVM::LLVMPointerType::get(function.getContext());
  unsigned first = entry.getNumArguments();
  SmallVector<Type> inputs(entry.getArgumentTypes());
  for (size_t i = 0; i < count; ++i) {
    entry.addArgument(pointer, function.getLoc());
    inputs.push_back(pointer);
  }
  Builder b(function.getContext());
  function.setType(b.getFunctionType(inputs, {}));
  Type map = LLVM::LLVMArrayType::get(b.getI8Type(), mapBytes);
  for (size_t i = first; i < first + count; ++i) {
    function.setArgAttr(i, LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(map));
    function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                        b.getI64IntegerAttr(mapAlignment));
  }
  SmallVector<UnrealizedConversionCastOp> stands;
  function.walk([&](UnrealizedConversionCastOp cast) {
    if (cast->hasAttr(mapAttr))
      stands.push_back(cast);
  });
  for (UnrealizedConversionCastOp cast : stands) {
    int64_t number = cast->getAttrOfType<IntegerAttr>(mapAttr).getInt();
    cast.getResult(0).replaceAllUsesWith(entry.getArgument(first + number));
    cast.erase();
  }
}

std::vector<TensorTile> llmc::codegen::tensorTilesOf(Operation *function) {
  std::vector<TensorTile> result;
  auto tiles = function->getAttrOfType<ArrayAttr>(tilesAttr);
  if (!tiles)
    return result;
  for (auto tile : tiles.getAsRange<DenseI64ArrayAttr>()) {
    ArrayRef<int64_t> numbers = tile.asArrayRef();
    TensorTile &into = result.emplace_back();
    into.buffer = numbers[0];
    into.offset = numbers[1];
    into.elementBytes = numbers[2];
    into.swizzleBytes = numbers[3];
    for (numbers = numbers.drop_front(4); numbers.size() >= 4;
         numbers = numbers.drop_front(4))
      into.dimensions.push_back({uint64_t(numbers[0]), uint64_t(numbers[1]),
                                 uint32_t(numbers[2]), uint32_t(numbers[3])});
  }
  return result;
}
