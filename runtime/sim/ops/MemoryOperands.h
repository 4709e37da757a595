/// Modifiers that all memory instructions share.
#ifndef LLMC_RUNTIME_SIM_OPS_MEMORYOPERANDS_H
#define LLMC_RUNTIME_SIM_OPS_MEMORYOPERANDS_H

#include "runtime/sim/ops/Decoder.h"

namespace llmc::sim {

/// Consumes semantics and scope; true where accesses are strong (the ISA's
/// word: they do not race with each other).
bool takeSemantics(Decoder &d);
/// Consumes cache operators and prefetch sizes.
void takeCacheHints(Decoder &d);
/// Consumes the state space; Generic where none is named.
Space takeSpace(Decoder &d);

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_MEMORYOPERANDS_H
