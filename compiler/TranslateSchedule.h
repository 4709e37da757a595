/// From rt.program ops to the structs of a model.bin.
#ifndef LLMC_COMPILER_TRANSLATESCHEDULE_H
#define LLMC_COMPILER_TRANSLATESCHEDULE_H

#include "mlir/IR/BuiltinOps.h"
#include "runtime/format/Program.h"
#include "runtime/support/Error.h"

namespace llmc {

/// The programs of one kind of processor, and the kernels that they launch.
struct TranslatedSchedule {
  std::vector<Kernel> kernels; ///< In the order of the module.
  std::vector<Program> programs;
  /// Of steps: the cache and its type, the vocabulary, chunk and block rows.
  DecoderConfig decoder;
};

/// Buffers of weights refer to \p model's `weights` by name, which must be there
/// already; those that hold angles of rotations are found to be no parameters.
Result<TranslatedSchedule> translateSchedule(mlir::ModuleOp module, Model &model);

} // namespace llmc

#endif // LLMC_COMPILER_TRANSLATESCHEDULE_H
