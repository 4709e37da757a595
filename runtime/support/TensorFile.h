/// Tensors in files, by the ending of their names, and how far two differ.
#ifndef LLMC_RUNTIME_SUPPORT_TENSORFILE_H
#define LLMC_RUNTIME_SUPPORT_TENSORFILE_H

#include "runtime/support/TensorProto.h"

#include <string>
#include <string_view>

namespace llmc {

/// Whether \p path may be written: it ends in .npy or .pb. Error: BadFlagValue.
Status checkTensorName(const std::string &path);

/// `.pb` is a TensorProto, anything else .npy, which has no name. Errors:
/// BadTensor, those of MappedFile::open.
Result<NamedTensor> readTensor(const std::string &path);

/// \p name is kept by .pb files only. Errors: CannotCreate, CannotWrite,
/// PermissionDenied.
Status writeTensor(const std::string &path, const Tensor &tensor,
                   std::string_view name);

/// What compareTensors found.
struct TensorDifference {
  double largest = 0;     ///< |got - wanted|; infinite for NaN against a number.
  size_t elements = 0;    ///< How many lie outside the tolerance.
  size_t first = 0;       ///< The first of them, in row-major order.
};

/// The relative tolerance of a floating type: some hundred rounding errors; 0
/// for integers and bools, which are compared bit by bit.
double defaultTolerance(ElementType type);

/// Elements agree where |got - wanted| ≤ tolerance (1 + |wanted|), or where
/// both are NaN or the same infinity. Error: BadTensor where type or shape
/// differ.
Result<TensorDifference> compareTensors(const Tensor &got, const Tensor &wanted,
                                        double tolerance);

/// `f32[2,3]`.
std::string tensorTypeText(const Tensor &tensor);

} // namespace llmc

#endif // LLMC_RUNTIME_SUPPORT_TENSORFILE_H
