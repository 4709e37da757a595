/// kernel.rope_append: a block does a row, a warp a head of it where heads are
/// normalised.
#include "codegen/nvptx/AppendPlace.h"
#include "codegen/nvptx/HeadNorm.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

LogicalResult nvptx::lowerRopeAppend(kernel::RopeAppendOp op) {
  GpuBuilder b(op);
  auto place = AppendPlace::of(b, op);
  if (failed(place))
    return failure();
  Rotation rotation = Rotation::of(b, op);
  int64_t heads = op.getHeads(), headDim = op.getHeadDim();
  if (failed(rotation.check(op, {op.getQuery(), op.getOutput()}, heads)) ||
      failed(rotation.check(op, op.getKey(), place->layout.heads)))
    return failure();
  Type query = cast<MemRefType>(op.getOutput().getType()).getElementType();
  Type key = cast<MemRefType>(op.getKey().getType()).getElementType();
  HeadNorm queryNorm = HeadNorm::of(b, op, op.getQuery(), 0);
  HeadNorm keyNorm = HeadNorm::of(b, op, op.getKey(), 1);
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value row) {
    Value position = b.toIndex(b.loadScalar(op.getPositions(), {row}));
    place->enter(op, row, position);
    queryNorm.enterRow(row);
    keyNorm.enterRow(row);
    // Queries may be written over what another warp still sums.
    if (queryNorm.isOfRow())
      b.barrier();
    auto walk = [&](HeadNorm &norm, ValueRange others, Value head,
                    Value carried, Rotation::Visit visit) {
      SmallVector<Value> rows = {norm.rows};
      llvm::append_range(rows, others);
      if (norm.scale)
        rows.push_back(norm.scale);
      norm.enterHead(head);
      return rotation.walk(
          rows,
          [&](Value, Value element, int64_t count) {
            return norm.load(element, count);
          },
          head, position, carried, visit);
    };
    // Without norms heads are divided among all threads.
    auto rotate = [&](HeadNorm &norm, ValueRange others, int64_t heads,
                      Rotation::Store store) {
      if (!norm.scale)
        return rotation.emit(norm.rows, others, heads, row, position, store);
      b.loopBy(b.warp(), b.i32(heads), b.i32(blockWarps), {},
               [&](Value number, ValueRange) {
                 Value head = b.asIndex(number);
                 walk(norm, others, head, b.i32(0),
                      [&](Value element, Value numbers, Value carried) {
                        store(head, element, numbers);
                        return carried;
                      });
                 return SmallVector<Value>();
               });
    };
    rotate(queryNorm, op.getOutput(), heads,
           [&](Value head, Value at, Value numbers) {
             Value column = b.add(b.mul(head, b.index(headDim)), at);
             b.storeRow(b.narrow(numbers, query), op.getOutput(), {row, column});
           });
    // Rounded as the row of keys would be.
    if (place->layout.hasScales()) {
      place->appendKeyBytes(
          [&](Value head, Value carried, Rotation::Visit visit) {
            return walk(keyNorm, {}, head, carried,
                        [&](Value element, Value numbers, Value carried) {
                          return visit(element,
                                       b.toF32(b.fromF32(numbers, key)),
                                       carried);
                        });
          });
      place->appendValueBytes(op.getValue(), row);
      return;
    }
    rotate(keyNorm, {}, place->layout.heads,
           [&](Value head, Value at, Value numbers) {
             place->storeKey(head, at, b.toF32(b.narrow(numbers, key)));
           });
    place->copyValues(op.getValue(), row);
  });
  return success();
}
