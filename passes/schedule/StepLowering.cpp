#include "passes/schedule/StepLowering.h"

#include "passes/support/OnnxMatch.h"
#include "passes/support/Regions.h"
#include "passes/support/StoredWeight.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace llmc {

StepLowering::StepLowering(func::FuncOp step, KernelTable &kernels)
    : step(step), kernels(kernels), builder(step) {}

Value StepLowering::symbol(StringRef name) {
  Value &known = symbols[name];
  if (!known) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(builder.getInsertionBlock());
    known = rt::SymbolOp::create(builder, step.getLoc(), builder.getIndexType(),
                                 name);
  }
  return known;
}

Value StepLowering::shape(AffineMap map, ValueRange operands) {
  return rt::ShapeOp::create(builder, step.getLoc(), builder.getIndexType(),
                             operands, AffineMapAttr::get(map));
}

Value StepLowering::constant(int64_t value) {
  return shape(AffineMap::getConstantMap(value, builder.getContext()), {});
}

Value StepLowering::makeBuffer(OpBuilder &builder, Location loc,
                               MemRefType type, rt::Space space,
                               ValueRange extents, StringRef name,
                               int64_t layer) {
  return rt::BufferOp::create(builder, loc, type, space, extents, name, layer,
                              IntegerAttr());
}

Value StepLowering::input(StringRef name, ArrayRef<int64_t> shape,
                          ValueRange extents) {
  Value &known = inputs[name];
  if (!known)
    known = makeBuffer(builder, step.getLoc(),
                       MemRefType::get(shape, builder.getI32Type()),
                       rt::Space::Input, extents, name);
  return known;
}

Value StepLowering::rowsOf(Value tensor) {
  auto encoding = dyn_cast_or_null<AffineMapAttr>(
      cast<RankedTensorType>(tensor.getType()).getEncoding());
  auto wanted = getAffineSymbolExpr(1, builder.getContext());
  bool isWanted = encoding && encoding.getValue().getResult(0) == wanted;
  return symbol(isWanted ? "R" : "T");
}

/// Whether a kernel loads `tensor` in tiles of rows.
static bool isReadInTiles(Value tensor) {
  Type element = getElementTypeOrSelf(tensor.getType());
  if (!element.isBF16() && !element.isF16())
    return false;
  return llvm::any_of(tensor.getUses(), [](OpOperand &use) {
    return isa<llm::LinearOp>(use.getOwner()) && use.getOperandNumber() == 0 &&
           use.getOwner()->hasAttr("kernel.padded_rows");
  });
}

int64_t StepLowering::tileStride(RankedTensorType type) {
  constexpr int64_t lineBytes = 64;
  int64_t columns = type.getShape().back();
  int64_t bytes = columns * type.getElementTypeBitWidth() / 8;
  return bytes % (8 * lineBytes) ? columns : columns + lineBytes * columns / bytes;
}

Value StepLowering::allocate(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  bool output = tensor == logits;
  SmallVector<int64_t> shape(type.getShape());
  if (isReadInTiles(tensor))
    shape.back() = tileStride(type);
  Value buffer = makeBuffer(
      builder, tensor.getLoc(), MemRefType::get(shape, type.getElementType()),
      output ? rt::Space::Output : rt::Space::Arena, rowsOf(tensor),
      output ? "logits" : "");
  if (shape.back() != type.getShape().back())
    buffer = columnsOf(buffer, type, 0);
  return memrefs[tensor] = buffer;
}

/// The columns [offset, …) of a buffer of rows, of a tensor's type.
Value StepLowering::columnsOf(Value source, RankedTensorType to,
                              int64_t offset) {
  SmallVector<int64_t> strides;
  int64_t start;
  if (failed(cast<MemRefType>(source.getType())
                 .getStridesAndOffset(strides, start)))
    llvm_unreachable("buffers of rows are strided");
  auto type = MemRefType::get(
      to.getShape(), to.getElementType(),
      StridedLayoutAttr::get(builder.getContext(), 0, strides));
  return rt::ViewOp::create(builder, source.getLoc(), type, source,
                            ValueRange(), offset);
}

Value StepLowering::weightBuffer(llm::GetWeightOp get) {
  llm::WeightOp weight = weightOf(get.getResult());
  Value &known = inputs[("weight " + get.getName()).str()];
  if (!known)
    known = makeBuffer(builder, get.getLoc(), storedType(weight),
                       rt::Space::Weight, {}, get.getName());
  return known;
}

