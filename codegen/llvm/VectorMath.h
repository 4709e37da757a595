/// Elementary functions from arithmetic alone, on scalars and vectors, for the
/// kernels that have an op of their own. Plain loops use ScalarMath.
///
/// The same expansion on every CPU level gives the same bits. Maximum errors
/// in units of the last place were measured over all or 10^8 sampled floats
/// (test/codegen). Denormal inputs and results count as zero. NaN gives NaN.
/// Coefficients: minimax fits made for this file (iteratively reweighted
/// least squares on Chebyshev nodes, then rounded to f32).
#ifndef LLMC_CODEGEN_LLVM_VECTORMATH_H
#define LLMC_CODEGEN_LLVM_VECTORMATH_H

#include "codegen/llvm/VectorBuilder.h"

namespace llmc::codegen {

/// 2 ulp. exp(-inf) is 0, exp(x) of x below -87.3 is 0, above 88.7 inf.
Value emitExp(VectorBuilder &b, Value x);
/// 2 ulp.
Value emitExp2(VectorBuilder &b, Value x);
/// 3 ulp; exact at 0.
Value emitExpm1(VectorBuilder &b, Value x);
/// 2 ulp; log(0) is -inf, of negative numbers NaN.
Value emitLog(VectorBuilder &b, Value x);
/// 3 ulp; exact at powers of two.
Value emitLog2(VectorBuilder &b, Value x);
/// 3 ulp.
Value emitLog1p(VectorBuilder &b, Value x);
/// 3 ulp; odd, never beyond 1.
Value emitTanh(VectorBuilder &b, Value x);
/// 4 ulp; odd, never beyond 1.
Value emitErf(VectorBuilder &b, Value x);
/// 1.5e-7 absolute for |x| <= 10^4; the reduction fails gradually beyond.
Value emitSin(VectorBuilder &b, Value x);
Value emitCos(VectorBuilder &b, Value x);
/// f32 or f64: 1.2 ulp, and exact where the power is representable. Negative x
/// take the sign of an odd y; with y that is no integer they give NaN.
Value emitPow(VectorBuilder &b, Value x, Value y);
/// 3 ulp each. asin and acos are NaN beyond 1, acosh below 1, atanh beyond 1.
Value emitAtan(VectorBuilder &b, Value x);
Value emitAsin(VectorBuilder &b, Value x);
Value emitAcos(VectorBuilder &b, Value x);
Value emitAsinh(VectorBuilder &b, Value x);
Value emitAcosh(VectorBuilder &b, Value x);
Value emitAtanh(VectorBuilder &b, Value x);
/// The remainder with the sign of x, as C's fmod: exact while |x / y| < 2^23.
Value emitFmod(VectorBuilder &b, Value x, Value y);

/// The value of a `math` operation whose scalar operands became `operands`
/// (f32, scalars or vectors; f64 for powf and native ops; integers for absi). Fails where there is no
/// expansion.
mlir::FailureOr<Value> expandMath(VectorBuilder &b, mlir::Operation *scalar,
                                  ValueRange operands);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_VECTORMATH_H
