/// Reads ONNX: protobuf bytes in, checked plain structs out.
///
/// The bytes are not trusted. Whatever they are, the reader returns a Model or
/// an Error; its heap stays below twice the file's length plus 64 MiB; it
/// opens no file but the model and what lies beneath the model's folder.
#ifndef LLMC_FRONTENDS_ONNX_READER_ONNXREADER_H
#define LLMC_FRONTENDS_ONNX_READER_ONNXREADER_H

#include "frontends/onnx/reader/OnnxModel.h"

namespace llmc::onnx {

/// Maps and reads the model file \p path, which may be a symbolic link, and
/// maps its external data as mapBeneath() does (its folder is the one that holds
/// \p path as given). Errors: NotOnnx, BadModel, TooLarge, the three
/// ExternalData…, FileNotFound, PermissionDenied, CannotRead.
Result<Model> readModel(const std::string &path);

/// The same from memory. \p bytes must outlive the Model; external data is
/// looked for beneath \p folder ("" forbids it).
Result<Model> readModelFromBytes(std::span<const std::byte> bytes,
                                 const std::string &folder);

/// Indices into \p nodes such that every node comes after those that it reads
/// from, also from within its subgraphs. The file's order is kept where it
/// can be: always the first node that is ready. Error: BadModel for a cycle,
/// naming its nodes.
Result<std::vector<uint32_t>> topologicalOrder(std::span<const Node> nodes);
/// The same for a graph's nodes.
Result<std::vector<uint32_t>> topologicalOrder(const Graph &graph);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_READER_ONNXREADER_H
