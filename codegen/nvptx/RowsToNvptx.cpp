/// kernel.embedding and kernel.take_rows: a block copies a row, converted where
/// the element types differ. Of a table in panels a column is copied, each
/// thread an element.
#include "codegen/llvm/KernelShapes.h"
#include "codegen/llvm/PanelLayout.h"
#include "codegen/nvptx/KernelsToNvptx.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

/// output[t, :] = table[indices[t], :].
static LogicalResult lowerGather(Operation *op, Value table, Value indices,
                                 Value output, Value begin, Value end) {
  auto from = cast<MemRefType>(table.getType());
  auto to = cast<MemRefType>(output.getType());
  if (failed(checkRowCopy(op, table, output)))
    return failure();
  Type source = from.getElementType(), target = to.getElementType();
  GpuBuilder b(op);
  int64_t length = to.getDimSize(1);
  int64_t lanes = nvptx::rowLanes({table, output}, length);
  b.forTiles(begin, end, [&](Value t) {
    Value row = b.toIndex(b.loadScalar(indices, {t}));
    nvptx::forColumns(b, length, lanes, [&](Value column) {
      Value value = b.loadRow(table, {row, column}, lanes);
      if (source != target)
        value = b.narrow(b.toF32(value), target);
      b.storeRow(value, output, {t, column});
    });
  });
  return success();
}

namespace {

/// Reads one element of packed weights.
struct PanelElement {
  GpuBuilder &b;
  const PanelLayout &layout;
  Value panel; ///< Address of the panel.
  Value lane;  ///< The column in it, an index.

  Value byteAt(Value start, Value k, int64_t perLine, int64_t bytes);
  Value at(Value k);
  Value scaleAt(Value start);
};

} // namespace

/// The address of k's `bytes` bytes in its line.
Value PanelElement::byteAt(Value start, Value k, int64_t perLine,
                           int64_t bytes) {
  Value line = b.mul(b.floorDiv(k, perLine), b.index(PanelLayout::lineBytes));
  Value inLine = b.add(b.mul(lane, b.index(4)),
                       b.mul(b.remainder(k, perLine), b.index(bytes)));
  return b.offset(panel, b.add(start, b.add(line, inLine)));
}

Value PanelElement::scaleAt(Value start) {
  return b.loadAt(b.getF32Type(),
                  b.offset(panel, b.add(start, b.mul(lane, b.index(4)))));
}

Value PanelElement::at(Value k) {
  Value zero = b.index(0);
  Type i8 = b.getI8Type(), i32 = b.getI32Type(), f32 = b.getF32Type();
  if (layout.kind == PanelLayout::Kind::F32)
    return b.loadAt(f32, byteAt(zero, k, 1, 4));
  if (layout.kind == PanelLayout::Kind::Pair)
    return b.toF32(b.loadAt(layout.element, byteAt(zero, k, 2, 2)));
  if (layout.kind == PanelLayout::Kind::W8) {
    Value byte = b.loadAt(i8, byteAt(zero, k, 4, 1));
    return b.mul(arith::SIToFPOp::create(b, f32, byte),
                 scaleAt(b.index(layout.lines() * PanelLayout::lineBytes)));
  }
  const llm::GroupScheme &scheme = layout.scheme;
  Value group = b.mul(b.floorDiv(k, scheme.size), b.index(scheme.bytes()));
  Value start = b.add(group, b.index(scheme.headerBytes()));
  Value in = b.remainder(k, scheme.size);
  Value number;
  if (scheme.bits == 8) {
    number = arith::ExtUIOp::create(b, i32,
                                    b.loadAt(i8, byteAt(start, in, 4, 1)));
  } else {
    // Byte j holds k = j in its low half and k = 4 + j in its high one.
    Value line = b.mul(b.floorDiv(in, 8), b.index(PanelLayout::lineBytes));
    Value at = b.add(b.mul(lane, b.index(4)), b.remainder(in, 4));
    Value byte = b.loadAt(
        i8, b.offset(panel, b.add(start, b.add(line, at))));
    Value high = b.remainder(b.floorDiv(in, 4), 2);
    Value shift = arith::IndexCastOp::create(b, i32, b.mul(high, b.index(4)));
    number = b.bitAnd(arith::ShRUIOp::create(
                          b, arith::ExtUIOp::create(b, i32, byte), shift),
                      b.i32(15));
  }
  Value weight = arith::UIToFPOp::create(b, f32, number);
  Value middle = scheme.zeros
                     ? scaleAt(b.add(group, b.index(PanelLayout::lineBytes)))
                     : b.number(f32, scheme.middle());
  return b.mul(b.sub(weight, middle), scaleAt(group));
}

/// output[t, :] = weight[:, tokens[t]] for a weight in panels.
static LogicalResult lowerColumns(kernel::EmbeddingOp op) {
  int64_t length = extent(op.getOutput(), 1);
  auto table = cast<MemRefType>(op.getTable().getType());
  auto layout = PanelLayout::of(op, table, op.getScheme(), length,
                                table.getDimSize(0));
  if (failed(layout))
    return failure();
  Type target = cast<MemRefType>(op.getOutput().getType()).getElementType();
  GpuBuilder b(op);
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value t) {
    Value token = b.toIndex(b.loadScalar(op.getTokens(), {t}));
    Value panel = b.mul(b.floorDiv(token, VectorBuilder::width),
                        b.index(layout->panelBytes()));
    PanelElement element{b, *layout, b.offset(b.pointer(op.getTable()), panel),
                         b.remainder(token, VectorBuilder::width)};
    nvptx::forColumns(b, length, 1, [&](Value k) {
      b.storeScalar(b.narrow(element.at(k), target), op.getOutput(), {t, k});
    });
  });
  return success();
}

LogicalResult nvptx::lowerEmbedding(kernel::EmbeddingOp op) {
  if (op.getPanels())
    return lowerColumns(op);
  return lowerGather(op, op.getTable(), op.getTokens(), op.getOutput(),
                     op.getBegin(), op.getEnd());
}

LogicalResult nvptx::lowerTakeRows(kernel::TakeRowsOp op) {
  return lowerGather(op, op.getInput(), op.getRows(), op.getOutput(),
                     op.getBegin(), op.getEnd());
}
