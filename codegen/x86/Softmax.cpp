#include "codegen/x86/Softmax.h"

#include "codegen/llvm/VectorMath.h"

using namespace mlir;
using namespace llmc::codegen;

Value llmc::codegen::softmaxBase(VectorBuilder &b, Value maximum) {
  Value none = b.compare(arith::CmpFPredicate::OEQ, maximum,
                         b.infinity(maximum.getType(), true));
  return b.select(none, b.number(maximum.getType(), 0), maximum);
}

SoftmaxMerge SoftmaxMerge::emit(VectorBuilder &b, Value before, Value added) {
  Value maximum = b.maxOf(before, added);
  Value base = softmaxBase(b, maximum);
  return {maximum, emitExp(b, b.sub(before, base)),
          emitExp(b, b.sub(added, base))};
}

Value SoftmaxMerge::apply(VectorBuilder &b, Value x, Value y) const {
  if (!isa<VectorType>(x.getType()))
    return b.fma(y, added, b.mul(x, before));
  return b.fma(y, b.broadcast(added), b.mul(x, b.broadcast(before)));
}

SoftmaxState SoftmaxState::allocate(VectorBuilder &b, int64_t lines,
                                    int64_t columns) {
  Type f32 = b.getF32Type();
  return {b.stack({lines}, f32), b.stack({lines}, f32),
          b.stack({lines, columns}, f32)};
}

void SoftmaxState::clear(VectorBuilder &b, Value lines) const {
  Type f32 = b.getF32Type();
  int64_t length = cast<MemRefType>(outputs.getType()).getDimSize(1);
  b.loop(b.index(0), lines, 1, [&](Value line) {
    b.columns(length, [&](Value column, Value) {
      b.store(b.number(b.f32Lanes(), 0), outputs, {line, column});
    });
    b.storeScalar(b.infinity(f32, true), maxima, line);
    b.storeScalar(b.number(f32, 0), sums, line);
  });
}
