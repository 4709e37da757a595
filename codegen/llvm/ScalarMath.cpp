/// See the header for errors. All series are Taylor's or Euler's own
/// coefficients, computed here, on intervals so short that their remainders are
/// below one unit in the last place of f64.
#include "codegen/llvm/ScalarMath.h"

#include "codegen/llvm/VectorBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numbers>

using namespace mlir;
using namespace llmc::codegen;

using F = arith::CmpFPredicate;

namespace {

/// The words of the functions below: everything is f64.
class Doubles {
public:
  explicit Doubles(VectorBuilder &b) : b(b), type(b.getF64Type()) {}

  Value c(double value) {
    return arith::ConstantOp::create(b, b.getF64FloatAttr(value));
  }
  Value inf() { return c(INFINITY); }
  Value nan() { return c(NAN); }
  Value abs(Value x) { return math::AbsFOp::create(b, x); }
  Value sqrt(Value x) { return math::SqrtOp::create(b, x); }
  Value fma(Value x, Value y, Value z) {
    return math::FmaOp::create(b, x, y, z);
  }
  Value signOf(Value size, Value sign) {
    return math::CopySignOp::create(b, size, sign);
  }
  Value where(F predicate, Value x, double bound, Value yes, Value no) {
    return b.select(b.compare(predicate, x, c(bound)), yes, no);
  }
  /// Horner's scheme, lowest coefficient first.
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value sum = c(coefficients.back());
    for (double next : llvm::reverse(coefficients.drop_back()))
      sum = fma(sum, x, c(next));
    return sum;
  }
  Value integer(int64_t value) {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  }
  /// 2^n for an integral n in [-1022, 1023].
  Value powerOfTwo(Value n) {
    Value bits = arith::FPToSIOp::create(b, b.getI64Type(), n);
    bits = arith::ShLIOp::create(
        b, arith::AddIOp::create(b, bits, integer(1023)), integer(52));
    return arith::BitcastOp::create(b, type, bits);
  }

  Value exp(Value x);
  Value expm1(Value x);
  Value log(Value x);
  Value log1p(Value x);
  Value sine(Value x, int64_t quadrants);
  Value tan(Value x);
  Value atan(Value x);
  Value erf(Value x);
  Value pow(Value x, Value y);

  VectorBuilder &b;
  Type type;

private:
  static constexpr double ln2High = 0x1.62e42fefa0000p-1; // 40 bits
  static constexpr double ln2Low = 0x1.cf79abc9e3b39p-40;
};

/// 1/first!, 1/(first+1)!, …
SmallVector<double> inverseFactorials(int first, int count) {
  SmallVector<double> list;
  for (int i = first; i < first + count; ++i)
    list.push_back(1 / std::tgamma(i + 1.0));
  return list;
}

} // namespace

/// x = n ln 2 + r with |r| <= ln 2 / 2, where x^14/14! < 2^-61.
Value Doubles::exp(Value x) {
  Value inside = b.minOf(b.maxOf(x, c(-708)), c(709.7));
  Value n = math::RoundEvenOp::create(b, b.mul(inside, c(std::numbers::log2e)));
  Value r = fma(n, c(-ln2High), inside);
  r = fma(n, c(-ln2Low), r);
  Value p = fma(b.mul(r, r), polynomial(r, inverseFactorials(2, 12)), r);
  p = b.add(p, c(1));
  // In two factors: 2^1024 is not a number, its half is.
  Value half = math::FloorOp::create(b, b.mul(n, c(0.5)));
  Value result = b.mul(b.mul(p, powerOfTwo(half)), powerOfTwo(b.sub(n, half)));
  result = where(F::OLT, x, -708, c(0), result);
  result = where(F::OGT, x, 709.78271289338397, inf(), result);
  return b.select(b.compare(F::UNO, x, x), x, result);
}

Value Doubles::expm1(Value x) {
  Value small = fma(b.mul(x, x), polynomial(x, inverseFactorials(2, 13)), x);
  return where(F::OLT, abs(x), 0.35, small, b.sub(exp(x), c(1)));
}

