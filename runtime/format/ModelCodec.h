/// The header of a model.bin: structs to bytes and back.
#ifndef LLMC_RUNTIME_FORMAT_MODELCODEC_H
#define LLMC_RUNTIME_FORMAT_MODELCODEC_H

#include "runtime/format/Program.h"
#include "runtime/support/Error.h"

#include <cstddef>
#include <span>
#include <vector>

namespace llmc {

/// The same model gives the same bytes.
std::vector<std::byte> encodeModel(const Model &model);

/// Decodes bytes that nobody vouches for. The structs hold what the bytes say;
/// whether it makes sense is checkModel's to tell (CheckModel.h).
/// Error: ArtifactDamaged.
Result<Model> decodeModel(std::span<const std::byte> bytes);

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_MODELCODEC_H
