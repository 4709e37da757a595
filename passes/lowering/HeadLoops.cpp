/// Attention in steps that each are a launch: query, keys and values as
/// [B, H, S, D] (biased, rotated, behind the past), scores [B, H, S, L] (scaled,
/// capped, masked), their softmax in place, and the sum of values. Masked rows
/// give 0.
#include "passes/lowering/HeadLoops.h"

using namespace mlir;

namespace llmc::heads {

Heads Heads::of(Value tensor, int64_t heads, int64_t parts,
                int64_t firstHead) {
  onnx::Dims own = onnx::symbolicDims(typeOf(tensor));
  Heads result{tensor, heads, parts ? parts : heads, firstHead, own};
  if (own.size() == 3)
    result.dims = {own[0], getAffineConstantExpr(heads, tensor.getContext()),
                   own[1], own[2].floorDiv(result.parts)};
  return result;
}

Value Heads::load(B &b, Value memref, Value batch, Value head, Value row,
           Value column) const {
  if (!rows())
    return b.load(memref, {batch, head, row, column});
  Value width =
      arith::DivUIOp::create(b, b.dim(memref, 2), b.index(parts));
  Value at = b.add(b.mul(b.add(head, b.index(firstHead)), width), column);
  return b.load(memref, {batch, row, at});
}

bool areHeads(Value tensor, int64_t heads) {
  int64_t rank = typeOf(tensor).getRank();
  return isFloating(kindOf(typeOf(tensor).getElementType())) &&
         (rank == 4 || (rank == 3 && heads > 0));
}

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

Value Attention::shifted(B &b, Value x, Value list, Value heads, int64_t firstHead,
                     Index index) {
  Value width = b.dim(heads, 3);
  Value at = b.add(b.mul(b.add(index[1], b.index(firstHead)), width), index[3]);
  return b.add(x, b.load(list, at));
}

Value Attention::present(const Heads &now, Value past, Value result, onnx::Dims &dims,
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

Value Attention::plainQuery(Value shift) {
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

} // namespace llmc::heads
