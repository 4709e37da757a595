/// x to the power of y, f32 and f64, with the logarithm in two floats.
///
/// y * log2 |x| = n + f must be right to well below a unit of the result's last
/// place, so log2 is a sum of two floats (relative error below 2^-30 or 2^-58),
/// and so is its product with y. Then 2^n * e^(f ln 2).
#include "codegen/llvm/VectorMath.h"

#include "codegen/llvm/VectorMathParts.h"

#include <numbers>

using namespace mlir;
using namespace llmc::codegen;

using F = arith::CmpFPredicate;

namespace {

/// What depends on the type.
struct Precision {
  Type integer;
  int64_t mantissaBits, sqrtHalf; ///< Bits of sqrt(1/2).
  double log2eHigh, log2eLow;     ///< log2 e in two floats.
  double lowest, highest;         ///< Exponents that have a normal result.
  int logTerms, expTerms;

  static Precision of(VectorBuilder &b, Type type) {
    if (elementOf(type).isF32())
      return {withElement(type, b.getI32Type()), 23, 0x3f3504f3,
              0x1.715476p+0, 0x1.4ae0cp-26, -126, 128, 6, 7};
    return {withElement(type, b.getI64Type()), 52, 0x3fe6a09e667f3bcd,
            0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56, -1022, 1024, 13, 13};
  }
};

/// A value as the sum of two floats.
struct Pair {
  Value high, low;
};

} // namespace

/// a + b exactly, for |a| >= |b| or a = 0.
static Pair sumOf(VectorBuilder &b, Value large, Value small) {
  Value sum = b.add(large, small);
  return {sum, b.add(b.sub(large, sum), small)};
}

/// x * y, x of two floats.
static Pair productOf(VectorBuilder &b, Pair x, Value y) {
  Value product = b.mul(x.high, y);
  Value lost = b.fma(x.high, y, b.neg(product));
  return {product, b.fma(x.low, y, lost)};
}

/// log2 of positive normal x: the exponent plus log2 of the mantissa m in
/// [sqrt(1/2), sqrt(2)), which is 2 log2(e) atanh(s) for s = (m - 1) / (m + 1).
static Pair logarithm(VectorBuilder &b, Value x, const Precision &p) {
  Type type = x.getType();
  Value shift = b.integer(p.integer, p.mantissaBits);
  Value bits = b.bitcast(x, elementOf(p.integer));
  Value n = arith::ShRSIOp::create(
      b, b.sub(bits, b.integer(p.integer, p.sqrtHalf)), shift);
  Value mantissa = b.bitcast(
      b.sub(bits, arith::ShLIOp::create(b, n, shift)), elementOf(type));
  Value f = b.sub(mantissa, b.number(type, 1));
  Pair below = sumOf(b, b.number(type, 2), f);
  Value s = b.div(f, below.high);
  Value lost = b.fma(b.neg(s), below.high, f);
  Value sLow =
      b.div(b.fma(b.neg(s), below.low, lost), below.high);
  Value z = b.mul(s, s);
  SmallVector<double> series;
  for (int k = 1; k < p.logTerms; ++k)
    series.push_back(2.0 / (2 * k + 1));
  Value rest = b.fma(b.mul(s, z), polynomial(b, z, series), b.add(sLow, sLow));
  Pair natural = sumOf(b, b.add(s, s), rest);
  Pair fraction = productOf(b, natural, b.number(type, p.log2eHigh));
  Value fractionLow =
      b.fma(natural.high, b.number(type, p.log2eLow), fraction.low);
  Value exponent = arith::SIToFPOp::create(b, type, n);
  Pair sum = sumOf(b, exponent, fraction.high);
  return {sum.high, b.add(sum.low, fractionLow)};
}

