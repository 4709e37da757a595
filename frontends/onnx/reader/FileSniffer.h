/// What a file is that is not a model.
#ifndef LLMC_FRONTENDS_ONNX_READER_FILESNIFFER_H
#define LLMC_FRONTENDS_ONNX_READER_FILESNIFFER_H

#include <cstddef>
#include <span>
#include <string>

namespace llmc::onnx {

/// A file of another kind, recognised by its first bytes.
struct OtherFile {
  std::string what; ///< `it is a Git LFS pointer`; empty: not recognised.
  std::string fix;
};

/// Looks at the first bytes alone.
OtherFile sniffFile(std::span<const std::byte> bytes);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_READER_FILESNIFFER_H
