/// Elements of matrices as plain numbers, and products of tiles of them.
#ifndef LLMC_RUNTIME_SIM_OPS_MATRIXELEMENTS_H
#define LLMC_RUNTIME_SIM_OPS_MATRIXELEMENTS_H

#include "runtime/sim/ops/HalfLanes.h"
#include "runtime/sim/ptx/Types.h"

#include <array>
#include <cstddef>

namespace llmc::sim {

/// Of e4m3 or e5m2, by their bits.
const std::array<float, 256> &fp8Table(Type type);

/// The numbers in 16 bytes: 4 tf32, 8 f16 or bf16, 16 of 8 bits.
void elementsOf(const std::byte (&chunk)[16], Type type, float *out);
void elementsOf(const std::byte (&chunk)[16], Type type, int32_t *out);

/// d[16][n] += a[16][k] b[k][n], rows of b and d 256 elements apart; along k
/// in order, fused.
void multiplyTile(const float *a, const float *b, float *d, unsigned k,
                  unsigned n);
void multiplyIntegers(const int32_t *a, const int32_t *b, int32_t *d,
                      unsigned k, unsigned n, bool saturates);

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_MATRIXELEMENTS_H
