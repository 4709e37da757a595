/// RotaryEmbedding and the attention operators of ONNX and com.microsoft, in
/// steps that each are a launch: query, keys and values as [B, H, S, D] (biased,
/// rotated, behind the past), scores [B, H, S, L] (scaled, capped, masked),
/// their softmax in place, and the sum of values. Masked rows give 0. Long (more
/// than 500 lines) because the operators share every one of these steps.
#include "passes/lowering/GraphLowering.h"

using namespace mlir;

namespace llmc {

namespace {

using B = LoopBuilder;
using Index = ArrayRef<Value>;

/// A tensor of heads: [B, H, S, D], or columns of [B, S, parts * D].
struct Heads {
  Value tensor;
  int64_t heads = 0;     // of this operand
  int64_t parts = 0;     // heads in a row of rank 3, all operands' together
  int64_t firstHead = 0; // where this operand's begin in such a row
  onnx::Dims dims;       // [B, H, S, D]

  static Heads of(Value tensor, int64_t heads, int64_t parts = 0,
                  int64_t firstHead = 0) {
    onnx::Dims own = onnx::symbolicDims(typeOf(tensor));
    Heads result{tensor, heads, parts ? parts : heads, firstHead, own};
    if (own.size() == 3)
      result.dims = {own[0], getAffineConstantExpr(heads, tensor.getContext()),
                     own[1], own[2].floorDiv(result.parts)};
    return result;
  }
  bool rows() const { return typeOf(tensor).getRank() == 3; }
  Type element() const { return typeOf(tensor).getElementType(); }

