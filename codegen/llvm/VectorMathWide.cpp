/// Elementary functions of f64, for graphs that compute in it: see VectorMath.h.
/// Series are Taylor's, long enough for 2^-53 after the argument's reduction.
#include "codegen/llvm/VectorMath.h"

#include "codegen/llvm/VectorMathParts.h"
#include "llvm/ADT/TypeSwitch.h"

#include <numbers>

using namespace mlir;
using namespace llmc::codegen;

using F = arith::CmpFPredicate;
using llvm::SmallVector;

/// 1/k! for k from `first` to `last` in steps, with alternating signs if asked.
static SmallVector<double> inverseFactorials(int first, int last, int step,
                                             bool alternating) {
  SmallVector<double> series;
  double factorial = 1;
  for (int k = 2; k <= last; ++k) {
    factorial *= k;
    if (k >= first && (k - first) % step == 0)
      series.push_back((alternating && series.size() % 2 == 0 ? -1 : 1) /
                       factorial);
  }
  return series;
}

/// value * 2^n in two steps, so that n may reach beyond the exponents' range.
static Value scale(VectorBuilder &b, Value value, Value n) {
  Type integers = withElement(value.getType(), b.getI64Type());
  Value whole = arith::FPToSIOp::create(b, integers, n);
  Value first = arith::ShRSIOp::create(b, whole, b.integer(integers, 1));
  auto power = [&](Value exponent) {
    Value biased = b.add(exponent, b.integer(integers, 1023));
    return b.bitcast(
        arith::ShLIOp::create(b, biased, b.integer(integers, 52)),
        b.getF64Type());
  };
  return b.mul(b.mul(value, power(first)), power(b.sub(whole, first)));
}

static Value wideExp(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value inside = b.minOf(b.maxOf(x, b.number(type, -746)), b.number(type, 710));
  Value n = math::RoundEvenOp::create(
      b, b.mul(inside, b.number(type, std::numbers::log2e)));
  Value r = b.fma(n, b.number(type, -0x1.62e42feep-1), inside);
  r = b.fma(n, b.number(type, -0x1.a39ef35793c76p-33), r);
  Value q = polynomial(b, r, inverseFactorials(2, 14, 1, false));
  Value p = b.add(b.fma(b.mul(r, r), q, r), b.number(type, 1));
  return nanOr(b, x, scale(b, p, n));
}

static Value wideExpm1(VectorBuilder &b, Value x) {
  Value q = polynomial(b, x, inverseFactorials(2, 18, 1, false));
  Value small = b.fma(b.mul(x, x), q, x);
  Value large = b.sub(wideExp(b, x), b.number(x.getType(), 1));
  return whereSmall(b, x, 0.5, small, large);
}

static Value wideLog(VectorBuilder &b, Value x) {
  Type type = x.getType(), integers = withElement(type, b.getI64Type());
  Value bits = b.bitcast(x, b.getI64Type());
  Value shift = b.integer(integers, 52);
  Value n = arith::ShRSIOp::create(
      b, b.sub(bits, b.integer(integers, 0x3fe6a09e667f3bcd)), shift);
  Value mantissa = b.bitcast(b.sub(bits, arith::ShLIOp::create(b, n, shift)),
                             b.getF64Type());
  Value f = b.sub(mantissa, b.number(type, 1));
  // log(1 + f) = f - f^2/2 + s (f^2/2 + R), s = f / (2 + f), R from atanh.
  Value s = b.div(f, b.add(f, b.number(type, 2)));
  Value z = b.mul(s, s);
  SmallVector<double> series;
  for (int k = 1; k < 12; ++k)
    series.push_back(2.0 / (2 * k + 1));
  Value r = b.mul(z, polynomial(b, z, series));
  Value halfSquare = b.mul(b.mul(f, f), b.number(type, 0.5));
  Value exponent = arith::SIToFPOp::create(b, type, n);
  Value rest = b.fma(s, b.add(halfSquare, r),
                     b.mul(exponent, b.number(type, 0x1.a39ef35793c76p-33)));
  Value small = b.add(f, b.sub(rest, halfSquare));
  Value result = b.fma(exponent, b.number(type, 0x1.62e42feep-1), small);
  Value inf = b.infinity(type, false), zero = b.number(type, 0);
  result = b.select(b.compare(F::OEQ, x, inf), inf, result);
  result = b.select(b.compare(F::OEQ, x, zero), b.infinity(type, true), result);
  result = b.select(b.compare(F::OLT, x, zero), b.nan(type), result);
  return nanOr(b, x, result);
}

