/// From rt.program ops to the structs of a model.bin.
#ifndef LLMC_COMPILER_TRANSLATESCHEDULE_H
#define LLMC_COMPILER_TRANSLATESCHEDULE_H

#include "mlir/IR/BuiltinOps.h"
#include "runtime/format/Program.h"
#include "runtime/support/Error.h"

namespace llmc {

/// Fills `kernels` (in the order of the module) and one module's `programs`,
/// the decoder's cache layout, vocabulary and chunk. Buffers of weights refer
/// to \p model's `weights` by name, which must be there already.
Status translateSchedule(mlir::ModuleOp module, Model &model, Module &target);

} // namespace llmc

#endif // LLMC_COMPILER_TRANSLATESCHEDULE_H
