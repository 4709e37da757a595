/// Linears of a step, and what they need beside their operands.
#include "passes/schedule/StepLowering.h"

#include "dialects/llm/GroupScheme.h"
#include "passes/support/Regions.h"

using namespace mlir;

namespace llmc {

/// The rows as bytes, and their scales: made once for all linears that read them.
StepLowering::QuantizedRows StepLowering::quantizeRows(Operation *op,
                                                       Value tensor) {
  QuantizedRows &known = quantized[tensor];
  if (known.bytes)
    return known;
  auto type = cast<RankedTensorType>(tensor.getType());
  int64_t dynamic = ShapedType::kDynamic, lineTerms = 4;
  int64_t columns = llvm::alignTo(type.getShape().back(), lineTerms);
  auto rows = RankedTensorType::get({dynamic, columns}, builder.getI8Type());
  Value count = rowsOf(tensor);
  auto arena = [&](int64_t columns, Type element) {
    return makeBuffer(builder, op->getLoc(),
                      MemRefType::get({dynamic, columns}, element),
                      rt::Space::Arena, count);
  };
  Value bytes = arena(tileStride(rows), builder.getI8Type());
  if (cast<MemRefType>(bytes.getType()).getDimSize(1) != columns)
    bytes = columnsOf(bytes, rows, 0);
  known = {bytes, arena(2, builder.getI32Type())};
  launch(op, "quantize_rows", count, {memref(tensor), known.bytes, known.terms},
         [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
           kernel::QuantizeRowsOp::create(b, b.getUnknownLoc(), a[0], a[1],
                                          a[2], begin, end);
         });
  return known;
}

/// What a linear keeps between blocks of K; a line more than the panels have,
/// for the reason that tileStride gives.
Value StepLowering::allocateSums(llm::LinearOp op, int64_t columns,
                                 Type element) {
  int64_t width = kernel::panelWidth;
  int64_t sums = llvm::alignTo(columns, width) * op.getParts() + width;
  auto type = MemRefType::get({ShapedType::kDynamic, sums}, element);
  return makeBuffer(builder, op.getLoc(), type, rt::Space::Arena,
                    rowsOf(op.getResult(0)));
}

namespace {
/// The arguments of a kernel, some of which may be absent.
struct LinearArguments {
  SmallVector<Value> values;
  size_t extras = 0, outputs = 0;
  std::optional<size_t> scratch, terms, squares, partialSquares;

  std::optional<size_t> add(Value value) {
    values.push_back(value);
    return values.size() - 1;
  }
  static Value at(ValueRange args, std::optional<size_t> index) {
    return index ? args[*index] : Value();
  }
};
} // namespace

/// Sums of squares, tile by tile, of rows that this linear makes and that others
/// take unnormalised.
Value StepLowering::allocateSquares(llm::LinearOp op, int64_t tiles) {
  auto type = MemRefType::get({ShapedType::kDynamic, tiles}, builder.getF32Type());
  Value squares = makeBuffer(builder, op.getLoc(), type, rt::Space::Arena,
                             rowsOf(op.getResult(0)));
  for (Value result : op.getResults())
    squaresOf[result] = squares;
  return squares;
}

void StepLowering::lowerLinear(llm::LinearOp op) {
  llm::WeightOp weight = weightOf(op.getWeight());
  int64_t rows = attributeOr(op, "kernel.tile_rows", 4);
  int64_t panels = attributeOr(op, "kernel.tile_panels", 1);
  int64_t padded = attributeOr(op, "kernel.padded_rows", 1);
  int64_t block = attributeOr(op, "kernel.block_length", 0);
  auto engine = op->getAttrOfType<StringAttr>(kernel::engineAttr);
  int64_t columns =
      cast<ShapedType>(op.getResult(0).getType()).getShape().back();
  int64_t tiles = llvm::divideCeil(
      llvm::divideCeil(columns, kernel::panelWidth), panels);
  paddedRows = std::max(paddedRows, padded);
  bool bytes = llm::quantizesInputs(weight.getScheme());
  QuantizedRows input;
  if (bytes)
    input = quantizeRows(op, op.getInput());
  LinearArguments list;
  list.values = {bytes ? input.bytes : memref(op.getInput()),
                 memref(op.getWeight())};
  list.extras = op.getExtras().size();
  list.outputs = op.getNumResults();
  for (Value extra : op.getExtras())
    list.add(memref(extra));
  for (Value result : op.getResults())
    list.add(allocate(result));
  if (block)
    list.scratch = list.add(allocateSums(
        op, columns, bytes ? Type(builder.getI32Type()) : builder.getF32Type()));
  if (bytes)
    list.terms = list.add(input.terms);
  auto epsilon = op->getAttrOfType<FloatAttr>(normEpsilonAttr);
  if (epsilon)
    list.squares = list.add(squaresOf.lookup(op.getInput()));
  if (op->hasAttr(squaresAttr))
    list.partialSquares = list.add(allocateSquares(op, tiles));
  launch(op, "linear", constant(tiles), list.values,
         [&](OpBuilder &b, ValueRange args, Value begin, Value end) {
           auto linear = kernel::LinearOp::create(
               b, b.getUnknownLoc(), args[0], args[1],
               args.slice(2, list.extras),
               args.slice(2 + list.extras, list.outputs),
               list.at(args, list.scratch), list.at(args, list.terms),
               list.at(args, list.squares), list.at(args, list.partialSquares),
               begin, end, op.getParts(), rows, panels, weight.getScheme(),
               padded, block,
               epsilon ? epsilon.getValue() : llvm::APFloat(0.0f),
               engine ? engine.getValue() : llvm::StringRef());
           cloneScalars(b, op.getEpilogue().front(), linear.getEpilogue());
         });
}

} // namespace llmc
