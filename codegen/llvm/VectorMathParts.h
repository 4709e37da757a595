/// Pieces that the expansions of VectorMath share. Only for their sources.
#ifndef LLMC_CODEGEN_LLVM_VECTORMATHPARTS_H
#define LLMC_CODEGEN_LLVM_VECTORMATHPARTS_H

#include "codegen/llvm/VectorBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"

namespace llmc::codegen {

/// Horner's scheme, lowest coefficient first.
inline Value polynomial(VectorBuilder &b, Value x,
                        llvm::ArrayRef<double> coefficients) {
  Value sum = b.number(x.getType(), coefficients.back());
  for (double c : llvm::reverse(coefficients.drop_back()))
    sum = b.fma(sum, x, b.number(x.getType(), c));
  return sum;
}

inline Value magnitude(VectorBuilder &b, Value x) {
  return mlir::math::AbsFOp::create(b, x);
}

inline Value withSignOf(VectorBuilder &b, Value x, Value sign) {
  return mlir::math::CopySignOp::create(b, x, sign);
}

inline Value nanOr(VectorBuilder &b, Value x, Value otherwise) {
  return b.select(b.compare(mlir::arith::CmpFPredicate::UNO, x, x), x, otherwise);
}

/// Where |x| < bound, `inner`, else `outer`.
inline Value whereSmall(VectorBuilder &b, Value x, double bound, Value inner,
                        Value outer) {
  Value small =
      b.compare(mlir::arith::CmpFPredicate::OLT, magnitude(b, x), b.number(x.getType(), bound));
  return b.select(small, inner, outer);
}

/// sinh x from expm1 |x|.
inline Value hyperbolicSine(VectorBuilder &b, Value power, Value x) {
  Type type = x.getType();
  Value one = b.number(type, 1);
  Value large =
      b.compare(mlir::arith::CmpFPredicate::OGT, power, b.number(type, 1e17));
  // Both halves are p beyond; infinity by itself would give NaN.
  Value rest = b.select(large, one, b.div(power, b.add(power, one)));
  Value sum = b.mul(b.number(type, 0.5), b.add(power, rest));
  return withSignOf(b, sum, x);
}

/// cosh x from exp |x|.
inline Value hyperbolicCosine(VectorBuilder &b, Value power) {
  Value one = b.number(power.getType(), 1);
  return b.mul(b.number(power.getType(), 0.5), b.add(power, b.div(one, power)));
}

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_VECTORMATHPARTS_H
