/// Text from the model in error messages.
#ifndef LLMC_FRONTENDS_ONNX_READER_MESSAGES_H
#define LLMC_FRONTENDS_ONNX_READER_MESSAGES_H

#include "frontends/onnx/reader/OnnxModel.h"

#include <string>
#include <string_view>

namespace llmc::onnx {

/// \p text between double quotes, its control bytes escaped (a name may not
/// write to the user's terminal), long text shortened in the middle.
std::string quoted(std::string_view text);

/// `node "/layers.0/Add" (com.x::Add) at byte 1234`, without what is not there.
std::string describe(const Node &node);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_READER_MESSAGES_H
