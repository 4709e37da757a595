/// Integer arithmetic: what Arithmetic.cpp calls once it has seen the type.
#ifndef LLMC_RUNTIME_SIM_OPS_INTEGER_H
#define LLMC_RUNTIME_SIM_OPS_INTEGER_H

#include "runtime/sim/ops/Decoder.h"

namespace llmc::sim {

bool decodeIntegerAdd(Decoder &d, Type type);    ///< add, sub
bool decodeIntegerMul(Decoder &d, Type type);    ///< mul, mad
bool decodeIntegerDiv(Decoder &d, Type type);    ///< div, rem
bool decodeIntegerMinMax(Decoder &d, Type type); ///< min, max
bool decodeIntegerAbsNeg(Decoder &d, Type type); ///< abs, neg

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_INTEGER_H