static Value wideLog1p(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value one = b.number(type, 1), inf = b.infinity(type, false);
  Value u = b.add(one, x);
  Value lost = b.sub(x, b.sub(u, one));
  Value corrected = b.add(wideLog(b, u), b.div(lost, u));
  Value edge = b.select(b.compare(F::OEQ, u, b.number(type, 0)),
                        b.infinity(type, true), corrected);
  edge = b.select(b.compare(F::OEQ, x, inf), inf, edge);
  return whereSmall(b, x, 0x1p-53, x, edge);
}

static Value wideTanh(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value size = b.minOf(magnitude(b, x), b.number(type, 30));
  Value p = wideExpm1(b, b.add(size, size));
  Value result = b.div(p, b.add(p, b.number(type, 2)));
  return nanOr(b, x, withSignOf(b, result, x));
}

/// sin(x + quadrants * pi/2).
static Value wideSine(VectorBuilder &b, Value x, int64_t quadrants) {
  Type type = x.getType(), integers = withElement(type, b.getI64Type());
  Value inside = b.minOf(b.maxOf(x, b.number(type, -0x1p+50)),
                         b.number(type, 0x1p+50));
  Value n = math::RoundEvenOp::create(
      b, b.mul(inside, b.number(type, 2 * std::numbers::inv_pi)));
  Value r = b.fma(n, b.number(type, -0x1.921fb544p+0), inside);
  r = b.fma(n, b.number(type, -0x1.0b4611a6p-34), r);
  r = b.fma(n, b.number(type, -0x1.3198a2e037073p-69), r);
  Value z = b.mul(r, r);
  Value sine = b.fma(b.mul(r, z),
                     polynomial(b, z, inverseFactorials(3, 19, 2, true)), r);
  Value cosine = b.fma(z, polynomial(b, z, inverseFactorials(2, 20, 2, true)),
                       b.number(type, 1));
  Value quadrant = b.add(arith::FPToSIOp::create(b, integers, n),
                         b.integer(integers, quadrants));
  auto bit = [&](int64_t mask) {
    return b.compare(
        arith::CmpIPredicate::ne,
        arith::AndIOp::create(b, quadrant, b.integer(integers, mask)),
        b.integer(integers, 0));
  };
  Value result = b.select(bit(1), cosine, sine);
  result = b.select(bit(2), b.neg(result), result);
  Value finite = b.compare(F::OLT, magnitude(b, x), b.infinity(type, false));
  return b.select(finite, result, b.nan(type));
}

static Value wideAtan(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value one = b.number(type, 1), size = magnitude(b, x);
  // To at most 1 by pi/2 - atan(1/x), then to tan(pi/8) by pi/4 + atan(t).
  Value beyond = b.compare(F::OGT, size, one);
  Value unit = b.select(beyond, b.div(one, size), size);
  Value upper = b.compare(F::OGT, unit, b.number(type, 0.41421356));
  Value t = b.select(upper, b.div(b.sub(unit, one), b.add(unit, one)), unit);
  SmallVector<double> series;
  for (int k = 1; k <= 21; ++k)
    series.push_back((k % 2 ? -1.0 : 1.0) / (2 * k + 1));
  Value z = b.mul(t, t);
  Value angle = b.fma(b.mul(t, z), polynomial(b, z, series), t);
  angle = b.select(upper, b.add(b.number(type, std::numbers::pi / 4), angle),
                   angle);
  angle = b.select(beyond, b.sub(b.number(type, std::numbers::pi / 2), angle),
                   angle);
  return nanOr(b, x, withSignOf(b, angle, x));
}

static Value wideErf(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value size = b.minOf(magnitude(b, x), b.number(type, 6));
  Value square = b.mul(size, size);
  // Below 2: the alternating series. Beyond: the continued fraction of erfc.
  SmallVector<double> series;
  double factor = 2 * std::numbers::inv_sqrtpi;
  for (int k = 0; k < 45; ++k) {
    series.push_back(factor / (2 * k + 1));
    factor /= -(k + 1);
  }
  Value inner = b.minOf(size, b.number(type, 2));
  Value small = b.mul(inner, polynomial(b, b.mul(inner, inner), series));
  Value outer = b.maxOf(size, b.number(type, 2));
  Value fraction = outer;
  for (int k = 60; k >= 1; --k)
    fraction = b.add(outer, b.div(b.number(type, k * 0.5), fraction));
  Value tail = b.div(b.mul(wideExp(b, b.neg(square)),
                           b.number(type, std::numbers::inv_sqrtpi)),
                     fraction);
  Value large = b.sub(b.number(type, 1), tail);
  Value result = whereSmall(b, x, 2, small, large);
  return nanOr(b, x, withSignOf(b, result, x));
}

