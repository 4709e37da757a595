/// Tensors in memory and as .npy files (NumPy's NEP 1, versions 1 to 3).
#ifndef LLMC_RUNTIME_SUPPORT_NPY_H
#define LLMC_RUNTIME_SUPPORT_NPY_H

#include "runtime/format/ElementType.h"
#include "runtime/support/Error.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace llmc {

/// A dense tensor in row-major order.
struct Tensor {
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape;  ///< Empty: a scalar.
  std::vector<std::byte> data; ///< elementBytes(type) per element.
};

/// Reads bytes that nobody vouches for. Big-endian and Fortran order are
/// refused, and so are element types that ElementType lacks. \p where is for
/// messages. Error: BadTensor.
Result<Tensor> parseNpy(std::span<const std::byte> bytes,
                        const std::string &where);
/// Errors: also those of MappedFile::open.
Result<Tensor> readNpy(const std::string &path);

/// Version 1. bf16, which NumPy lacks, is written as f32.
std::vector<std::byte> formatNpy(const Tensor &tensor);
/// Errors: CannotCreate, CannotWrite, PermissionDenied.
Status writeNpy(const std::string &path, const Tensor &tensor);

} // namespace llmc

#endif // LLMC_RUNTIME_SUPPORT_NPY_H
