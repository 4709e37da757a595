/// Reductions along dimensions: Reduce*, ArgMax, ArgMin. Sums of floats are
/// taken in f64 in ascending order of the index and rounded once.
#include "passes/lowering/GraphLowering.h"

using namespace mlir;

namespace llmc {

namespace {

using B = LoopBuilder;

/// The type that sums of this element type are taken in.
Type sumType(Type element) {
  MLIRContext *context = element.getContext();
  if (isFloating(kindOf(element)))
    return Float64Type::get(context);
  return IntegerType::get(context, 64);
}

/// A reduction in three steps on scalars of the sum's type.
struct Steps {
  std::function<Value(B &, Type)> initial;
  /// Running value and the next element.
  std::function<Value(B &, Value, Value, bool word)> next;
  /// Of the result and the number of elements (i64).
  std::function<Value(B &, Value, Value, bool word)> last;
};

LogicalResult lowerReduction(Operation *op, ArrayRef<int64_t> axes, bool keepdims,
                             const Steps &steps, GraphLowering &graph,
                             bool floats = false) {
  Value input = op->getOperand(0);
  Type element = typeOf(input).getElementType();
  bool word = kindOf(element) == Kind::Word;
  // What is a root or a logarithm is computed in floats even of integers.
  Type type = floats ? Type(Float64Type::get(op->getContext())) : sumType(element);
  int64_t rank = typeOf(input).getRank();
  SmallVector<int64_t> reduced(axes);
  graph.mapElements(
      op, op->getResult(0), graph.memref(input),
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        SmallVector<Value> extents, base(rank);
        Value count = b.index(1);
        unsigned kept = 0;
        for (int64_t i = 0; i < rank; ++i) {
          if (!llvm::is_contained(reduced, i)) {
            base[i] = index[kept++];
            continue;
          }
          kept += keepdims;
          extents.push_back(b.dim(args[0], i));
          count = b.mul(count, extents.back());
        }
        auto total = b.loops(
            extents, steps.initial(b, type),
            [&](ArrayRef<Value> inner, ValueRange carried) {
              SmallVector<Value> at(base);
              for (auto [axis, place] : llvm::zip(reduced, inner))
                at[axis] = place;
              Value x = b.convert(b.load(args[0], at), type, word);
              return B::Carried{steps.next(b, carried[0], x, word)};
            });
        Value result = total[0];
        if (steps.last)
          result = steps.last(b, result, b.toInteger(count), word);
        return b.convert(result, computeType(element), false, word);
      });
  return success();
}

std::function<Value(B &, Type)> startAt(double value) {
  return [value](B &b, Type type) { return b.number(type, value); };
}

template <typename Op>
void addReduction(LoweringTable &table, Steps steps, bool floats = false) {
  table.add<Op>([=](Op op, GraphLowering &graph) {
    return lowerReduction(op, op.getAxes(), op.getKeepdims(), steps, graph, floats);
  });
}

Value magnitude(B &b, Value x, bool word) {
  if (isa<FloatType>(x.getType()))
    return math::AbsFOp::create(b, x);
  return word ? x : b.select(b.less(x, b.integer(0)), b.neg(x), x);
}

/// The least or greatest number that a reduction begins with; integers are
/// compared with the sign of their kind.
template <typename Op> void addExtremum(LoweringTable &table, bool most) {
  table.add<Op>([most](Op op, GraphLowering &graph) {
    bool word = kindOf(typeOf(op.getInput()).getElementType()) == Kind::Word;
    Steps steps;
    steps.initial = [most, word](B &b, Type type) -> Value {
      if (isa<FloatType>(type))
        return b.infinity(type, most);
      if (word)
        return b.integer(most ? 0 : -1);
      return b.integer(most ? INT64_MIN : INT64_MAX);
    };
    steps.next = [most](B &b, Value running, Value x, bool word) {
      return most ? b.most(running, x, word) : b.least(running, x, word);
    };
    return lowerReduction(op, op.getAxes(), op.getKeepdims(), steps, graph);
  });
}

/// max + log(sum(exp(x - max))), in two passes over the elements.
LogicalResult lowerLogSumExp(onnx::ReduceLogSumExpOp op, GraphLowering &graph) {
  Type element = typeOf(op.getInput()).getElementType();
  bool word = kindOf(element) == Kind::Word;
  Type type = Float64Type::get(op.getContext());
  int64_t rank = typeOf(op.getInput()).getRank();
  SmallVector<int64_t> axes(op.getAxes());
  bool keepdims = op.getKeepdims();
  graph.mapElements(
      op, op.getResult(), graph.memref(op.getInput()),
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        SmallVector<Value> extents, base(rank);
        unsigned kept = 0;
        for (int64_t i = 0; i < rank; ++i) {
          bool reduced = llvm::is_contained(axes, i);
          if (reduced)
            extents.push_back(b.dim(args[0], i));
          else
            base[i] = index[kept];
          kept += !reduced || keepdims;
        }
        auto element = [&](ArrayRef<Value> inner) {
          SmallVector<Value> at(base);
          for (auto [axis, place] : llvm::zip(axes, inner))
            at[axis] = place;
          return b.convert(b.load(args[0], at), type, word);
        };
        Value top = b.loops(extents, b.infinity(type, true),
                            [&](ArrayRef<Value> inner, ValueRange carried) {
                              return B::Carried{
                                  b.most(carried[0], element(inner))};
                            })[0];
        Value total =
            b.loops(extents, b.number(type, 0),
                    [&](ArrayRef<Value> inner, ValueRange carried) {
                      Value power = math::ExpOp::create(
                          b, b.sub(element(inner), top));
                      return B::Carried{b.add(carried[0], power)};
                    })[0];
        Value sum = b.add(top, math::LogOp::create(b, total));
        // Of infinities the differences are not numbers.
        Value finite = b.less(math::AbsFOp::create(b, top), b.infinity(type, false));
        return b.convert(b.select(finite, sum, top),
                         computeType(typeOf(op.getResult()).getElementType()));
      });
  return success();
}