/// 2 to the power of high + low.
static Value powerOfTwo(VectorBuilder &b, Pair exponent, const Precision &p) {
  Type type = exponent.high.getType();
  auto limit = [&](double value) { return b.number(type, value); };
  Value inside = b.minOf(b.maxOf(exponent.high, limit(p.lowest)),
                         limit(p.highest));
  Value n = math::RoundEvenOp::create(b, inside);
  Value f = b.add(b.sub(inside, n), exponent.low);
  // e^r = 1 + r + r^2/2 + …, |r| <= ln(2) / 2.
  Value r = b.mul(f, b.number(type, std::numbers::ln2));
  SmallVector<double> series;
  double factor = 1;
  for (int k = 2; k <= p.expTerms; ++k)
    series.push_back(factor /= k);
  Value power = b.add(b.fma(b.mul(r, r), polynomial(b, r, series), r),
                      b.number(type, 1));
  Value shift = b.integer(p.integer, p.mantissaBits);
  Value whole = arith::FPToSIOp::create(b, p.integer, n);
  Value bits = b.add(b.bitcast(power, elementOf(p.integer)),
                     arith::ShLIOp::create(b, whole, shift));
  Value result = b.bitcast(bits, elementOf(type));
  result = b.select(b.compare(F::OLT, exponent.high, limit(p.lowest)),
                    b.number(type, 0), result);
  return b.select(b.compare(F::OGE, exponent.high, limit(p.highest)),
                  b.infinity(type, false), result);
}

/// What |x|^y is where the logarithm is not finite.
static Value edges(VectorBuilder &b, Value size, Value y, Value power) {
  Type type = size.getType();
  Value zero = b.number(type, 0), inf = b.infinity(type, false);
  Value rising = b.compare(F::OGT, y, zero);
  power = b.select(b.compare(F::OEQ, size, zero), b.select(rising, zero, inf),
                   power);
  power = b.select(b.compare(F::OEQ, size, inf), b.select(rising, inf, zero),
                   power);
  // y infinite: by the side of 1 on which x lies.
  Value grows = arith::CmpIOp::create(
      b, arith::CmpIPredicate::eq,
      b.compare(F::OGT, size, b.number(type, 1)), rising);
  Value limit = b.select(grows, inf, zero);
  limit = b.select(b.compare(F::OEQ, size, b.number(type, 1)),
                   b.number(type, 1), limit);
  Value infinite = b.compare(F::OEQ, magnitude(b, y), inf);
  return b.select(infinite, limit, power);
}

Value llmc::codegen::emitPow(VectorBuilder &b, Value x, Value y) {
  Type type = x.getType();
  Precision p = Precision::of(b, type);
  Value zero = b.number(type, 0), one = b.number(type, 1);
  Value size = magnitude(b, x);
  // Beyond 2^30 the result is 0, 1 or inf whatever the rest of y; and the
  // product stays finite.
  Value bounded = b.minOf(b.maxOf(y, b.number(type, -0x1p+30)),
                          b.number(type, 0x1p+30));
  Value power =
      powerOfTwo(b, productOf(b, logarithm(b, size, p), bounded), p);
  power = edges(b, size, y, power);

  Value isInteger = b.compare(F::OEQ, y, math::FloorOp::create(b, y));
  Value half = b.mul(y, b.number(type, 0.5));
  Value isOdd = arith::AndIOp::create(
      b, isInteger, b.compare(F::UNE, half, math::FloorOp::create(b, half)));
  Value negative = b.compare(F::OLT, x, zero);
  Value finite = b.compare(F::OLT, size, b.infinity(type, false));
  Value undefined = arith::AndIOp::create(
      b, arith::AndIOp::create(b, negative, finite),
      b.compare(F::UNE, y, math::FloorOp::create(b, y)));
  Value signedPower = b.select(isOdd, withSignOf(b, power, x), power);
  Value result = b.select(undefined, b.nan(type), signedPower);
  // NaN in, NaN out, except where the answer is 1 for every other operand.
  result = nanOr(b, x, nanOr(b, y, result));
  Value isOne = arith::OrIOp::create(b, b.compare(F::OEQ, y, zero),
                                     b.compare(F::OEQ, x, one));
  return b.select(isOne, one, result);
}
