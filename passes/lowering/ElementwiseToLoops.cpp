/// Two or more operands, element by element, broadcast: arithmetic, comparison,
/// logic, Where, Clip, Cast.
#include "passes/lowering/GraphLowering.h"

using namespace mlir;

namespace llmc {

namespace {

/// Operands as the arithmetic of their kind: of u64, `word` is set.
using Scalars = llvm::function_ref<Value(LoopBuilder &, Value, Value, bool word)>;

LogicalResult lowerBinary(Operation *op, GraphLowering &graph, Scalars scalars) {
  Value lhs = op->getOperand(0), rhs = op->getOperand(1), result = op->getResult(0);
  RankedTensorType left = typeOf(lhs), right = typeOf(rhs), to = typeOf(result);
  bool word = kindOf(left.getElementType()) == Kind::Word;
  graph.mapElements(
      op, result, {graph.memref(lhs), graph.memref(rhs)},
      [&](LoopBuilder &b, ValueRange args, ArrayRef<Value> index) {
        Value x = b.load(args[0], broadcastIndex(b, args[0], left, to, index));
        Value y = b.load(args[1], broadcastIndex(b, args[1], right, to, index));
        return scalars(b, x, y, word);
      });
  return success();
}

template <typename Op> void addBinary(LoweringTable &table, auto scalars) {
  table.add<Op>([scalars](Op op, GraphLowering &graph) {
    return lowerBinary(op, graph, scalars);
  });
}

/// base to the power of an integer, wrapping, by squaring.
Value integerPower(LoopBuilder &b, Value base, Value exponent, bool word) {
  Value zero = b.integer(0), one = b.integer(1);
  // 64 rounds see every bit of the exponent.
  auto done = b.loop(
      b.index(0), b.index(64), {one, base, exponent},
      [&](Value, ValueRange carried) {
        Value odd = b.notEqual(
            arith::AndIOp::create(b, carried[2], one), zero);
        return LoopBuilder::Carried{
            b.select(odd, b.mul(carried[0], carried[1]), carried[0]),
            b.mul(carried[1], carried[1]),
            arith::ShRUIOp::create(b, carried[2], one)};
      });
  if (word)
    return done[0];
  // Negative exponents: a fraction, which is 0, except of 1 and -1.
  Value odd = b.notEqual(arith::AndIOp::create(b, exponent, one), zero);
  Value minus = b.integer(-1);
  Value fraction = b.select(
      b.equal(base, one), one,
      b.select(b.equal(base, minus), b.select(odd, minus, one), zero));
  return b.select(b.less(exponent, zero), fraction, done[0]);
}

Value power(LoopBuilder &b, Value base, Value exponent, bool word) {
  Type type = base.getType();
  if (!isa<FloatType>(type) && !isa<FloatType>(exponent.getType()))
    return integerPower(b, base, exponent, word);
  Type wide = b.getF64Type();
  Type compute = type.isF32() && !exponent.getType().isF64() ? type : wide;
  Value result = math::PowFOp::create(b, b.convert(base, compute, word),
                                      b.convert(exponent, compute));
  return b.convert(result, type, false, word);
}

/// The remainder of floats with the sign of the dividend, exact: each round
/// takes away a multiple of the divisor whose quotient has half the digits of
/// the type, so that the fused difference is not rounded.
Value floatRemainder(LoopBuilder &b, Value x, Value y) {
  Type type = x.getType();
  bool wide = type.isF64();
  int digits = wide ? 26 : 12, rounds = wide ? 84 : 26; // covers all exponents
  Type bits = b.getIntegerType(wide ? 64 : 32);
  Value size = math::AbsFOp::create(b, x), step = math::AbsFOp::create(b, y);
  Value zero = b.number(type, 0);
  Value valid = b.both(b.less(size, b.infinity(type, false)), b.less(zero, step));
  Value divisor = b.select(valid, step, b.number(type, 1));
  int64_t low = (int64_t(1) << (wide ? 53 - digits : 24 - digits)) - 1;
  Value mask = arith::ConstantOp::create(b, b.getIntegerAttr(bits, ~low));
  auto done = b.loop(
      b.index(0), b.index(rounds), {b.select(valid, size, zero)},
      [&](Value, ValueRange carried) {
        Value rest = carried[0];
        Value quotient = math::FloorOp::create(b, b.div(rest, divisor));
        Value pattern = arith::BitcastOp::create(b, bits, quotient);
        Value cut = arith::BitcastOp::create(
            b, type, arith::AndIOp::create(b, pattern, mask).getResult());
        Value large = b.less(b.number(type, double(1 << digits)), quotient);
        quotient = b.select(large, cut, quotient);
        Value next = math::FmaOp::create(b, b.neg(quotient), divisor, rest);
        // The quotient may have been rounded up to an integer.
        next = b.select(b.less(next, zero), b.add(next, divisor), next);
        return LoopBuilder::Carried{
            b.select(b.less(rest, divisor), rest, next)};
      });
  Value signedRest = math::CopySignOp::create(b, done[0], x);
  return b.select(valid, signedRest, b.div(zero, zero));
}

Value modulo(LoopBuilder &b, Value x, Value y, bool word, bool fmod) {
  Type type = x.getType();
  Value rest = isa<FloatType>(type) ? floatRemainder(b, x, y)
                                    : b.rem(x, y, word);
  if (fmod || word)
    return rest;
  Value zero = b.number(type, 0);
  Value differs = b.notEqual(b.toInteger(b.less(rest, zero)),
                             b.toInteger(b.less(y, zero)));
  return b.select(b.both(b.notEqual(rest, zero), differs), b.add(rest, y), rest);
}

void addArithmetic(LoweringTable &table) {
  addBinary<onnx::AddOp>(table, [](LoopBuilder &b, Value x, Value y, bool) {
    return b.add(x, y);
  });
  addBinary<onnx::SubOp>(table, [](LoopBuilder &b, Value x, Value y, bool) {
    return b.sub(x, y);
  });
  addBinary<onnx::MulOp>(table, [](LoopBuilder &b, Value x, Value y, bool) {
    return b.mul(x, y);
  });
  addBinary<onnx::DivOp>(table, [](LoopBuilder &b, Value x, Value y, bool word) {
    return b.div(x, y, word);
  });
  addBinary<onnx::MinOp>(table, [](LoopBuilder &b, Value x, Value y, bool word) {
    return b.least(x, y, word);
  });
  addBinary<onnx::MaxOp>(table, [](LoopBuilder &b, Value x, Value y, bool word) {
    return b.most(x, y, word);
  });
  addBinary<onnx::PReluOp>(table, [](LoopBuilder &b, Value x, Value y, bool word) {
    return word ? x : b.select(b.less(x, b.number(x.getType(), 0)), b.mul(x, y), x);
  });
  addBinary<onnx::PowOp>(table, power);
  table.add<onnx::ModOp>([](onnx::ModOp op, GraphLowering &graph) {
    return lowerBinary(op, graph, [&](LoopBuilder &b, Value x, Value y, bool word) {
      return modulo(b, x, y, word, op.getFmod());
    });
  });
}

void addLogic(LoweringTable &table) {
  auto compare = [](auto make) {
    return [make](LoopBuilder &b, Value x, Value y, bool word) {
      return b.toInteger(make(b, x, y, word));
    };
  };
  using B = LoopBuilder;
  addBinary<onnx::EqualOp>(table, compare([](B &b, Value x, Value y, bool) {
    return b.equal(x, y);
  }));
  addBinary<onnx::LessOp>(table, compare([](B &b, Value x, Value y, bool word) {
    return b.less(x, y, word);
  }));
  addBinary<onnx::GreaterOp>(table, compare([](B &b, Value x, Value y, bool word) {
    return b.less(y, x, word);
  }));
  addBinary<onnx::LessOrEqualOp>(table, compare([](B &b, Value x, Value y, bool word) {
    return b.lessOrEqual(x, y, word);
  }));
  addBinary<onnx::GreaterOrEqualOp>(table, compare([](B &b, Value x, Value y, bool word) {
    return b.lessOrEqual(y, x, word);
  }));
  auto conjunction = [](B &b, Value x, Value y, bool) -> Value {
    return arith::AndIOp::create(b, x, y);
  };
  auto disjunction = [](B &b, Value x, Value y, bool) -> Value {
    return arith::OrIOp::create(b, x, y);
  };
  auto difference = [](B &b, Value x, Value y, bool) -> Value {
    return arith::XOrIOp::create(b, x, y);
  };
  addBinary<onnx::AndOp>(table, conjunction);
  addBinary<onnx::OrOp>(table, disjunction);
  addBinary<onnx::XorOp>(table, difference);
  addBinary<onnx::BitwiseAndOp>(table, conjunction);
  addBinary<onnx::BitwiseOrOp>(table, disjunction);
  addBinary<onnx::BitwiseXorOp>(table, difference);
  table.add<onnx::BitShiftOp>([](onnx::BitShiftOp op, GraphLowering &graph) {
    return lowerBinary(op, graph, [&](B &b, Value x, Value y, bool) -> Value {
      // Further than the type is wide: nothing remains.
      Value far = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, y,
                                        b.integer(64));
      Value by = b.select(far, b.integer(0), y);
      Value shifted;
      if (op.getLeft())
        shifted = arith::ShLIOp::create(b, x, by);
      else
        shifted = arith::ShRUIOp::create(b, x, by);
      return b.select(far, b.integer(0), shifted);
    });
  });
}

LogicalResult lowerWhere(onnx::WhereOp op, GraphLowering &graph) {
  RankedTensorType types[] = {typeOf(op.getCondition()), typeOf(op.getLhs()),
                              typeOf(op.getRhs())};
  RankedTensorType to = typeOf(op.getResult());
  graph.moveElements(
      op, op.getResult(),
      {graph.memref(op.getCondition()), graph.memref(op.getLhs()),
       graph.memref(op.getRhs())},
      [&](LoopBuilder &b, ValueRange args, ArrayRef<Value> index) {
        auto at = [&](unsigned i) {
          return broadcastIndex(b, args[i], types[i], to, index);
        };
        Value condition = b.notEqual(b.load(args[0], at(0)), b.integer(0));
        return b.select(condition, b.loadRaw(args[1], at(1)),
                        b.loadRaw(args[2], at(2)));
      });
  return success();
}

LogicalResult lowerClip(onnx::ClipOp op, GraphLowering &graph) {
  SmallVector<Value> args{graph.memref(op.getInput())};
  for (Value bound : {op.getMin(), op.getMax()}) {
    if (!isGiven(bound))
      continue;
    if (typeOf(bound).getRank() != 0 &&
        !(typeOf(bound).hasStaticShape() && typeOf(bound).getNumElements() == 1))
      return op.emitError("has bounds that are not scalars");
    args.push_back(graph.memref(bound));
  }
  bool word = kindOf(typeOf(op.getInput()).getElementType()) == Kind::Word;
  bool low = isGiven(op.getMin()), high = isGiven(op.getMax());
  graph.mapElements(
      op, op.getResult(), args,
      [&](LoopBuilder &b, ValueRange args, ArrayRef<Value> index) {
        Value x = b.load(args[0], index);
        auto bound = [&](unsigned i) {
          unsigned rank = cast<MemRefType>(args[i].getType()).getRank();
          return b.load(args[i], SmallVector<Value>(rank, b.index(0)));
        };
        if (low) {
          Value min = bound(1);
          x = b.select(b.less(x, min, word), min, x);
        }
        if (high) {
          Value max = bound(low ? 2 : 1);
          x = b.select(b.less(max, x, word), max, x);
        }
        return x;
      });
  return success();
}

LogicalResult lowerCast(onnx::CastOp op, GraphLowering &graph) {
  Type from = typeOf(op.getInput()).getElementType();
  Type to = typeOf(op.getResult()).getElementType();
  graph.mapElements(
      op, op.getResult(), graph.memref(op.getInput()),
      [&](LoopBuilder &b, ValueRange args, ArrayRef<Value> index) {
        Value x = b.load(args[0], index);
        if (to.isInteger(1))
          return b.toInteger(b.notEqual(x, b.number(x.getType(), 0)));
        return b.convert(x, computeType(to), kindOf(from) == Kind::Word,
                         kindOf(to) == Kind::Word);
      });
  return success();
}

} // namespace

void populateElementwise(LoweringTable &table) {
  addArithmetic(table);
  addLogic(table);
  table.add<onnx::WhereOp>(lowerWhere);
  table.add<onnx::ClipOp>(lowerClip);
  table.add<onnx::CastOp>(lowerCast);
}

} // namespace llmc
