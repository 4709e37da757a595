/// See the header for errors and the source of the coefficients.
#include "codegen/llvm/VectorMath.h"

#include "codegen/llvm/VectorMathParts.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <numbers>

using namespace mlir;
using namespace llmc::codegen;

using F = arith::CmpFPredicate;

/// ln 2 in two floats: the first has enough trailing zeros that its product
/// with any exponent is exact.
static constexpr double ln2High = 0x1.62e4p-1;
static constexpr double ln2Low = 0x1.7f7d1cp-20;

/// `value` in [0.5, 2) times 2 to the power of the integral float `exponent`.
static Value scaleByPower(VectorBuilder &b, Value value, Value exponent) {
  Type integers = withElement(value.getType(), b.getI32Type());
  Value n = arith::FPToSIOp::create(b, integers, exponent);
  Value shifted = arith::ShLIOp::create(b, n, b.integer(integers, 23));
  return b.bitcast(b.add(b.bitcast(value, b.getI32Type()), shifted),
                   b.getF32Type());
}

/// Replaces results outside the range of exponents: 0 below, inf above.
static Value limitPower(VectorBuilder &b, Value x, Value result, double low,
                        double high) {
  Type type = x.getType();
  Value zero = b.number(type, 0), inf = b.infinity(type, false);
  result = b.select(b.compare(F::OLT, x, b.number(type, low)), zero, result);
  result = b.select(b.compare(F::OGT, x, b.number(type, high)), inf, result);
  return nanOr(b, x, result);
}

static Value clamp(VectorBuilder &b, Value x, double low, double high) {
  return b.minOf(b.maxOf(x, b.number(x.getType(), low)),
                 b.number(x.getType(), high));
}

Value llmc::codegen::emitExp2(VectorBuilder &b, Value x) {
  Value inside = clamp(b, x, -126, 128);
  Value n = math::RoundEvenOp::create(b, inside);
  Value f = b.sub(inside, n);
  Value q = polynomial(b, f,
                       {0x1.62e43p-1, 0x1.ebfbdcp-3, 0x1.c6aee6p-5,
                        0x1.3b2d5p-7, 0x1.5f3f32p-10, 0x1.41fb2cp-13});
  Value p = b.fma(f, q, b.number(x.getType(), 1));
  // 128 itself is beyond the range: its bits come out as infinity's.
  return limitPower(b, x, scaleByPower(b, p, n), -126, 128);
}

Value llmc::codegen::emitExp(VectorBuilder &b, Value x) {
  Type type = x.getType();
  // The least x with a normal result, and the greatest with a finite one.
  constexpr double low = -0x1.5d589ep+6, high = 0x1.62e42ep+6;
  Value inside = clamp(b, x, low, high);
  Value n = math::RoundEvenOp::create(
      b, b.mul(inside, b.number(type, std::numbers::log2e)));
  Value r = b.fma(n, b.number(type, -ln2High), inside);
  r = b.fma(n, b.number(type, -ln2Low), r);
  Value q = polynomial(b, r,
                       {0x1.fffffcp-2, 0x1.555490p-3, 0x1.5558f4p-5,
                        0x1.123a6cp-7, 0x1.6a234ep-10});
  Value p = b.add(b.fma(b.mul(r, r), q, r), b.number(type, 1));
  return limitPower(b, x, scaleByPower(b, p, n), low, high);
}

Value llmc::codegen::emitExpm1(VectorBuilder &b, Value x) {
  Value q = polynomial(b, x,
                       {0x1.555556p-3, 0x1.555554p-5, 0x1.110f66p-7,
                        0x1.6c189ep-10, 0x1.a2f244p-13, 0x1.a05a5ep-16});
  Value square = b.mul(x, x);
  Value small = b.add(
      x, b.fma(b.mul(square, x), q, b.mul(square, b.number(x.getType(), 0.5))));
  Value large = b.sub(emitExp(b, x), b.number(x.getType(), 1));
  return whereSmall(b, x, 0.5, small, large);
}

/// x = 2^exponent * (1 + fraction), the mantissa in [sqrt(1/2), sqrt(2)), for
/// positive normal x.
static std::pair<Value, Value> splitFloat(VectorBuilder &b, Value x) {
  Type integers = withElement(x.getType(), b.getI32Type());
  Value bits = b.bitcast(x, b.getI32Type());
  Value sqrtHalf = b.integer(integers, 0x3f3504f3);
  Value n = arith::ShRSIOp::create(b, b.sub(bits, sqrtHalf),
                                   b.integer(integers, 23));
  Value mantissa = b.bitcast(
      b.sub(bits, arith::ShLIOp::create(b, n, b.integer(integers, 23))),
      b.getF32Type());
  Value exponent = arith::SIToFPOp::create(b, x.getType(), n);
  return {exponent, b.sub(mantissa, b.number(x.getType(), 1))};
}

