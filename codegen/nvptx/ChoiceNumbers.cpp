#include "codegen/nvptx/ChoiceNumbers.h"

#include "runtime/format/TokenChoice.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using I = arith::CmpIPredicate;

static constexpr int64_t infinityBits = 0x7F800000, magnitudeMask = 0x7FFFFFFF;

Value nvptx::orderedBits(GpuBuilder &b, Value logit) {
  Value bits = b.bitcast(logit, b.getI32Type());
  Value magnitude = b.bitAnd(bits, b.i32(magnitudeMask));
  Value ordered = b.select(b.less(bits, b.i32(0)),
                           b.sub(b.i32(0), magnitude), magnitude);
  Value isNumber = b.compare(I::sle, magnitude, b.i32(infinityBits));
  return b.select(isNumber, ordered, b.i32(magnitudeMask));
}

Value nvptx::fromOrderedBits(GpuBuilder &b, Value bits) {
  Value negative = b.bitOr(b.sub(b.i32(0), bits), b.i32(int32_t(0x80000000)));
  return b.bitcast(b.select(b.less(bits, b.i32(0)), negative, bits),
                   b.getF32Type());
}

Value nvptx::distanceOf(GpuBuilder &b, Value logit, Value largest,
                        Value inverseTemperature) {
  Value distance = b.mul(b.sub(largest, logit), inverseTemperature);
  return b.bitAnd(b.bitcast(distance, b.getI32Type()), b.i32(magnitudeMask));
}

static Value wide(GpuBuilder &b, Value number) {
  return arith::ExtUIOp::create(b, b.getI64Type(), number);
}

static Value narrow(GpuBuilder &b, Value number) {
  return arith::TruncIOp::create(b, b.getI32Type(), number);
}

/// By name: written as a product of 64 bits, all terms would become such ones.
static Value highProduct(GpuBuilder &b, Value left, Value right) {
  return b.intrinsic("llvm.nvvm.mulhi.ui", b.getI32Type(), {left, right});
}

Value nvptx::weightOf(GpuBuilder &b, Value distance) {
  Value weighs = b.less(distance, b.i32(choice::weightless));
  Value near = b.select(weighs, distance, b.i32(0));
  Type f32 = b.getF32Type();
  Value scaled = b.mul(b.bitcast(near, f32),
                       b.number(f32, int64_t(1) << choice::distanceBits));
  Value fixed = arith::FPToUIOp::create(b, b.getI32Type(), scaled);
  Value exponent = b.mul(wide(b, fixed), b.integer(b.getI64Type(), choice::log2e));
  Value whole = b.shiftRight(exponent, 54);
  Value fraction = narrow(b, b.shiftRight(exponent, 22));
  auto term = [&](int i) { return b.i32(int32_t(choice::power[i])); };
  Value value = term(choice::powerTerms - 1);
  for (int i = choice::powerTerms - 2; i >= 0; --i)
    value = b.sub(term(i), highProduct(b, fraction, value));
  Value weight = b.shiftLeft(wide(b, value), choice::weightBits - 32);
  weight = arith::ShRUIOp::create(b, weight, whole);
  return b.select(weighs, weight, b.integer(b.getI64Type(), 0));
}

Value nvptx::highProduct64(GpuBuilder &b, Value left, Value right) {
  return b.intrinsic("llvm.nvvm.mulhi.ull", b.getI64Type(), {left, right});
}
