#ifndef LLMC_DIALECTS_RT_RTDIALECT_H
#define LLMC_DIALECTS_RT_RTDIALECT_H

#include "mlir/IR/Dialect.h"

#include "dialects/rt/RtDialect.h.inc"

#endif // LLMC_DIALECTS_RT_RTDIALECT_H
