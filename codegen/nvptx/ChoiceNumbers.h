/// The arithmetic of runtime/format/TokenChoice.h in a kernel.
#ifndef LLMC_CODEGEN_NVPTX_CHOICENUMBERS_H
#define LLMC_CODEGEN_NVPTX_CHOICENUMBERS_H

#include "codegen/nvptx/GpuBuilder.h"

namespace llmc::codegen::nvptx {

/// The bits of a logit as an i32 that orders like it: 0 for -0, the largest for NaN.
Value orderedBits(GpuBuilder &b, Value logit);
/// The logit of these bits.
Value fromOrderedBits(GpuBuilder &b, Value bits);
/// The distance of a logit, i32.
Value distanceOf(GpuBuilder &b, Value logit, Value largest,
                 Value inverseTemperature);
/// The weight of a distance, i64.
Value weightOf(GpuBuilder &b, Value distance);
/// The upper 64 bits of the product of two unsigned i64.
Value highProduct64(GpuBuilder &b, Value left, Value right);

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_CHOICENUMBERS_H