/// x = 2^n (1 + f), 1 + f in [sqrt(1/2), sqrt(2)); with s = f / (2 + f),
/// log(1 + f) = 2 atanh(s), |s| < 0.172.
Value Doubles::log(Value x) {
  Type i64 = b.getI64Type();
  Value bits = arith::BitcastOp::create(b, i64, x);
  Value sqrtHalf = integer(0x3fe6a09e667f3bcd);
  Value n = arith::ShRSIOp::create(b, b.sub(bits, sqrtHalf), integer(52));
  Value mantissa = arith::BitcastOp::create(
      b, type,
      b.sub(bits, arith::ShLIOp::create(b, n, integer(52)).getResult()));
  Value exponent = arith::SIToFPOp::create(b, type, n);
  Value f = b.sub(mantissa, c(1));
  Value s = b.div(f, b.add(f, c(2))), z = b.mul(s, s);
  SmallVector<double> series;
  for (int i = 3; i <= 23; i += 2)
    series.push_back(2.0 / i);
  // 2 s = f - s f, which is exact in its leading part.
  Value rest = b.mul(s, b.sub(b.mul(z, polynomial(z, series)), f));
  Value sum = b.add(f, fma(exponent, c(ln2Low), rest));
  Value result = fma(exponent, c(ln2High), sum);
  result = where(F::OEQ, x, INFINITY, x, result);
  result = where(F::OLT, x, 0x1p-1022, c(-INFINITY), result);
  result = where(F::OLE, x, -0x1p-1022, nan(), result);
  return b.select(b.compare(F::UNO, x, x), x, result);
}

/// What rounding 1 + x lost returns as a correction of first order.
Value Doubles::log1p(Value x) {
  Value u = b.add(c(1), x), lost = b.sub(x, b.sub(u, c(1)));
  Value result = b.add(log(u), b.div(lost, u));
  result = where(F::OEQ, u, 0, c(-INFINITY), result);
  result = where(F::OEQ, x, INFINITY, x, result);
  return where(F::OLT, abs(x), 0x1p-53, x, result);
}

/// sin(x + quadrants pi/2), reduced by pi/2 in three parts of 53 bits.
Value Doubles::sine(Value x, int64_t quadrants) {
  Value bounded = b.minOf(b.maxOf(x, c(-0x1p52)), c(0x1p52));
  Value n =
      math::RoundEvenOp::create(b, b.mul(bounded, c(2 * std::numbers::inv_pi)));
  Value r = fma(n, c(-0x1.921fb54442d18p+0), bounded);
  r = fma(n, c(-0x1.1a62633145c07p-54), r);
  Value z = b.mul(r, r);
  SmallVector<double> odd, even;
  for (int i = 1; i <= 8; ++i) {
    odd.push_back((i % 2 ? -1 : 1) / std::tgamma(2 * i + 2.0));
    even.push_back((i % 2 ? -1 : 1) / std::tgamma(2 * i + 1.0));
  }
  Value s = fma(b.mul(r, z), polynomial(z, odd), r);
  Value cosine = fma(z, polynomial(z, even), c(1));
  Value quadrant = b.add(arith::FPToSIOp::create(b, b.getI64Type(), n),
                         integer(quadrants));
  auto bit = [&](int64_t mask) {
    Value set = arith::AndIOp::create(b, quadrant, integer(mask));
    return b.compare(arith::CmpIPredicate::ne, set, integer(0));
  };
  Value result = b.select(bit(1), cosine, s);
  result = b.select(bit(2), b.neg(result), result);
  // Keeps the sign of zero.
  if (quadrants == 0)
    result = where(F::OEQ, x, 0, x, result);
  return where(F::OLT, abs(x), INFINITY, result, nan());
}

Value Doubles::tan(Value x) { return b.div(sine(x, 0), sine(x, 1)); }

/// |x| is mapped to [0, 1] by 1/x and then to |z| <= tan(pi/8) by
/// (x - 1) / (x + 1), that is by pi/2 and pi/4.
Value Doubles::atan(Value x) {
  Value size = abs(x);
  Value inverted = b.compare(F::OGT, size, c(1));
  Value y = b.select(inverted, b.div(c(1), size), size);
  Value far = b.compare(F::OGT, y, c(0.4142135623730950));
  Value z = b.select(far, b.div(b.sub(y, c(1)), b.add(y, c(1))), y);
  Value square = b.mul(z, z);
  SmallVector<double> series;
  for (int i = 1; i <= 21; ++i)
    series.push_back((i % 2 ? -1.0 : 1.0) / (2 * i + 1));
  Value angle = fma(b.mul(z, square), polynomial(square, series), z);
  angle = b.select(far, b.add(c(std::numbers::pi / 4), angle), angle);
  angle = b.select(inverted, b.sub(c(std::numbers::pi / 2), angle), angle);
  return b.select(b.compare(F::UNO, x, x), x, signOf(angle, x));
}