/// log(1 + f) - f, for f in [sqrt(1/2) - 1, sqrt(2) - 1].
static Value logRest(VectorBuilder &b, Value f) {
  Value p = polynomial(b, f,
                       {0x1.555548p-2, -0x1.000006p-2, 0x1.99a4cap-3,
                        -0x1.555c5cp-3, 0x1.2335aep-3, -0x1.fc1d4cp-4,
                        0x1.e70736p-4, -0x1.de65fp-4, 0x1.1456cep-4});
  Value square = b.mul(f, f);
  return b.fma(b.mul(square, f), p, b.mul(square, b.number(f.getType(), -0.5)));
}

/// What a logarithm gives outside the positive normal numbers.
static Value limitLog(VectorBuilder &b, Value x, Value result) {
  Type type = x.getType();
  Value tiny = b.number(type, 0x1p-126), inf = b.infinity(type, false);
  result = b.select(b.compare(F::OLT, x, tiny), b.infinity(type, true), result);
  result = b.select(b.compare(F::OEQ, x, inf), inf, result);
  result = b.select(b.compare(F::OLE, x, b.neg(tiny)), b.nan(type), result);
  return nanOr(b, x, result);
}

Value llmc::codegen::emitLog(VectorBuilder &b, Value x) {
  auto [n, f] = splitFloat(b, x);
  Value rest = b.fma(n, b.number(x.getType(), ln2Low), logRest(b, f));
  Value sum = b.add(f, rest);
  return limitLog(b, x, b.fma(n, b.number(x.getType(), ln2High), sum));
}

Value llmc::codegen::emitLog2(VectorBuilder &b, Value x) {
  // log2(e) in two floats, so that the leading product is nearly exact.
  constexpr double high = 0x1.715476p+0, low = 0x1.4ae0cp-26;
  auto [n, f] = splitFloat(b, x);
  Value rest = logRest(b, f);
  Value sum = b.fma(f, b.number(x.getType(), low),
                    b.mul(rest, b.number(x.getType(), high)));
  sum = b.fma(f, b.number(x.getType(), high), sum);
  return limitLog(b, x, b.add(n, sum));
}

Value llmc::codegen::emitLog1p(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value one = b.number(type, 1);
  // What rounding 1 + x lost returns as a correction of first order.
  Value u = b.add(one, x);
  Value lost = b.sub(x, b.sub(u, one));
  Value corrected = b.add(emitLog(b, u), b.div(lost, u));
  Value inf = b.infinity(type, false);
  Value edge = b.select(b.compare(F::OEQ, u, b.number(type, 0)),
                        b.infinity(type, true), corrected);
  edge = b.select(b.compare(F::OEQ, x, inf), inf, edge);
  return whereSmall(b, x, 0x1p-24, x, edge);
}

Value llmc::codegen::emitTanh(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value one = b.number(type, 1), square = b.mul(x, x);
  Value p = polynomial(b, square,
                       {-0x1.555552p-2, 0x1.110ffap-3, -0x1.b9d994p-5,
                        0x1.62a9a8p-6, -0x1.07b04ap-7, 0x1.099c9ep-9});
  Value small = b.fma(b.mul(x, square), p, x);
  Value size = magnitude(b, x);
  Value power = emitExp(b, b.add(size, size));
  Value large =
      b.sub(one, b.div(b.number(type, 2), b.add(power, one)));
  return whereSmall(b, x, 0.66, small, withSignOf(b, large, x));
}

Value llmc::codegen::emitErf(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value square = b.mul(x, x);
  Value p = polynomial(b, square,
                       {0x1.20dd76p+0, -0x1.812742p-2, 0x1.ce2e0ap-4,
                        -0x1.b80e9p-6, 0x1.54c7f4p-8, -0x1.aa3f2cp-11,
                        0x1.5cd4aap-14});
  Value small = b.mul(x, p);
  // 1 - exp(log erfc |x|); the fit ends at 4, where erf is 1 already.
  Value size = b.minOf(magnitude(b, x), b.number(type, 4));
  Value r = polynomial(b, size,
                       {0x1.603e32p-14, -0x1.21040ap+0, -0x1.450282p-1,
                        -0x1.b2ab5ep-4, 0x1.7a1d7cp-6, -0x1.7dd8f8p-9,
                        -0x1.27ca92p-14, 0x1.bd5efep-14, -0x1.3264fp-16,
                        0x1.30e3b2p-20});
  Value large = b.sub(b.number(type, 1), emitExp(b, r));
  return nanOr(b, x, whereSmall(b, x, 0.93, small, withSignOf(b, large, x)));
}

