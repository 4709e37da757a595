/// com.microsoft GroupQueryAttention: its packed rows, the buffers that its new
/// rows are put into, and its own rotation, over the steps of HeadLoops.
#include "passes/lowering/HeadLoops.h"

using namespace mlir;

namespace llmc {

using namespace heads;

namespace {

/// com.microsoft GroupQueryAttention: its buffers, starts and rotation.
class GroupQuery {
public:
  GroupQuery(onnx::GroupQueryAttentionOp op, GraphLowering &graph)
      : op(op), graph(graph) {}
  LogicalResult run();

private:
  /// The first position of a sequence's new rows: 0 for prompts (padded on the
  /// right), else its length less the rows.
  Value start(B &b, Value lengths, Value total, Value rows, Value batch) {
    SmallVector<Value> at(cast<MemRefType>(lengths.getType()).getRank(), b.index(0));
    if (!at.empty())
      at[0] = batch;
    SmallVector<Value> first(cast<MemRefType>(total.getType()).getRank(), b.index(0));
    Value count = b.toInteger(rows), zero = b.integer(0);
    Value begin = b.sub(b.add(b.load(lengths, at), b.integer(1)), count);
    return b.select(b.equal(count, b.load(total, first)), zero,
                    b.most(begin, zero));
  }
  Value turned(B &b, ValueRange args, const Heads &heads, Value row, Index index,
               Value begin);
  Value present(const Heads &now, Value past, Value result, bool rotate);

  onnx::GroupQueryAttentionOp op;
  GraphLowering &graph;
  SmallVector<Value> common; // lengths, total, cos, sin, positions
  bool rotary = false, positions = false;
};

/// Element index[3] of a new row, rotated to its position. The arguments begin
/// with the tensor, then `common`.
Value GroupQuery::turned(B &b, ValueRange args, const Heads &heads, Value row,
                         Index index, Value begin) {
  auto load = [&](Value column) {
    return heads.load(b, args[0], index[0], index[1], row, column);
  };
  if (!rotary)
    return load(index[3]);
  Value cos = args[3], sin = args[4];
  Value position = positions ? b.load(args[5], {index[0], row})
                             : b.add(begin, b.toInteger(row));
  Value line = b.wrapIndex(position, b.dim(cos, 0));
  auto table = [&](Value pair) -> std::pair<Value, Value> {
    return {b.load(cos, {line, pair}), b.load(sin, {line, pair})};
  };
  return rotated(b, load, index[3], b.dim(cos, 1), op.getRotaryInterleaved(),
                 table);
}

Value GroupQuery::present(const Heads &now, Value past, Value result, bool rotate) {
  Value target = graph.allocate(result);
  bool before = isGiven(past);
  SmallVector<Value> args{graph.memref(now.tensor)};
  llvm::append_range(args, common);
  if (before)
    args.push_back(graph.memref(past));
  onnx::Dims dims = onnx::symbolicDims(typeOf(result));
  unsigned rowsDim = now.rows() ? 1 : 2;
  bool saved = rotary;
  rotary &= rotate;
  fill(op, graph, "present", target, dims, args,
       [&](B &b, ValueRange args, Index index) {
         Value old = args[args.size() - 2], rows = b.dim(args[0], rowsDim);
         Value begin = start(b, args[1], args[2], rows, index[0]);
         Value row = b.sub(b.toInteger(index[2]), begin);
         Value fresh = b.both(b.lessOrEqual(b.integer(0), row),
                              b.less(row, b.toInteger(rows)));
         Type type = computeType(now.element());
         return b.choose(
             fresh, type,
             [&] { return turned(b, args, now, b.toIndex(row), index, begin); },
             [&] {
               if (!before)
                 return b.number(type, 0);
               return b.choose(
                   b.less(index[2], b.dim(old, 2)), type,
                   [&] { return b.load(old, index); },
                   [&] { return b.number(type, 0); });
             });
       });
  rotary = saved;
  return target;
}

LogicalResult GroupQuery::run() {
  if (op.getWindowCache())
    return op.emitError("keeps a cache of its window only");
  int64_t heads = op.getNumHeads(), kv = op.getKvNumHeads();
  bool packed = !isGiven(op.getKey());
  if (typeOf(op.getQuery()).getRank() != 3 || !areHeads(op.getQuery(), heads) ||
      kv <= 0 || heads % kv ||
      (!packed && (!areHeads(op.getKey(), kv) || !areHeads(op.getValue(), kv))))
    return op.emitError("has a query, keys or values that are not rows of heads");
  int64_t parts = packed ? heads + 2 * kv : heads;
  Heads query = Heads::of(op.getQuery(), heads, parts);
  Heads key = packed ? Heads::of(op.getQuery(), kv, parts, heads)
                     : Heads::of(op.getKey(), kv);
  Heads value = packed ? Heads::of(op.getQuery(), kv, parts, heads + kv)
                       : Heads::of(op.getValue(), kv);
  rotary = op.getDoRotary();
  positions = rotary && isGiven(op.getPositions());
  common = {graph.memref(op.getSeqlensK()), graph.memref(op.getTotalLength())};
  if (rotary) {
    if (!isGiven(op.getCos()) || typeOf(op.getCos()).getRank() != 2)
      return op.emitError("has rotary tables that are not matrices");
    common.append({graph.memref(op.getCos()), graph.memref(op.getSin())});
  }
  if (positions)
    common.push_back(graph.memref(op.getPositions()));
  Attention attention(op, graph, query);
  Value keys = present(key, op.getPastKey(), op.getPresentKey(), true);
  Value values = present(value, op.getPastValue(), op.getPresentValue(), false);
  attention.keyDims = onnx::symbolicDims(typeOf(op.getPresentKey()));
  Type floats = floatsOf(query.element());
  Value queries = graph.scratch(op.getLoc(), query.dims, floats);
  SmallVector<Value> args{graph.memref(op.getQuery())};
  llvm::append_range(args, common);
  fill(op, graph, "queries", queries, query.dims, args,
       [&](B &b, ValueRange args, Index index) {
         Value begin = start(b, args[1], args[2], b.dim(args[0], 1), index[0]);
         return turned(b, args, query, index[2], index, begin);
       });
  RankedTensorType scores =
      onnx::symbolicTensorType(attention.scoreDims(), floats);
  SmallVector<Value> extra{common[0], common[1]};
  bool biased = isGiven(op.getBias());
  if (biased)
    extra.push_back(graph.memref(op.getBias()));
  int64_t window = op.getLocalWindow();
  attention.finish(
      queries, keys, values, op.getScale().convertToFloat(),
      op.getSoftcap().convertToFloat(), extra,
      [&](B &b, ValueRange args, Index index) {
        Value lowest = b.infinity(floats, true), shift = b.number(floats, 0);
        if (biased)
          shift = maskAt(b, args[2], typeOf(op.getBias()), scores, index, floats);
        Value rows = b.dim(args.back(), 2);
        Value position = b.add(start(b, args[0], args[1], rows, index[0]),
                               b.toInteger(index[2]));
        Value column = b.toInteger(index[3]);
        shift = b.select(b.less(position, column), lowest, shift);
        if (window > 0)
          shift = b.select(
              b.lessOrEqual(column, b.sub(position, b.integer(window))), lowest,
              shift);
        return shift;
      },
      op.getResult());
  return success();
}

} // namespace

void populateGroupQuery(LoweringTable &table) {
  table.add<onnx::GroupQueryAttentionOp>(
      [](onnx::GroupQueryAttentionOp op, GraphLowering &graph) {
        return GroupQuery(op, graph).run();
      });
}

} // namespace llmc