/// 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (1 3 5 … (2n+1)): all terms are
/// positive. 1 from 6 on.
Value Doubles::erf(Value x) {
  Value size = b.minOf(abs(x), c(6)), square = b.mul(size, size);
  Value twice = b.mul(square, c(2));
  auto sum = b.loop(b.index(1), b.index(130), 1, {size, size},
                    [&](Value n, ValueRange carried) -> SmallVector<Value> {
                      Value number = arith::IndexCastOp::create(
                          b, b.getI64Type(), n);
                      Value odd = fma(
                          arith::SIToFPOp::create(b, type, number), c(2), c(1));
                      Value term = b.div(b.mul(carried[0], twice), odd);
                      return {term, b.add(carried[1], term)};
                    });
  Value result = b.mul(b.mul(c(2 * std::numbers::inv_sqrtpi), exp(b.neg(square))),
                       sum[1]);
  result = b.minOf(result, c(1));
  return b.select(b.compare(F::UNO, x, x), x, signOf(result, x));
}

Value Doubles::pow(Value x, Value y) {
  Value size = abs(x), zero = c(0), one = c(1);
  Value power = exp(b.mul(y, log(size)));
  // 1 to any power: y log x would be infinite times 0 for infinite y.
  power = where(F::OEQ, size, 1, one, power);
  Value whole = b.compare(F::OEQ, y, math::FloorOp::create(b, y));
  Value half = b.mul(y, c(0.5));
  Value odd = arith::AndIOp::create(
      b, whole, b.compare(F::UNE, half, math::FloorOp::create(b, half)));
  Value negative = b.compare(F::OLT, x, zero);
  Value signedPower = b.select(odd, b.neg(power), b.select(whole, power, nan()));
  Value result = b.select(negative, signedPower, power);
  result = b.select(b.compare(F::UNO, x, y), nan(), result);
  // Small whole powers by squaring: exact where the result is a number of f64.
  Value count = arith::FPToSIOp::create(b, b.getI64Type(),
                                        b.minOf(abs(y), c(64)));
  Value product = one, factor = x;
  for (int bit = 0; bit < 6; ++bit) {
    Value set = arith::AndIOp::create(b, count, integer(1 << bit));
    Value isSet = b.compare(arith::CmpIPredicate::ne, set, integer(0));
    product = b.select(isSet, b.mul(product, factor), product);
    factor = b.mul(factor, factor);
  }
  product = where(F::OLT, y, 0, b.div(one, product), product);
  Value isSmall = arith::AndIOp::create(
      b, whole, b.compare(F::OLT, abs(y), c(64)));
  result = b.select(isSmall, product, result);
  Value isOne = arith::OrIOp::create(b, b.compare(F::OEQ, y, zero),
                                     b.compare(F::OEQ, x, one));
  return b.select(isOne, one, result);
}

