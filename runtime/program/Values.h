/// The integers of a program.
#ifndef LLMC_RUNTIME_PROGRAM_VALUES_H
#define LLMC_RUNTIME_PROGRAM_VALUES_H

#include "runtime/format/Program.h"
#include "runtime/support/Error.h"

#include <cstdint>
#include <span>

namespace llmc {

/// Computes all values of \p program in order. \p symbols has one number per
/// symbol of the program, \p results one place per value; the program is
/// checked (CheckModel.h). Error: ArtifactDamaged for an overflow or a divisor
/// that is not positive.
Status evaluateValues(const Program &program, std::span<const int64_t> symbols,
                      std::span<int64_t> results);

} // namespace llmc

#endif // LLMC_RUNTIME_PROGRAM_VALUES_H
