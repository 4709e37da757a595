/// The recorded tensors of ONNX's conformance tests: one TensorProto per file.
#ifndef LLMC_TEST_FRONTENDS_TENSORFILE_H
#define LLMC_TEST_FRONTENDS_TENSORFILE_H

#include "compiler/reference/Tensor.h"
#include "frontends/onnx/reader/OnnxModel.h"
#include "runtime/support/Error.h"

#include <string>

namespace llmc::test {

/// Reads \p path. Errors: what the reader says; UnsupportedType for strings.
Result<reference::Tensor> readTensorFile(const std::string &path,
                                         mlir::MLIRContext &context);

/// The same as the reader's struct; its bytes are owned.
Result<onnx::TensorData> readTensorData(const std::string &path);

/// The files STEM0.pb, STEM1.pb … of \p folder, in order.
std::vector<std::string> numberedTensors(const std::string &folder,
                                         const std::string &stem);

/// Makes the recorded small integer inputs of \p folder constants of the graph:
/// the upstream tests pass axes and shapes as inputs, where a real model has
/// initializers.
void bindIntegers(onnx::Model &model, const std::string &folder);

/// Empty where \p actual equals \p expected within what rounding in the
/// element type explains; otherwise the first difference.
std::string compareTensors(const reference::Tensor &actual,
                           const reference::Tensor &expected);

} // namespace llmc::test

#endif // LLMC_TEST_FRONTENDS_TENSORFILE_H
