/// f32 and f64 arithmetic: what Arithmetic.cpp calls once it has seen the type.
#ifndef LLMC_RUNTIME_SIM_OPS_FLOAT_H
#define LLMC_RUNTIME_SIM_OPS_FLOAT_H

#include "runtime/sim/ops/Decoder.h"

namespace llmc::sim {

bool decodeFloat(Decoder &d, Type type); ///< add … neg, by name, f32 and f64
bool decodeHalf(Decoder &d, Type type);  ///< the same for 16-bit types
bool decodeFunction(Decoder &d);         ///< ex2 lg2 sin cos tanh rcp …
bool decodeHalfFunction(Decoder &d, Type type); ///< ex2, tanh on 16 bits

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_FLOAT_H
