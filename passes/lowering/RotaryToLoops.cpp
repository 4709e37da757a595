/// RotaryEmbedding of ONNX and com.microsoft: one launch.
#include "passes/lowering/HeadLoops.h"

using namespace mlir;

namespace llmc {

using namespace heads;

static LogicalResult lowerRotary(onnx::RotaryEmbeddingOp op, GraphLowering &graph) {
  if (!areHeads(op.getInput(), op.getNumHeads()))
    return op.emitError("needs floats [B, S, H * D] or [B, H, S, D]");
  Heads heads = Heads::of(op.getInput(), op.getNumHeads());
  int64_t rotary = op.getRotaryDim();
  bool given = isGiven(op.getPositions()), rows = heads.rows();
  bool offset = given && typeOf(op.getPositions()).getRank() < 2;
  int64_t positionRank = given ? typeOf(op.getPositions()).getRank() : 0;
  SmallVector<Value> args{graph.memref(op.getInput()), graph.memref(op.getCos()),
                          graph.memref(op.getSin())};
  if (given)
    args.push_back(graph.memref(op.getPositions()));
  graph.mapElements(
      op, op.getResult(), args, [&](B &b, ValueRange args, Index index) {
        Value width = rows ? Value(arith::DivUIOp::create(
                                 b, b.dim(args[0], 2), b.index(heads.parts)))
                           : b.dim(args[0], 3);
        Value batch = index[0], row = index[rows ? 1 : 2];
        Value head = rows ? Value(arith::DivUIOp::create(b, index[2], width))
                          : index[1];
        Value column = rows ? Value(arith::RemUIOp::create(b, index[2], width))
                            : index[3];
        Value pairs = rotary ? b.index(rotary / 2)
                             : Value(arith::DivUIOp::create(b, width, b.index(2)));
        auto table = [&](Value pair) -> std::pair<Value, Value> {
          SmallVector<Value> at{batch, row, pair};
          if (given) {
            Value position =
                offset ? b.add(b.load(args[3], SmallVector<Value>(positionRank,
                                                                  b.index(0))),
                               b.toInteger(row))
                       : b.load(args[3], {batch, row});
            at = {b.wrapIndex(position, b.dim(args[1], 0)), pair};
          }
          return {b.load(args[1], at), b.load(args[2], at)};
        };
        auto load = [&](Value at) {
          return heads.load(b, args[0], batch, head, row, at);
        };
        return rotated(b, load, column, pairs, op.getInterleaved(), table);
      });
  return success();
}

void populateRotary(LoweringTable &table) {
  table.add<onnx::RotaryEmbeddingOp>(lowerRotary);
}

} // namespace llmc
