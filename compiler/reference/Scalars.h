/// Evaluates a region of scalar ops of arith and math (an epilogue, a map) for
/// many elements at a time. Internal to this folder.
#ifndef LLMC_COMPILER_REFERENCE_SCALARS_H
#define LLMC_COMPILER_REFERENCE_SCALARS_H

#include "compiler/reference/Tensor.h"
#include "mlir/IR/Block.h"

namespace llmc::reference {

/// One SSA value of a scalar type, for each of n elements: floats as doubles
/// that hold numbers of the type, integers sign-extended (i1 as 0 or 1).
struct Lane {
  Element element = Element::F32;
  std::vector<double> floats;
  std::vector<int64_t> ints;
};

/// Runs \p block on one lane per argument, each of \p n elements. The operands
/// of its terminator, or a failure with \p why.
mlir::FailureOr<std::vector<Lane>> runScalars(mlir::Block &block,
                                              std::vector<Lane> arguments,
                                              int64_t n, std::string &why);

} // namespace llmc::reference

#endif // LLMC_COMPILER_REFERENCE_SCALARS_H
