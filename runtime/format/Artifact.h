/// A model.bin, opened and checked.
#ifndef LLMC_RUNTIME_FORMAT_ARTIFACT_H
#define LLMC_RUNTIME_FORMAT_ARTIFACT_H

#include "runtime/format/Program.h"
#include "runtime/format/Sections.h"
#include "runtime/support/Error.h"
#include "runtime/support/File.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace llmc {

/// A mapped model.bin of which everything but the weights has been checked
/// against its hashes and against the rules of CheckModel.h. The weights are
/// checked block by block with checkBlock: before they are believed
/// (runtime/model/WeightCheck.h) or by `verify`. Move-only; spans into the file
/// stay valid when it is moved.
class Artifact {
public:
  /// Errors: FileNotFound, PermissionDenied, CannotRead, NotAnArtifact,
  /// ArtifactDamaged, ArtifactVersion.
  static Result<Artifact> open(const std::string &path);

  Artifact(Artifact &&other) noexcept;
  Artifact &operator=(Artifact &&) = delete;
  ~Artifact();

  const std::string &path() const { return name; }
  const Model &model() const { return header; }
  const std::vector<SectionEntry> &sections() const { return table; }
  std::span<const std::byte> sectionBytes(size_t section) const;
  uint64_t fileSize() const { return file.bytes().size(); }
  /// Open for reading, to map an image from; -1 after a move.
  int descriptor() const { return fileDescriptor; }

  /// The serialised tokenizer; empty where the file has none.
  std::span<const std::byte> tokenizer() const;
  /// The serialised chat template; empty where the file has none.
  std::span<const std::byte> chatTemplate() const {
    return ofType(SectionType::Template);
  }
  /// The PTX of Model::devices[\p device]: text, its last byte a NUL.
  std::span<const std::byte> ptx(size_t device) const {
    return sectionBytes(header.devices[device].ptxSection);
  }
  /// Its cubin; empty where there is none.
  std::span<const std::byte> cubin(size_t device) const {
    uint32_t section = header.devices[device].cubinSection;
    return section ? sectionBytes(section) : std::span<const std::byte>();
  }
  /// The bytes of Model::weights[\p weight].
  std::span<const std::byte> weight(size_t weight) const;
  /// The number of the weights section; sections().size() if there is none.
  size_t weightsSection() const { return find(SectionType::Weights); }

  /// Compares one block with its hash: reads up to 2 MiB. \p block is below
  /// blockCount(sections()[section].size). May be called from any thread.
  bool checkBlock(size_t section, uint64_t block) const;
  /// Whether \p bytes, read by other means than the map, are this block.
  bool isBlock(size_t section, uint64_t block,
               std::span<const std::byte> bytes) const;
  /// All blocks of a section. Error: ArtifactDamaged with the place.
  Status checkSection(size_t section) const;
  /// The error for a block that checkBlock refused.
  Error damagedBlock(size_t section, uint64_t block) const;

private:
  Artifact() = default;
  size_t find(SectionType type) const;
  std::span<const std::byte> ofType(SectionType type) const;
  Result<Trailer> readTrailer() const;
  Status readTable(const Trailer &trailer);
  Status checkPlaces(const Trailer &trailer) const;
  Status readHashes();
  Status checkPtx() const;
  Error damaged(std::string where, std::string why) const;

  std::string name;
  MappedFile file;
  int fileDescriptor = -1;
  std::vector<SectionEntry> table;
  std::vector<Hash128> hashes; // of all sections' blocks
  Model header;
};

/// `weights`, `kernels` …
std::string_view sectionTypeName(uint32_t type);

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_ARTIFACT_H
