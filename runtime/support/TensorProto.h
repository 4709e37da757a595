/// Tensors as ONNX keeps them in .pb files: one serialized TensorProto.
///
/// Read and written here without protobuf's library: a model.bin links nothing
/// of the kind. Source of the numbers: onnx.proto, and protobuf's encoding.
#ifndef LLMC_RUNTIME_SUPPORT_TENSORPROTO_H
#define LLMC_RUNTIME_SUPPORT_TENSORPROTO_H

#include "runtime/support/Error.h"
#include "runtime/support/Npy.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace llmc {

/// A tensor and what its file calls it.
struct NamedTensor {
  std::string name; ///< May be empty.
  Tensor tensor;
};

/// Reads bytes that nobody vouches for: elements as raw_data or in the typed
/// fields, packed or not. Refused are external data, segments, and element
/// types that ElementType lacks. \p where is for messages. Error: BadTensor.
Result<NamedTensor> parseTensorProto(std::span<const std::byte> bytes,
                                     const std::string &where);

/// Elements go to raw_data.
std::vector<std::byte> formatTensorProto(const Tensor &tensor,
                                         std::string_view name);

} // namespace llmc

#endif // LLMC_RUNTIME_SUPPORT_TENSORPROTO_H
