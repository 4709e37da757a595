#include "codegen/llvm/ByteScale.h"

using namespace mlir;
using namespace llmc::codegen;

ByteScale ByteScale::of(VectorBuilder &b, Value most) {
  Type f32 = b.getF32Type();
  Value steps = b.number(f32, 127), zero = b.number(f32, 0);
  Value any = b.compare(arith::CmpFPredicate::OGT, most, zero);
  return {b.div(most, steps), b.select(any, b.div(steps, most), zero)};
}

Value ByteScale::integers(VectorBuilder &b, Value numbers) const {
  Type type = numbers.getType();
  int64_t count = cast<VectorType>(type).getNumElements();
  // Adding 1.5 * 2^23 rounds to an integer, ties to even, in the low bits.
  Value rounder = b.number(type, 12582912), limit = b.number(type, 127);
  Value x = b.mul(numbers, b.broadcast(inverse, count));
  x = b.maxOf(b.minOf(x, limit), b.neg(limit));
  return b.sub(b.bitcast(b.add(x, rounder), b.getI32Type()),
               b.bitcast(rounder, b.getI32Type()));
}

Value llmc::codegen::emitMagnitude(VectorBuilder &b, Value x) {
  Value bits = b.bitcast(x, b.getI32Type());
  bits = arith::AndIOp::create(b, bits, b.integer(bits.getType(), 0x7fffffff));
  return b.bitcast(bits, b.getF32Type());
}