static Value wideAsinh(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value size = magnitude(b, x), one = b.number(type, 1);
  Value square = b.mul(size, size);
  Value root = math::SqrtOp::create(b, b.add(square, one));
  Value near = wideLog1p(b, b.add(size, b.div(square, b.add(one, root))));
  Value far = b.add(wideLog(b, size), b.number(type, std::numbers::ln2));
  Value result = whereSmall(b, x, 0x1p+60, near, far);
  return nanOr(b, x, withSignOf(b, result, x));
}

static Value wideAcosh(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value t = b.sub(x, b.number(type, 1));
  Value root = math::SqrtOp::create(b, b.fma(t, t, b.add(t, t)));
  Value far = b.add(wideLog(b, x), b.number(type, std::numbers::ln2));
  return whereSmall(b, x, 0x1p+60, wideLog1p(b, b.add(t, root)), far);
}

FailureOr<Value> llmc::codegen::expandWideMath(VectorBuilder &b,
                                               Operation *scalar, Value x) {
  using Result = FailureOr<Value>;
  Type type = x.getType();
  auto number = [&](double value) { return b.number(type, value); };
  return llvm::TypeSwitch<Operation *, Result>(scalar)
      .Case([&](math::ExpOp) -> Result { return wideExp(b, x); })
      .Case([&](math::Exp2Op) -> Result { return emitPow(b, number(2), x); })
      .Case([&](math::ExpM1Op) -> Result { return wideExpm1(b, x); })
      .Case([&](math::LogOp) -> Result { return wideLog(b, x); })
      .Case([&](math::Log2Op) -> Result {
        return b.mul(wideLog(b, x), number(std::numbers::log2e));
      })
      .Case([&](math::Log10Op) -> Result {
        return b.mul(wideLog(b, x), number(std::numbers::log10e));
      })
      .Case([&](math::Log1pOp) -> Result { return wideLog1p(b, x); })
      .Case([&](math::TanhOp) -> Result { return wideTanh(b, x); })
      .Case([&](math::ErfOp) -> Result { return wideErf(b, x); })
      .Case([&](math::ErfcOp) -> Result {
        return b.sub(number(1), wideErf(b, x));
      })
      .Case([&](math::SinOp) -> Result { return wideSine(b, x, 0); })
      .Case([&](math::CosOp) -> Result { return wideSine(b, x, 1); })
      .Case([&](math::TanOp) -> Result {
        return b.div(wideSine(b, x, 0), wideSine(b, x, 1));
      })
      .Case([&](math::SinhOp) -> Result {
        return hyperbolicSine(b, wideExpm1(b, magnitude(b, x)), x);
      })
      .Case([&](math::CoshOp) -> Result {
        return hyperbolicCosine(b, wideExp(b, magnitude(b, x)));
      })
      .Case([&](math::AtanOp) -> Result { return wideAtan(b, x); })
      .Case([&](math::AsinOp) -> Result {
        Value product = b.mul(b.sub(number(1), x), b.add(number(1), x));
        return wideAtan(b, b.div(x, math::SqrtOp::create(b, product)));
      })
      .Case([&](math::AcosOp) -> Result {
        Value ratio = b.div(b.sub(number(1), x), b.add(number(1), x));
        return b.mul(number(2),
                     wideAtan(b, math::SqrtOp::create(b, ratio)));
      })
      .Case([&](math::AsinhOp) -> Result { return wideAsinh(b, x); })
      .Case([&](math::AcoshOp) -> Result { return wideAcosh(b, x); })
      .Case([&](math::AtanhOp) -> Result {
        Value size = magnitude(b, x);
        Value ratio = b.div(b.add(size, size), b.sub(number(1), size));
        return withSignOf(b, b.mul(wideLog1p(b, ratio), number(0.5)), x);
      })
      .Default([](Operation *) -> Result { return failure(); });
}
