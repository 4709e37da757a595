/// Numbers of 2, 4 or 8 bits in bytes.
#ifndef LLMC_COMPILER_REFERENCE_PACKEDNUMBER_H
#define LLMC_COMPILER_REFERENCE_PACKEDNUMBER_H

#include "compiler/reference/Tensor.h"

namespace llmc::reference {

/// Number \p i of those packed from byte \p base on, the first in the low bits.
inline double packedNumber(const Tensor &packed, int64_t base, int64_t i,
                           int64_t bits) {
  int64_t bit = i * bits;
  return double((packed.as<uint8_t>()[base + bit / 8] >> bit % 8) &
                ((1 << bits) - 1));
}

} // namespace llmc::reference

#endif // LLMC_COMPILER_REFERENCE_PACKEDNUMBER_H