/// The value in f64, or null for an op that stays: a machine instruction.
static Value expand(Doubles &d, Operation *op, ValueRange in) {
  VectorBuilder &b = d.b;
  Value x = in[0];
  auto half = [&](Value value) { return b.mul(d.c(0.5), value); };
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](math::RsqrtOp) { return b.div(d.c(1), d.sqrt(x)); })
      .Case([&](math::ExpOp) { return d.exp(x); })
      .Case([&](math::Exp2Op) { return d.exp(b.mul(x, d.c(std::numbers::ln2))); })
      .Case([&](math::ExpM1Op) { return d.expm1(x); })
      .Case([&](math::LogOp) { return d.log(x); })
      .Case([&](math::Log2Op) {
        return b.mul(d.log(x), d.c(std::numbers::log2e));
      })
      .Case([&](math::Log10Op) {
        return b.mul(d.log(x), d.c(std::numbers::log10e));
      })
      .Case([&](math::Log1pOp) { return d.log1p(x); })
      .Case([&](math::TanhOp) {
        Value e = d.expm1(b.mul(d.c(2), b.minOf(d.abs(x), d.c(20))));
        Value t = d.signOf(b.div(e, b.add(e, d.c(2))), x);
        return b.select(b.compare(F::UNO, x, x), x, t);
      })
      .Case([&](math::SinhOp) {
        // Near the end of the range exp(x) / 2 is still a number.
        Value size = d.abs(x), e = d.expm1(size);
        Value near = half(b.add(e, b.div(e, b.add(e, d.c(1)))));
        Value root = d.exp(half(size));
        Value far = b.mul(half(root), root);
        return d.signOf(d.where(F::OLT, size, 40, near, far), x);
      })
      .Case([&](math::CoshOp) {
        Value size = d.abs(x), e = d.exp(size), root = d.exp(half(size));
        Value near = half(b.add(e, b.div(d.c(1), e)));
        return d.where(F::OLT, size, 40, near, b.mul(half(root), root));
      })
      .Case([&](math::SinOp) { return d.sine(x, 0); })
      .Case([&](math::CosOp) { return d.sine(x, 1); })
      .Case([&](math::TanOp) { return d.tan(x); })
      .Case([&](math::AtanOp) { return d.atan(x); })
      .Case([&](math::AsinOp) {
        Value one = d.c(1);
        return d.atan(
            b.div(x, d.sqrt(b.mul(b.sub(one, x), b.add(one, x)))));
      })
      .Case([&](math::AcosOp) {
        Value one = d.c(1);
        return b.mul(d.c(2), d.atan(d.sqrt(
                                 b.div(b.sub(one, x), b.add(one, x)))));
      })
      .Case([&](math::AsinhOp) {
        Value size = d.abs(x), one = d.c(1), square = b.mul(size, size);
        Value near = d.log1p(b.add(
            size, b.div(square, b.add(one, d.sqrt(b.add(square, one))))));
        // Squares of large numbers overflow.
        Value far = b.add(d.log(size), d.c(std::numbers::ln2));
        return d.signOf(d.where(F::OLT, size, 0x1p30, near, far), x);
      })
      .Case([&](math::AcoshOp) {
        Value t = b.sub(x, d.c(1));
        Value root = d.sqrt(b.mul(t, b.add(t, d.c(2))));
        Value far = b.add(d.log(x), d.c(std::numbers::ln2));
        return d.where(F::OGT, x, 0x1p30, far, d.log1p(b.add(t, root)));
      })
      .Case([&](math::AtanhOp) {
        Value size = d.abs(x);
        Value ratio = b.div(b.mul(d.c(2), size), b.sub(d.c(1), size));
        return d.signOf(half(d.log1p(ratio)), x);
      })
      .Case([&](math::ErfOp) { return d.erf(x); })
      .Case([&](math::PowFOp) { return d.pow(x, in[1]); })
      .Default([](Operation *) { return Value(); });
}

namespace {

struct ScalarMath : PassWrapper<ScalarMath, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ScalarMath)
  StringRef getArgument() const override { return "llmc-scalar-math"; }
  StringRef getDescription() const override {
    return "Expand math ops on scalars to arithmetic";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, math::MathDialect, scf::SCFDialect>();
  }

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa_and_nonnull<math::MathDialect>(op->getDialect()) &&
          op->getNumResults() == 1 &&
          (op->getResult(0).getType().isF32() ||
           op->getResult(0).getType().isF64()))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      replace(op);
  }

  static void replace(Operation *op) {
    VectorBuilder b(op->getLoc(), op);
    Doubles doubles(b);
    Type type = op->getResult(0).getType();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(
          operand.getType().isF32()
              ? arith::ExtFOp::create(b, doubles.type, operand).getResult()
              : operand);
    Value result = expand(doubles, op, operands);
    if (!result) {
      for (auto [given, wide] : llvm::zip(op->getOperands(), operands))
        if (given != wide)
          wide.getDefiningOp()->erase();
      return;
    }
    if (type.isF32())
      result = arith::TruncFOp::create(b, type, result);
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
  }
};

} // namespace

std::unique_ptr<Pass> llmc::codegen::createScalarMathPass() {
  return std::make_unique<ScalarMath>();
}
