/// Inverse trigonometric and hyperbolic functions, and fmod: see VectorMath.h.
#include "codegen/llvm/VectorMath.h"

#include "codegen/llvm/VectorMathParts.h"

#include <numbers>

using namespace mlir;
using namespace llmc::codegen;

using F = arith::CmpFPredicate;

/// pi/2 in two floats.
static constexpr double halfPi = 0x1.921fb6p+0, halfPiRest = -0x1.777a5cp-25;

Value llmc::codegen::emitAtan(VectorBuilder &b, Value x) {
  Type type = x.getType();
  // Beyond 1: pi/2 - atan(1/x).
  Value size = magnitude(b, x), one = b.number(type, 1);
  Value beyond = b.compare(F::OGT, size, one);
  Value inside = b.select(beyond, b.div(one, size), size);
  Value z = b.mul(inside, inside);
  Value p = polynomial(b, z,
                       {-0x1.55553ep-2, 0x1.9991fep-3, -0x1.2421b4p-3,
                        0x1.c099f2p-4, -0x1.58346cp-4, 0x1.dac964p-5,
                        -0x1.fed064p-6, 0x1.65a54ep-7, -0x1.d62e0cp-10});
  Value angle = b.fma(b.mul(inside, z), p, inside);
  Value rest = b.sub(b.number(type, halfPiRest), angle);
  Value result =
      b.select(beyond, b.add(b.number(type, halfPi), rest), angle);
  return nanOr(b, x, withSignOf(b, result, x));
}

/// asin(|x|) for |x| <= 1/2, from s = |x| and z = s^2; and, with
/// s = sqrt((1 - |x|) / 2), half of acos(|x|) beyond.
static Value arcSine(VectorBuilder &b, Value s, Value z) {
  Value p = polynomial(b, z,
                       {0x1.55554cp-3, 0x1.33388p-4, 0x1.6cae4ep-5,
                        0x1.049636p-5, 0x1.d8d664p-7, 0x1.3370c4p-5});
  return b.fma(b.mul(s, z), p, s);
}

namespace {
/// asin(|x|) where |x| <= 1/2, half of acos(|x|) beyond; NaN beyond 1.
struct HalfAngle {
  Value beyond, angle;
};
} // namespace

static HalfAngle halfAngle(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value size = magnitude(b, x);
  Value beyond = b.compare(F::OGT, size, b.number(type, 0.5));
  Value far = b.mul(b.sub(b.number(type, 1), size), b.number(type, 0.5));
  Value z = b.select(beyond, far, b.mul(size, size));
  Value s = b.select(beyond, math::SqrtOp::create(b, far), size);
  return {beyond, arcSine(b, s, z)};
}

Value llmc::codegen::emitAsin(VectorBuilder &b, Value x) {
  Type type = x.getType();
  auto [beyond, angle] = halfAngle(b, x);
  Value rest = b.sub(b.number(type, halfPiRest), b.add(angle, angle));
  Value result =
      b.select(beyond, b.add(b.number(type, halfPi), rest), angle);
  return withSignOf(b, result, x);
}

Value llmc::codegen::emitAcos(VectorBuilder &b, Value x) {
  Type type = x.getType();
  auto [beyond, angle] = halfAngle(b, x);
  Value negative = b.compare(F::OLT, x, b.number(type, 0));
  Value twice = b.add(angle, angle);
  Value pi = b.number(type, 2 * halfPi);
  Value piRest = b.number(type, 2 * halfPiRest);
  Value far = b.select(negative, b.add(pi, b.sub(piRest, twice)), twice);
  Value inside = b.select(negative, b.neg(angle), angle);
  Value near = b.add(b.number(type, halfPi),
                     b.sub(b.number(type, halfPiRest), inside));
  return b.select(beyond, far, near);
}

/// log of `size` where it is so large that 1 beside its square is nothing.
static Value logOfTwice(VectorBuilder &b, Value size) {
  return b.add(emitLog(b, size), b.number(size.getType(), std::numbers::ln2));
}

static constexpr double largeSquareRoot = 0x1p+30;

Value llmc::codegen::emitAsinh(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value size = magnitude(b, x), one = b.number(type, 1);
  // |x| + sqrt(x^2 + 1) - 1, without cancellation.
  Value square = b.mul(size, size);
  Value root = math::SqrtOp::create(b, b.add(square, one));
  Value beyondOne = b.add(size, b.div(square, b.add(one, root)));
  Value result = whereSmall(b, size, largeSquareRoot,
                            emitLog1p(b, beyondOne), logOfTwice(b, size));
  return nanOr(b, x, withSignOf(b, result, x));
}

Value llmc::codegen::emitAcosh(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value t = b.sub(x, b.number(type, 1));
  Value root = math::SqrtOp::create(b, b.fma(t, t, b.add(t, t)));
  return whereSmall(b, x, largeSquareRoot, emitLog1p(b, b.add(t, root)),
                    logOfTwice(b, x));
}

Value llmc::codegen::emitAtanh(VectorBuilder &b, Value x) {
  Type type = x.getType();
  Value size = magnitude(b, x);
  Value ratio = b.div(b.add(size, size), b.sub(b.number(type, 1), size));
  Value result = b.mul(emitLog1p(b, ratio), b.number(type, 0.5));
  return withSignOf(b, result, x);
}

Value llmc::codegen::emitFmod(VectorBuilder &b, Value x, Value y) {
  Type type = x.getType();
  Value a = magnitude(b, x), d = magnitude(b, y), zero = b.number(type, 0);
  Value q = math::TruncOp::create(b, b.div(a, d));
  Value r = b.fma(b.neg(q), d, a);
  // The quotient's rounding may have taken one d too much.
  r = b.select(b.compare(F::OLT, r, zero), b.add(r, d), r);
  r = b.select(b.compare(F::OGE, r, d), b.sub(r, d), r);
  Value whole = b.compare(F::OLT, a, d);
  return withSignOf(b, b.select(whole, a, r), x);
}
