#include "codegen/nvptx/LinearSums.h"

#include "codegen/llvm/KernelShapes.h"
#include "codegen/llvm/VectorRegion.h"
#include "codegen/nvptx/RowNorms.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;
static constexpr int64_t quadLanes = 4;
static constexpr int64_t numberBytes = 4; ///< Of a sum.

static LogicalResult check(kernel::LinearOp op) {
  if (failed(checkLinear(op)))
    return failure();
  auto input = cast<MemRefType>(op.getInput().getType());
  bool bytes = input.getElementType().isInteger(8);
  if (bytes != bool(op.getTerms()) ||
      !(bytes ? input.getDimSize(1) % 4 == 0
              : isa<FloatType>(input.getElementType()) &&
                    input.getElementTypeBitWidth() <= 32))
    return op.emitOpError("needs rows of f32, bf16, f16, or bytes in fours, not ")
           << input;
  return success();
}

FailureOr<LinearShape> LinearShape::of(kernel::LinearOp op) {
  if (failed(check(op)))
    return failure();
  int64_t columns = extent(op.getOutputs().front(), 1);
  int64_t panels = llvm::divideCeil(columns, width);
  auto input = cast<MemRefType>(op.getInput().getType());
  auto weights = PanelLayout::of(
      op, cast<MemRefType>(op.getWeight().getType()), op.getScheme(),
      input.getDimSize(1), panels * op.getParts());
  if (failed(weights))
    return failure();
  auto [strides, offset] = input.getStridesAndOffset();
  int64_t bytes = input.getElementTypeBitWidth() / 8;
  LinearShape shape{op, *weights, columns, strides[0], 0, 0};
  shape.inputLanes = std::gcd(strides[0], 16 / bytes);
  shape.streams = std::min<int64_t>(op.getTilePanels(), panels) * op.getParts();
  return shape;
}

Type LinearShape::inputElement() const {
  return cast<MemRefType>(LinearShape(*this).op.getInput().getType())
      .getElementType();
}

int64_t LinearShape::inputBytes() const {
  return inputElement().getIntOrFloatBitWidth() / 8;
}

void nvptx::forLinearPlaces(
    GpuBuilder &b, const LinearShape &shape, int64_t rowsAtOnce,
    llvm::function_ref<void(const LinearPlace &)> body) {
  forLinearPlaces(b, shape, rowsAtOnce, {},
                  [&](const LinearPlace &place, ValueRange) {
                    body(place);
                    return SmallVector<Value>();
                  });
}

SmallVector<Value> nvptx::forLinearPlaces(
    GpuBuilder &b, const LinearShape &shape, int64_t rowsAtOnce,
    ValueRange initial,
    llvm::function_ref<SmallVector<Value>(const LinearPlace &, ValueRange)>
        body) {
  kernel::LinearOp op = shape.op;
  Value rows = b.createOrFold<memref::DimOp>(op.getInput(), 0);
  Value blocks = b.ceilDiv(rows, rowsAtOnce);
  Value count = arith::IndexCastOp::create(b, b.getI32Type(), rows);
  op->getParentOfType<func::FuncOp>()->setAttr(rowsPerBlockAttr,
                                               b.getI64IntegerAttr(rowsAtOnce));
  // The tiles inside: of another tile's first weights nothing can be kept in
  // registers, as LLVM would where only rows change.
  return b.forRowBlocks(blocks, initial, [&](Value block, ValueRange carried) {
    Value first = arith::IndexCastOp::create(
        b, b.getI32Type(), b.mul(block, b.index(rowsAtOnce)));
    return b.forTiles(op.getBegin(), op.getEnd(), carried,
                      [&](Value tile, ValueRange values) {
                        return body({tile, first, count}, values);
                      });
  });
}

Value nvptx::streamPointer(GpuBuilder &b, const LinearShape &shape, Value tile,
                           Value stream) {
  kernel::LinearOp op = shape.op;
  int64_t perTile = int64_t(op.getTilePanels()) * op.getParts();
  Value panel = b.add(b.mul(tile, b.index(perTile)), b.asIndex(stream));
  panel = b.minIndex(panel, b.index(shape.weights.panels - 1));
  return b.offset(b.pointer(op.getWeight()),
                  b.mul(panel, b.index(shape.weights.panelBytes())));
}

Value nvptx::rowPointer(GpuBuilder &b, const LinearShape &shape,
                        const LinearPlace &place, Value row) {
  Value last = b.sub(place.rows, b.i32(1));
  Value at = b.asIndex(b.minimum(b.add(place.firstRow, row), last));
  kernel::LinearOp op = shape.op;
  return b.offset(b.pointer(op.getInput()),
                  b.mul(at, b.index(shape.rowStride * shape.inputBytes())));
}

int64_t LinearSums::lanesOf(const LinearShape &shape) {
  kernel::LinearOp op = shape.op;
  SmallVector<Value> rowsOf(op.getOutputs());
  llvm::append_range(rowsOf, op.getExtras());
  return std::min(rowLanes(rowsOf, shape.columns), quadLanes);
}

int64_t LinearSums::itemsOf(const LinearShape &shape) {
  kernel::LinearOp op = shape.op;
  return shape.streams / int64_t(op.getParts()) * (width / lanesOf(shape));
}

int64_t LinearSums::sumsBytes(const LinearShape &shape, int64_t rows,
                              int64_t warps) {
  return warps * shape.streams * rows * width * numberBytes;
}

int64_t LinearSums::bytes(const LinearShape &shape, int64_t rows, int64_t warps) {
  return sumsBytes(shape, rows, warps) +
         RowNorms::squaresBytes(shape.op, rows, itemsOf(shape));
}