Value StepLowering::memref(Value tensor) {
  if (auto get = tensor.getDefiningOp<llm::GetWeightOp>())
    return weightBuffer(get);
  return memrefs.lookup(tensor);
}

void StepLowering::launch(Operation *op, StringRef family, Value tiles,
                          ArrayRef<Value> args, KernelTable::Body body) {
  SmallVector<Type> types;
  for (Value arg : args)
    types.push_back(arg.getType());
  func::FuncOp kernel = kernels.get(family, types, body);
  rt::LaunchOp::create(builder, op->getLoc(), kernel.getSymName(), tiles, args,
                       /*waits=*/ArrayAttr());
}

void StepLowering::cloneScalars(OpBuilder &builder, Block &from, Region &to) {
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&to);
  for (BlockArgument argument : from.getArguments())
    body->addArgument(argument.getType(), builder.getUnknownLoc());
  auto yielded = inlineScalars(builder, from, body->getArguments());
  llm::YieldOp::create(builder, builder.getUnknownLoc(), yielded);
  body->walk([&](Operation *op) { op->setLoc(builder.getUnknownLoc()); });
}

int64_t StepLowering::attributeOr(Operation *op, StringRef name,
                                  int64_t otherwise) {
  auto attribute = op->getAttrOfType<IntegerAttr>(name);
  return attribute ? attribute.getInt() : otherwise;
}

void StepLowering::lowerMap(llm::MapOp op) {
  SmallVector<Value> args;
  for (Value input : op.getInputs())
    args.push_back(memref(input));
  size_t inputCount = args.size();
  for (Value result : op.getResults())
    args.push_back(allocate(result));
  launch(op, "map", rowsOf(op.getResult(0)), args,
         [&](OpBuilder &b, ValueRange args, Value begin, Value end) {
           auto map = kernel::MapOp::create(
               b, b.getUnknownLoc(), args.take_front(inputCount),
               args.drop_front(inputCount), begin, end);
           cloneScalars(b, op.getBody().front(), map.getBody());
         });
}