  Value load(B &b, Value memref, Value batch, Value head, Value row,
             Value column) const {
    if (!rows())
      return b.load(memref, {batch, head, row, column});
    Value width =
        arith::DivUIOp::create(b, b.dim(memref, 2), b.index(parts));
    Value at = b.add(b.mul(b.add(head, b.index(firstHead)), width), column);
    return b.load(memref, {batch, row, at});
  }
};

bool areHeads(Value tensor, int64_t heads) {
  int64_t rank = typeOf(tensor).getRank();
  return isFloating(kindOf(typeOf(tensor).getElementType())) &&
         (rank == 4 || (rank == 3 && heads > 0));
}

/// The type that attention computes in: f64 only where its operands are.
Type floatsOf(Type element) { return computeType(element); }

/// Element `column` of a head after rotation of its first 2 * pairs elements.
Value rotated(B &b, llvm::function_ref<Value(Value)> load, Value column,
              Value pairs, bool interleaved,
              llvm::function_ref<std::pair<Value, Value>(Value)> table) {
  Value one = b.index(1), first, pair, partner;
  if (interleaved) {
    first = b.equal(arith::RemUIOp::create(b, column, b.index(2)), b.index(0));
    pair = arith::DivUIOp::create(b, column, b.index(2));
    partner = b.select(first, b.add(column, one), b.sub(column, one));
  } else {
    first = b.less(column, pairs);
    pair = b.select(first, column, b.sub(column, pairs));
    partner = b.select(first, b.add(column, pairs), pair);
  }
  Value active = b.less(column, b.add(pairs, pairs));
  Value x = load(column), y = load(b.select(active, partner, column));
  auto [cosine, sine] = table(b.select(active, pair, b.index(0)));
  cosine = b.convert(cosine, x.getType());
  sine = b.convert(sine, x.getType());
  Value other = b.mul(y, sine);
  Value turned = b.add(b.mul(x, cosine), b.select(first, b.neg(other), other));
  return b.select(active, turned, x);
}

/// target[index] = body: as mapElements, into a buffer that is no result.
void fill(Operation *op, GraphLowering &graph, StringRef family, Value target,
          ArrayRef<AffineExpr> dims, ArrayRef<Value> args,
          GraphLowering::RawBody body) {
  SmallVector<Value> all(args);
  all.push_back(target);
  RankedTensorType type = onnx::symbolicTensorType(dims, elementOf(target));
  int64_t last = type.getRank() - 1;
  graph.forRows(op, family, all.size() - 1, type, last, all,
                [&](B &b, ValueRange args, MutableArrayRef<Value> index) {
                  b.loop(b.index(0), b.dim(args.back(), last), [&](Value at) {
                    index[last] = at;
                    b.store(body(b, args, index), args.back(), index);
                  });
                });
}

LogicalResult lowerRotary(onnx::RotaryEmbeddingOp op, GraphLowering &graph) {
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

/// What all three operators end with.
class Attention {
public:
  Attention(Operation *op, GraphLowering &graph, const Heads &query)
      : op(op), graph(graph), query(query), floats(floatsOf(query.element())) {}

  /// A score's shift: -inf where the position is not seen. The arguments are
  /// those given to `finish`.
  using Bias = llvm::function_ref<Value(B &, ValueRange args, Index index)>;

  onnx::Dims scoreDims() const {
    return {query.dims[0], query.dims[1], query.dims[2], keyDims[2]};
  }

  /// [B, KV, L, D] of keys or values: past, then new rows. `result` (perhaps
  /// none) is the operator's own result for it.
  Value present(const Heads &now, Value past, Value result, onnx::Dims &dims,
                Value shift, int64_t shiftHeads) {
    dims = now.dims;
    bool before = isGiven(past), biased = isGiven(shift) && now.rows();
    if (before)
      dims[2] = onnx::symbolicDims(typeOf(past))[2] + now.dims[2];
    Value target = isGiven(result)
                       ? graph.allocate(result)
                       : graph.scratch(op->getLoc(), dims, now.element());
    SmallVector<Value> args{graph.memref(now.tensor)};
    if (before)
      args.push_back(graph.memref(past));
    if (biased)
      args.push_back(graph.memref(shift));
    fill(op, graph, "heads", target, dims, args,
         [&](B &b, ValueRange args, Index index) {
           auto fresh = [&](Value row) {
             Value x = now.load(b, args[0], index[0], index[1], row, index[3]);
             return biased ? shifted(b, x, args[before ? 2 : 1], args.back(),
                                     shiftHeads, index)
                           : x;
           };
           if (!before)
             return fresh(index[2]);
           Value length = b.dim(args[1], 2);
           return b.choose(
               b.less(index[2], length), computeType(now.element()),
               [&] { return b.load(args[1], index); },
               [&] { return fresh(b.sub(index[2], length)); });
         });
    return target;
  }

  /// The query as [B, H, S, D] in the floats of the computation.
  Value plainQuery(Value shift) {
    Value target = graph.scratch(op->getLoc(), query.dims, floats);
    bool biased = isGiven(shift) && query.rows();
    SmallVector<Value> args{graph.memref(query.tensor)};
    if (biased)
      args.push_back(graph.memref(shift));
    fill(op, graph, "heads", target, query.dims, args,
         [&](B &b, ValueRange args, Index index) {
           Value x = query.load(b, args[0], index[0], index[1], index[2], index[3]);
           return biased ? shifted(b, x, args[1], args.back(), 0, index) : x;
         });
    return target;
  }

  void finish(Value queries, Value keys, Value values, double scale,
              double softcap, ArrayRef<Value> extra, Bias bias, Value result);

  onnx::Dims keyDims, valueDims; // [B, KV, L, D], with the past

private:
  /// Adds a projection's bias, `firstHead` heads further in the bias's list.
  static Value shifted(B &b, Value x, Value list, Value heads, int64_t firstHead,
                       Index index) {
    Value width = b.dim(heads, 3);
    Value at = b.add(b.mul(b.add(index[1], b.index(firstHead)), width), index[3]);
    return b.add(x, b.load(list, at));
  }
  void softmax(Value scores);

  Operation *op;
  GraphLowering &graph;
  const Heads &query;
  Type floats;
};

/// In place: weights of the visible positions, 0 elsewhere.
void Attention::softmax(Value scores) {
  RankedTensorType type = onnx::symbolicTensorType(scoreDims(), floats);
  graph.forRows(
      op, "softmax_visible", 0, type, 3, scores,
      [&](B &b, ValueRange args, MutableArrayRef<Value> index) {
        Value zero = b.index(0), extent = b.dim(args[0], 3);
        Value lowest = b.infinity(floats, true), none = b.number(floats, 0);
        auto load = [&](Value at) {
          index[3] = at;
          return b.load(args[0], index);
        };
        Value top = b.loop(zero, extent, lowest, [&](Value at, ValueRange carried) {
          return B::Carried{b.most(carried[0], load(at))};
        })[0];
        Value hidden = b.equal(top, lowest);
        Value shift = b.select(hidden, none, top);
        Value total = b.loop(zero, extent, none, [&](Value at, ValueRange carried) {
          Value power = math::ExpOp::create(b, b.sub(load(at), shift));
          b.store(power, args[0], index);
          return B::Carried{b.add(carried[0], power)};
        })[0];
        b.loop(zero, extent, [&](Value at) {
          Value weight = b.div(load(at), total);
          b.store(b.select(hidden, none, weight), args[0], index);
        });
      });
}

void Attention::finish(Value queries, Value keys, Value values, double scale,
                       double softcap, ArrayRef<Value> extra, Bias bias,
                       Value result) {
  Value scores = graph.scratch(op->getLoc(), scoreDims(), floats);
  SmallVector<Value> args(extra);
  size_t given = extra.size();
  args.append({queries, keys});
  Type wide = Float64Type::get(op->getContext());
  fill(op, graph, "scores", scores, scoreDims(), args,
       [&](B &b, ValueRange args, Index index) {
         Value q = args[given], k = args[given + 1];
         Value shift = bias(b, args, index);
         Value lowest = b.infinity(floats, true);
         return b.choose(
             b.equal(shift, lowest), floats, [&] { return lowest; },
             [&] {
               Value shared = arith::DivUIOp::create(b, b.dim(q, 1), b.dim(k, 1));
               Value head = arith::DivUIOp::create(b, index[1], shared);
               Value sum = b.loop(
                   b.index(0), b.dim(q, 3), b.number(wide, 0),
                   [&](Value d, ValueRange carried) {
                     Value x = b.load(q, {index[0], index[1], index[2], d});
                     Value y = b.load(k, {index[0], head, index[3], d});
                     return B::Carried{b.add(
                         carried[0], b.mul(b.convert(x, wide), b.convert(y, wide)))};
                   })[0];
               Value factor = b.number(wide, scale);
               if (scale == 0)
                 factor = b.div(b.number(wide, 1),
                                math::SqrtOp::create(
                                    b, b.convert(b.toInteger(b.dim(q, 3)), wide)));
               sum = b.mul(sum, factor);
               if (softcap > 0) {
                 Value cap = b.number(wide, softcap);
                 sum = b.mul(cap, math::TanhOp::create(b, b.div(sum, cap)));
               }
               return b.add(b.convert(sum, floats), shift);
             });
       });
  softmax(scores);
  bool rows = typeOf(result).getRank() == 3;
  graph.mapElements(
      op, result, {scores, values}, [&](B &b, ValueRange args, Index index) {
        Value width = b.dim(args[1], 3);
        Value head = rows ? Value(arith::DivUIOp::create(b, index[2], width))
                          : index[1];
        Value column = rows ? Value(arith::RemUIOp::create(b, index[2], width))
                            : index[3];
        Value row = index[rows ? 1 : 2];
        Value shared =
            arith::DivUIOp::create(b, b.dim(args[0], 1), b.dim(args[1], 1));
        Value source = arith::DivUIOp::create(b, head, shared);
        Value sum = b.loop(
            b.index(0), b.dim(args[1], 2), b.number(wide, 0),
            [&](Value j, ValueRange carried) {
              Value p = b.load(args[0], {index[0], head, row, j});
              Value v = b.load(args[1], {index[0], source, j, column});
              Value next = b.add(carried[0],
                                 b.mul(b.convert(p, wide), b.convert(v, wide)));
              // What is not seen may hold anything, also NaN.
              Value unseen = b.equal(p, b.number(floats, 0));
              return B::Carried{b.select(unseen, carried[0], next)};
            })[0];
        return b.convert(sum, computeType(typeOf(result).getElementType()));
      });
}

/// A tensor broadcast to the scores, as a shift; booleans hide. Behind the last
/// element of a row longer than one nothing is seen.
Value maskAt(B &b, Value memref, RankedTensorType type, RankedTensorType scores,
             Index index, Type floats) {
  Value zero = b.number(floats, 0), lowest = b.infinity(floats, true);
  if (type.getRank() == 0)
    return b.convert(b.load(memref, {}), floats);
  Value x = b.load(memref, broadcastIndex(b, memref, type, scores, index));
  Value shift = isa<FloatType>(x.getType())
                    ? b.convert(x, floats)
                    : b.select(b.equal(x, b.integer(0)), lowest, zero);
  Value reach = b.dim(memref, type.getRank() - 1);
  Value beyond = b.both(b.lessOrEqual(reach, index[3]),
                        b.notEqual(reach, b.index(1)));
  return b.select(beyond, lowest, shift);
}

LogicalResult lowerAttention(onnx::AttentionOp op, GraphLowering &graph) {
  for (auto [tensor, count] :
       {std::pair(op.getQuery(), op.getQNumHeads()),
        std::pair(op.getKey(), op.getKvNumHeads()),
        std::pair(op.getValue(), op.getKvNumHeads())})
    if (!areHeads(tensor, count))
      return op.emitError("has operands that are neither [B, S, H * D] nor "
                          "[B, H, S, D] of floats");
  Heads query = Heads::of(op.getQuery(), op.getQNumHeads());
  Heads key = Heads::of(op.getKey(), op.getKvNumHeads());
  Heads value = Heads::of(op.getValue(), op.getKvNumHeads());
  Attention attention(op, graph, query);
  Value keys = attention.present(key, op.getPastKey(), op.getPresentKey(),
                                 attention.keyDims, {}, 0);
  Value values = attention.present(value, op.getPastValue(), op.getPresentValue(),
                                   attention.valueDims, {}, 0);
  Type floats = floatsOf(query.element());
  RankedTensorType scores =
      onnx::symbolicTensorType(attention.scoreDims(), floats);
  SmallVector<Value> extra;
  bool masked = isGiven(op.getMask()), past = isGiven(op.getPastKey());
  bool lengths = isGiven(op.getNonpadKvSeqlen());
  if (masked)
    extra.push_back(graph.memref(op.getMask()));
  unsigned lengthsAt = extra.size();
  if (lengths)
    extra.push_back(graph.memref(op.getNonpadKvSeqlen()));
  unsigned pastAt = extra.size();
  if (past)
    extra.push_back(graph.memref(op.getPastKey()));
  attention.finish(
      attention.plainQuery({}), keys, values, op.getScale().convertToFloat(),
      op.getSoftcap().convertToFloat(), extra,
      [&](B &b, ValueRange args, Index index) {
        Value lowest = b.infinity(floats, true), shift = b.number(floats, 0);
        if (masked)
          shift = maskAt(b, args[0], typeOf(op.getMask()), scores, index, floats);
        Value row = b.toInteger(index[2]), column = b.toInteger(index[3]);
        Value before = past ? b.toInteger(b.dim(args[pastAt], 2)) : b.integer(0);
        if (lengths) {
          Value length = b.load(args[lengthsAt], index[0]);
          shift = b.select(b.lessOrEqual(length, column), lowest, shift);
          if (!past) // The query is the second argument from the scores.
            before = b.sub(length,
                           b.toInteger(b.dim(args[args.size() - 3], 2)));
        }
        if (op.getIsCausal())
          shift = b.select(b.less(b.add(row, before), column), lowest, shift);
        return shift;
      },
      op.getResult());
  return success();
}

LogicalResult lowerMultiHead(onnx::MultiHeadAttentionOp op, GraphLowering &graph) {
  int64_t count = op.getNumHeads();
  for (Value tensor : {op.getQuery(), op.getKey(), op.getValue()})
    if (!areHeads(tensor, count))
      return op.emitError("has operands that are neither [B, S, H * D] nor "
                          "[B, H, S, D] of floats");
  Heads query = Heads::of(op.getQuery(), count), key = Heads::of(op.getKey(), count);
  Heads value = Heads::of(op.getValue(), count);
  if (isGiven(op.getBias()) && query.dims[3] != value.dims[3])
    return op.emitError("has a bias, and values of another width than the query");
  Attention attention(op, graph, query);
  Value keys = attention.present(key, op.getPastKey(), op.getPresentKey(),
                                 attention.keyDims, op.getBias(), count);
  Value values = attention.present(value, op.getPastValue(), op.getPresentValue(),
                                   attention.valueDims, op.getBias(), 2 * count);
  Type floats = floatsOf(query.element());
  RankedTensorType scores =
      onnx::symbolicTensorType(attention.scoreDims(), floats);
  SmallVector<Value> extra;
  bool padded = isGiven(op.getKeyPaddingMask()), past = isGiven(op.getPastKey());
  bool biased = isGiven(op.getAttentionBias());
  if (padded && typeOf(op.getKeyPaddingMask()).getRank() != 2)
    return op.emitError("has a key padding mask that is not [B, L]");
  if (padded)
    extra.push_back(graph.memref(op.getKeyPaddingMask()));
  unsigned biasAt = extra.size();
  if (biased)
    extra.push_back(graph.memref(op.getAttentionBias()));
  unsigned pastAt = extra.size();
  if (past)
    extra.push_back(graph.memref(op.getPastKey()));
  double filter = op.getMaskFilterValue().convertToFloat();
  attention.finish(
      attention.plainQuery(op.getBias()), keys, values,
      op.getScale().convertToFloat(), 0, extra,
      [&](B &b, ValueRange args, Index index) {
        Value lowest = b.infinity(floats, true), shift = b.number(floats, 0);
        if (biased)
          shift = maskAt(b, args[biasAt], typeOf(op.getAttentionBias()), scores,
                         index, floats);
        if (padded) {
          Value seen = b.load(args[0], {index[0], index[3]});
          shift = b.select(b.equal(seen, b.integer(0)),
                           b.add(shift, b.number(floats, filter)), shift);
        }
        if (op.getUnidirectional()) {
          Value reach = past ? b.add(index[2], b.dim(args[pastAt], 2)) : index[2];
          shift = b.select(b.less(reach, index[3]), lowest, shift);
        }
        return shift;
      },
      op.getResult());
  return success();
}

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

void populateAttention(LoweringTable &table) {
  table.add<onnx::RotaryEmbeddingOp>(lowerRotary);
  table.add<onnx::AttentionOp>(lowerAttention);
  table.add<onnx::MultiHeadAttentionOp>(lowerMultiHead);
  table.add<onnx::GroupQueryAttentionOp>(
      [](onnx::GroupQueryAttentionOp op, GraphLowering &graph) {
        return GroupQuery(op, graph).run();
      });
}

} // namespace llmc