LinearSums::LinearSums(GpuBuilder &b, const LinearShape &shape, int64_t rows,
                       int64_t warps, Value region)
    : b(b), shape(shape), rows(rows), warps(warps), region(region) {
  kernel::LinearOp op = shape.op;
  lanes = lanesOf(shape);
  number = op.getTerms() ? Type(b.getI32Type()) : Type(b.getF32Type());
  if (!this->region)
    this->region = b.shared("sums", bytes(shape, rows, warps));
}

Value LinearSums::address(Value warp, Value stream, Value row, Value quad) {
  Value at = b.add(b.mul(warp, b.i32(shape.streams)), stream);
  at = b.add(b.mul(at, b.i32(rows)), row);
  Value bytes = b.add(b.mul(at, b.i32(width * numberBytes)),
                      b.mul(quad, b.i32(quadLanes * numberBytes)));
  return b.offset(region, bytes);
}

void LinearSums::put(Value sums, Value warp, Value stream, Value row,
                     Value quad) {
  b.storeAt(sums, address(warp, stream, row, quad));
}

/// The sums of a part's outputs from `first` on, scaled.
Value LinearSums::sumOf(const LinearPlace &place, Value panel, int64_t part,
                        Value row, Value first) {
  kernel::LinearOp op = shape.op;
  Value stream = b.add(b.mul(panel, b.i32(op.getParts())), b.i32(part));
  Type type = b.lanes(number, lanes);
  Value start = b.offset(address(b.i32(0), stream, row, b.i32(0)),
                         b.mul(first, b.i32(numberBytes)));
  int64_t perWarp = sumsBytes(shape, rows, 1);
  Value sum;
  for (int64_t w = 0; w < warps; ++w) {
    Value partial = b.loadAt(type, b.offset(start, w * perWarp));
    sum = sum ? b.add(sum, partial) : partial;
  }
  if (shape.weights.kind != PanelLayout::Kind::W8)
    return sum;
  Value scales = b.offset(streamPointer(b, shape, place.tile, stream),
                          shape.weights.lines() * PanelLayout::lineBytes);
  Value scale = b.loadAt(b.f32Lanes(lanes),
                         b.offset(scales, b.mul(first, b.i32(numberBytes))));
  if (!op.getTerms())
    return b.mul(sum, scale);
  sum = b.mul(arith::SIToFPOp::create(b, b.f32Lanes(lanes), sum), scale);
  Value at = b.asIndex(b.add(place.firstRow, row));
  Value bits = b.loadScalar(op.getTerms(), {at, b.index(0)});
  return b.mul(sum, b.broadcast(b.bitcast(bits, b.getF32Type()), lanes));
}

LogicalResult LinearSums::finishItem(const LinearPlace &place, Value item,
                                     RowNorms &norms) {
  kernel::LinearOp op = shape.op;
  int64_t perRow = width / lanes;
  Value first = b.mul(arith::RemUIOp::create(b, item, b.i32(perRow)),
                      b.i32(lanes));
  Value rest = arith::DivUIOp::create(b, item, b.i32(perRow));
  Value row = arith::RemUIOp::create(b, rest, b.i32(rows));
  Value panel = arith::DivUIOp::create(b, rest, b.i32(rows));
  Value inTile = b.mul(place.tile, b.index(op.getTilePanels()));
  Value column = b.add(b.mul(b.add(inTile, b.asIndex(panel)), b.index(width)),
                       b.asIndex(first));
  Value at = b.add(place.firstRow, row);
  Value inside = b.both(
      b.less(at, place.rows),
      b.compare(arith::CmpIPredicate::slt, column, b.index(shape.columns)));
  LogicalResult result = success();
  Value item0 = b.add(b.mul(panel, b.i32(perRow)),
                      arith::RemUIOp::create(b, item, b.i32(perRow)));
  norms.keep(row, item0, {});
  b.when(inside, [&] {
    Value rowIndex = b.asIndex(at);
    SmallVector<Value> arguments;
    for (int64_t part = 0; part < int64_t(op.getParts()); ++part)
      arguments.push_back(
          norms.scaled(sumOf(place, panel, part, row, first), row));
    for (Value extra : op.getExtras()) {
      bool perRow = cast<MemRefType>(extra.getType()).getRank() == 2;
      arguments.push_back(perRow ? b.loadRow(extra, {rowIndex, column}, lanes)
                                 : b.loadRow(extra, {column}, lanes));
    }
    auto values =
        cloneOntoVectors(b, op.getEpilogue().front(), arguments, lanes);
    if (failed(values)) {
      result = failure();
      return;
    }
    norms.keep(row, item0, values->front());
    for (auto [value, output] : llvm::zip_equal(*values, op.getOutputs()))
      b.storeRow(value, output, {rowIndex, column});
  });
  return result;
}

LogicalResult LinearSums::finish(const LinearPlace &place) {
  int64_t items = itemsOf(shape);
  RowNorms norms(b, shape, rows, items,
                 b.offset(region, sumsBytes(shape, rows, warps)));
  norms.prepare(place);
  b.barrier();
  LogicalResult result = success();
  // One epilogue in the code, however many a thread does.
  b.loopBy(b.threadAnew(), b.i32(rows * items), b.i32(b.team.count), {},
           [&](Value item, ValueRange) {
             if (failed(finishItem(place, item, norms)))
               result = failure();
             return SmallVector<Value>();
           });
  // The next sums go where these were.
  b.barrier();
  norms.finish(place);
  return result;
}