/// [T, H * D] seen as [T, H, D].
Value StepLowering::splitHeads(Value rows, int64_t heads) {
  auto type = cast<MemRefType>(rows.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    llvm_unreachable("buffers of rows are strided");
  int64_t width = type.getDimSize(1) / heads;
  auto split = MemRefType::get(
      {type.getDimSize(0), heads, width}, type.getElementType(),
      StridedLayoutAttr::get(type.getContext(), 0, {strides[0], width, 1}));
  return rt::ViewOp::create(builder, rows.getLoc(), split, rows, ValueRange(),
                            0);
}

void StepLowering::lowerColumns(llm::ColumnsOp op) {
  memrefs[op.getResult()] = columnsOf(
      memref(op.getInput()), cast<RankedTensorType>(op.getResult().getType()),
      op.getOffset());
}

/// With the norm of its input where SelectNorms says so.
void StepLowering::lowerAddRmsNorm(llm::AddRmsNormOp op) {
  Value input = op.getInput();
  auto norm = input.getDefiningOp<llm::RmsNormOp>();
  if (norm && norm->hasAttr(normalizedAttr))
    input = norm.getInput();
  else
    norm = {};
  SmallVector<Value> args{memref(input), memref(op.getResidual()),
                          memref(op.getScale()), allocate(op.getSum()),
                          allocate(op.getResult())};
  if (norm)
    args.push_back(memref(norm.getScale()));
  launch(op, "add_rms_norm", rowsOf(op.getResult()), args,
         [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
           kernel::AddRmsNormOp::create(b, b.getUnknownLoc(), a[0], a[1], a[2],
                                        a[3], a[4], norm ? a[5] : Value(),
                                        begin, end, op.getEpsilon(),
                                        op.getOffset());
         });
}

LogicalResult StepLowering::lower(Operation &operation) {
  Location unknown = builder.getUnknownLoc();
  return TypeSwitch<Operation *, LogicalResult>(&operation)
      .Case([&](llm::GetWeightOp) { return success(); })
      .Case([&](func::ReturnOp) { return success(); })
      .Case([&](llm::LinearOp op) { return lowerLinear(op), success(); })
      .Case([&](llm::MapOp op) { return lowerMap(op), success(); })
      .Case([&](llm::ColumnsOp op) { return lowerColumns(op), success(); })
      .Case([&](llm::KvAppendOp op) { return lowerKvAppend(op), success(); })
      .Case([&](llm::AttentionOp op) {
        if (op.getBidirectional())
          return LogicalResult(op.emitError("bidirectional attention has no "
                                            "kernel"));
        return lowerAttention(op), LogicalResult(success());
      })
      .Case([&](llm::EmbeddingOp op) {
        launch(op, "embedding", rowsOf(op.getResult()),
               {memref(op.getTokens()), memref(op.getTable()),
                allocate(op.getResult())},
               [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
                 kernel::EmbeddingOp::create(
                     b, unknown, a[0], a[1], a[2], begin, end, op.getColumns(),
                     weightOf(op.getTable()).getScheme());
               });
        return success();
      })
      .Case([&](llm::TakeRowsOp op) {
        launch(op, "take_rows", symbol("R"),
               {memref(op.getInput()), memref(op.getRows()),
                allocate(op.getResult())},
               [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
                 kernel::TakeRowsOp::create(b, unknown, a[0], a[1], a[2], begin,
                                            end);
               });
        return success();
      })
      .Case([&](llm::RmsNormOp op) {
        if (op->hasAttr(normalizedAttr))
          return success();
        Value from = memref(op.getInput()), to = allocate(op.getResult());
        if (op.getHeads() > 1) {
          from = splitHeads(from, op.getHeads());
          to = splitHeads(to, op.getHeads());
        }
        launch(op, "rms_norm", rowsOf(op.getResult()),
               {from, memref(op.getScale()), to},
               [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
                 kernel::RmsNormOp::create(b, unknown, a[0], a[1], a[2], begin,
                                           end, op.getEpsilon(),
                                           op.getOffset());
               });
        return success();
      })
      .Case([&](llm::AddRmsNormOp op) { return lowerAddRmsNorm(op), success(); })
      .Case([&](llm::LayerNormOp op) {
        launch(op, "layer_norm", rowsOf(op.getResult()),
               {memref(op.getInput()), memref(op.getScale()),
                memref(op.getBias()), allocate(op.getResult())},
               [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
                 kernel::LayerNormOp::create(b, unknown, a[0], a[1], a[2], a[3],
                                             begin, end, op.getEpsilon());
               });
        return success();
      })
      .Case([&](llm::RopeOp op) {
        if (op->hasAttr(rotatedAttr))
          return success();
        launch(op, "rope", rowsOf(op.getResult()),
               {memref(op.getInput()), memref(op.getPositions()),
                memref(op.getCos()), memref(op.getSin()),
                allocate(op.getResult())},
               [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
                 kernel::RopeOp::create(
                     b, unknown, a[0], a[1], a[2], a[3], a[4], begin, end,
                     op.getHeads(), op.getHeadDim(), op.getRotaryDim(),
                     op.getPairing() == llm::Pairing::Interleaved);
               });
        return success();
      })
      .Default([](Operation *op) -> LogicalResult {
        return op->emitError("has no kernel");
      });
}

LogicalResult StepLowering::run(bool choosesTokens) {
  Block &body = step.getBody().front();
  logits = body.getTerminator()->getOperand(0);
  Type type; // Of the elements of all caches.
  for (BlockArgument argument : body.getArguments()) {
    auto cache = dyn_cast<llm::KvCacheType>(argument.getType());
    if (!cache)
      continue;
    bool first = layout.layers == 0;
    if (!first && (layout.kvHeads != cache.getHeads() ||
                   layout.headDim != cache.getHeadDim() ||
                   type != cache.getElementType()))
      return step.emitError("layers with caches of different shape are not "
                            "supported");
    type = cache.getElementType();
    layout.pair = 32 / type.getIntOrFloatBitWidth();
    layout.kvHeads = cache.getHeads();
    layout.headDim = cache.getHeadDim();
    layout.page = cache.getPage();
    cacheLayer[argument] = layout.layers++;
  }
  auto program = rt::ProgramOp::create(
      builder, step.getLoc(), step.getSymName(), "step",
      step->getAttrOfType<IntegerAttr>("llm.min_rows").getInt(),
      step->getAttrOfType<IntegerAttr>("llm.max_rows").getInt(),
      /*padded_rows=*/1, IntegerAttr());
  builder.createBlock(&program.getBody());
  int64_t dynamic = ShapedType::kDynamic;
  memrefs[body.getArgument(0)] = input("tokens", {dynamic}, symbol("T"));
  memrefs[body.getArgument(1)] = input("positions", {dynamic}, symbol("T"));
  memrefs[body.getArgument(2)] = input("rows", {dynamic}, symbol("R"));
  for (Operation &op : body)
    if (failed(lower(op)))
      return failure();
  if (choosesTokens)
    lowerChoice();
  program.setPaddedRows(paddedRows);
  return success();
}

} // namespace llmc
