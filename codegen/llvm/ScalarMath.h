/// Elementary functions of scalars, for plain kernels: images import nothing,
/// so no math op may become a call.
#ifndef LLMC_CODEGEN_LLVM_SCALARMATH_H
#define LLMC_CODEGEN_LLVM_SCALARMATH_H

#include "mlir/Pass/Pass.h"

namespace llmc::codegen {

/// Replaces math ops on f32 and f64 scalars that are no machine instruction by
/// arithmetic in f64. Results of f32 are rounded from f64: within 1 ulp.
/// Relative errors in f64: exp, expm1, log, log1p 1e-15; sin, cos, tan 1e-15
/// for |x| < 2^30 (beyond, the reduction fails gradually); atan, asin, acos,
/// hyperbolic functions and their inverses 2e-15; erf 1e-14; pow
/// 2e-16 * (1 + |y log x|). NaN gives NaN; limits at infinity and signed zero
/// as in C. Denormals count as zero.
std::unique_ptr<mlir::Pass> createScalarMathPass();

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_SCALARMATH_H
