/// Writes a model.bin.
#ifndef LLMC_RUNTIME_FORMAT_WRITER_H
#define LLMC_RUNTIME_FORMAT_WRITER_H

#include "runtime/format/Program.h"
#include "runtime/support/Error.h"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmc {

/// Takes the bytes of one weight, in order and in pieces of any size.
class WeightSink {
public:
  virtual Status write(std::span<const std::byte> bytes) = 0;

protected:
  ~WeightSink() = default;
};

/// Called once per weight in the order of Model::weights; writes exactly
/// Weight::bytes bytes to the sink. Its own errors end the writing.
using WeightProducer = std::function<Status(size_t weight, WeightSink &sink)>;

/// The code of one device.
struct DeviceCode {
  std::string_view ptx;              ///< Without a NUL; the writer adds it.
  std::span<const std::byte> cubin; ///< Empty where there is none.
};

/// All that goes into a file. Spans must live until the writer returns.
struct ArtifactContent {
  /// The executable in front; empty: a file for `llmc run` only.
  std::span<const std::byte> stub;
  /// Weight::offset and all sections are set by the writer.
  Model model;
  /// Serialised tokenizer; empty where there is none.
  std::span<const std::byte> tokenizer;
  /// Serialised chat template; empty where there is none.
  std::span<const std::byte> chatTemplate;
  /// One per Model::images.
  std::vector<std::span<const std::byte>> images;
  /// One per Model::devices.
  std::vector<DeviceCode> devices;
  WeightProducer weights;
};

/// Writes \p content aside, in the folder of \p path, and renames it over
/// \p path once it is whole and on the disk: whoever looks sees the old file or
/// the new one. The same content gives the same bytes. With a stub the file is
/// executable for whom the umask allows it.
/// Errors: CannotCreate, CannotWrite (nothing is left behind), Internal where
/// the content contradicts itself, and what the producer returns.
Status writeArtifact(const std::string &path, ArtifactContent content);

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_WRITER_H