/// sin(x + quadrants * pi/2).
static Value sine(VectorBuilder &b, Value x, int64_t quadrants) {
  Type type = x.getType(), integers = withElement(type, b.getI32Type());
  // pi/2 in three floats; 11 bits in the first two keep n's products exact.
  constexpr double high = 0x1.92p+0, middle = 0x1.fb4p-12,
                   low = 0x1.4442d2p-24;
  Value bounded = clamp(b, x, -0x1p+30, 0x1p+30);
  Value n = math::RoundEvenOp::create(
      b, b.mul(bounded, b.number(type, 2 * std::numbers::inv_pi)));
  Value r = b.fma(n, b.number(type, -high), bounded);
  r = b.fma(n, b.number(type, -middle), r);
  r = b.fma(n, b.number(type, -low), r);
  Value z = b.mul(r, r);
  Value s = b.fma(b.mul(r, z),
                  polynomial(b, z, {-0x1.555556p-3, 0x1.111108p-7,
                                    -0x1.a00f74p-13, 0x1.6ccf5cp-19}),
                  r);
  Value c = b.fma(b.mul(z, z),
                  polynomial(b, z, {0x1.555556p-5, -0x1.6c16b8p-10,
                                    0x1.a010d6p-16, -0x1.241ca8p-22}),
                  b.fma(z, b.number(type, -0.5), b.number(type, 1)));
  Value quadrant = b.add(arith::FPToSIOp::create(b, integers, n),
                         b.integer(integers, quadrants));
  Value zero = b.integer(integers, 0);
  auto bit = [&](int64_t mask) {
    return b.compare(
        arith::CmpIPredicate::ne,
        arith::AndIOp::create(b, quadrant, b.integer(integers, mask)), zero);
  };
  Value result = b.select(bit(1), c, s);
  result = b.select(bit(2), b.neg(result), result);
  Value finite =
      b.compare(F::OLT, magnitude(b, x), b.infinity(type, false));
  return b.select(finite, result, b.nan(type));
}

Value llmc::codegen::emitSin(VectorBuilder &b, Value x) {
  return sine(b, x, 0);
}

Value llmc::codegen::emitCos(VectorBuilder &b, Value x) {
  return sine(b, x, 1);
}

/// The functions of one f32.
static FailureOr<Value> expandFloatMath(VectorBuilder &b, Operation *scalar,
                                        Value x) {
  Type type = x.getType();
  if (!elementOf(type).isF32())
    return failure();
  using Result = FailureOr<Value>;
  return llvm::TypeSwitch<Operation *, Result>(scalar)
      .Case([&](math::ExpOp) -> Result { return emitExp(b, x); })
      .Case([&](math::Exp2Op) -> Result { return emitExp2(b, x); })
      .Case([&](math::ExpM1Op) -> Result { return emitExpm1(b, x); })
      .Case([&](math::LogOp) -> Result { return emitLog(b, x); })
      .Case([&](math::Log2Op) -> Result { return emitLog2(b, x); })
      .Case([&](math::Log10Op) -> Result {
        return b.mul(emitLog2(b, x),
                     b.number(type, std::numbers::ln2 * std::numbers::log10e));
      })
      .Case([&](math::Log1pOp) -> Result { return emitLog1p(b, x); })
      .Case([&](math::TanhOp) -> Result { return emitTanh(b, x); })
      .Case([&](math::ErfOp) -> Result { return emitErf(b, x); })
      .Case([&](math::ErfcOp) -> Result {
        return b.sub(b.number(type, 1), emitErf(b, x));
      })
      .Case([&](math::SinOp) -> Result { return emitSin(b, x); })
      .Case([&](math::CosOp) -> Result { return emitCos(b, x); })
      .Case([&](math::TanOp) -> Result {
        return b.div(emitSin(b, x), emitCos(b, x));
      })
      .Case([&](math::SinhOp) -> Result {
        return hyperbolicSine(b, emitExpm1(b, magnitude(b, x)), x);
      })
      .Case([&](math::CoshOp) -> Result {
        return hyperbolicCosine(b, emitExp(b, magnitude(b, x)));
      })
      .Case([&](math::AtanOp) -> Result { return emitAtan(b, x); })
      .Case([&](math::AsinOp) -> Result { return emitAsin(b, x); })
      .Case([&](math::AcosOp) -> Result { return emitAcos(b, x); })
      .Case([&](math::AsinhOp) -> Result { return emitAsinh(b, x); })
      .Case([&](math::AcoshOp) -> Result { return emitAcosh(b, x); })
      .Case([&](math::AtanhOp) -> Result { return emitAtanh(b, x); })
      .Default([](Operation *) -> Result { return failure(); });
}

FailureOr<Value> llmc::codegen::expandMath(VectorBuilder &b, Operation *scalar,
                                           ValueRange operands) {
  Value x = operands.front();
  Type type = x.getType();
  auto native = [&]() -> FailureOr<Value> {
    OperationState state(b.getLoc(), scalar->getName());
    state.addOperands(operands);
    state.addTypes(type);
    return b.create(state)->getResult(0);
  };
  using Result = FailureOr<Value>;
  return llvm::TypeSwitch<Operation *, Result>(scalar)
      .Case<math::AbsFOp, math::AbsIOp, math::CeilOp, math::FloorOp,
            math::RoundOp, math::RoundEvenOp, math::TruncOp, math::SqrtOp,
            math::FmaOp, math::CopySignOp>([&](auto) { return native(); })
      .Case([&](math::PowFOp) -> Result { return emitPow(b, x, operands[1]); })
      .Case([&](math::RsqrtOp) -> Result {
        return b.div(b.number(type, 1), math::SqrtOp::create(b, x));
      })
      .Default([&](Operation *) -> Result {
        return expandFloatMath(b, scalar, x);
      });
}
