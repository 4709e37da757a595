/// Parts of cp.async that concern mbarriers: what CopyAsync.cpp calls.
#ifndef LLMC_RUNTIME_SIM_OPS_COPYBULK_H
#define LLMC_RUNTIME_SIM_OPS_COPYBULK_H

#include "runtime/sim/ops/Decoder.h"

namespace llmc::sim {

bool decodeCopyBulk(Decoder &d);   ///< cp.async.bulk … (CopyBulk.cpp)
bool decodeCopyArrive(Decoder &d); ///< cp.async.mbarrier.arrive (Mbarrier.cpp)

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_COPYBULK_H