template <typename Op> void addArg(LoweringTable &table, bool most) {
  table.add<Op>([most](Op op, GraphLowering &graph) {
    Type element = typeOf(op.getInput()).getElementType();
    bool word = kindOf(element) == Kind::Word;
    int64_t axis = op.getAxis(), rank = typeOf(op.getInput()).getRank();
    bool keepdims = op.getKeepdims(), last = op.getSelectLastIndex();
    graph.mapElements(
        op, op.getResult(), graph.memref(op.getInput()),
        [&](B &b, ValueRange args, ArrayRef<Value> index) {
          auto load = [&](Value place) {
            SmallVector<Value> at;
            for (int64_t i = 0; i < rank; ++i)
              at.push_back(i == axis ? place
                                     : index[i > axis && !keepdims ? i - 1 : i]);
            return b.load(args[0], at);
          };
          Value zero = b.index(0);
          auto best = b.loop(
              b.index(1), b.dim(args[0], axis), {load(zero), zero},
              [&](Value place, ValueRange carried) {
                Value x = load(place), old = carried[0];
                Value a = most ? old : x, c = most ? x : old;
                Value better = last ? b.lessOrEqual(a, c, word)
                                    : b.less(a, c, word);
                if (isa<FloatType>(x.getType())) {
                  // NaN comes before all; the first or the last of several.
                  Value isNan = b.isNan(x), wasNan = b.isNan(old);
                  better = b.either(b.both(better, b.isNot(wasNan)),
                                    last ? isNan
                                         : b.both(isNan, b.isNot(wasNan)));
                }
                return B::Carried{b.select(better, x, old),
                                  b.select(better, place, carried[1])};
              });
          return b.toInteger(best[1]);
        });
    return success();
  });
}

} // namespace

void populateReduction(LoweringTable &table) {
  auto plus = [](B &b, Value sum, Value x, bool) { return b.add(sum, x); };
  auto squares = [](B &b, Value sum, Value x, bool) {
    return b.add(sum, b.mul(x, x));
  };
  auto root = [](B &b, Value sum, Value, bool) -> Value {
    return math::SqrtOp::create(b, sum);
  };
  auto logarithm = [](B &b, Value sum, Value, bool) -> Value {
    return math::LogOp::create(b, sum);
  };
  auto mean = [](B &b, Value sum, Value count, bool word) {
    return b.div(sum, b.convert(count, sum.getType()), word);
  };
  addReduction<onnx::ReduceSumOp>(table, {startAt(0), plus, {}});
  addReduction<onnx::ReduceMeanOp>(table, {startAt(0), plus, mean});
  addReduction<onnx::ReduceProdOp>(
      table, {startAt(1),
              [](B &b, Value product, Value x, bool) { return b.mul(product, x); },
              {}});
  addReduction<onnx::ReduceL1Op>(
      table, {startAt(0),
              [](B &b, Value sum, Value x, bool word) {
                return b.add(sum, magnitude(b, x, word));
              },
              {}});
  addReduction<onnx::ReduceL2Op>(table, {startAt(0), squares, root}, true);
  addReduction<onnx::ReduceSumSquareOp>(table, {startAt(0), squares, {}});
  addReduction<onnx::ReduceLogSumOp>(table, {startAt(0), plus, logarithm}, true);
  table.add<onnx::ReduceLogSumExpOp>(lowerLogSumExp);
  addExtremum<onnx::ReduceMaxOp>(table, true);
  addExtremum<onnx::ReduceMinOp>(table, false);
  addArg<onnx::ArgMaxOp>(table, true);
  addArg<onnx::ArgMinOp>(table, false);
}

} // namespace llmc
