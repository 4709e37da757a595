/// Where a copy of the weights gets its blocks from.
#ifndef LLMC_RUNTIME_MODEL_BLOCKSOURCE_H
#define LLMC_RUNTIME_MODEL_BLOCKSOURCE_H

#include "runtime/format/Artifact.h"
#include "runtime/support/Error.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace llmc {

/// Blocks of hashBlockBytes of a weights section; the last may be shorter.
class BlockSource {
public:
  virtual ~BlockSource() = default;
  /// Reads a block and compares it with its hash; from any thread. Errors:
  /// ArtifactDamaged, CannotRead.
  virtual Status read(uint64_t block, std::span<std::byte> to) = 0;
  /// The block is read from its copy from now on.
  virtual void release(uint64_t block) = 0;
  /// Whether the process may take \p bytes more.
  virtual bool hasRoom(uint64_t bytes) = 0;
};

/// Those of an artifact, read from its file and not through its map: no faults,
/// and a file that was cut is an error.
class FileBlocks final : public BlockSource {
public:
  /// \p artifact must outlive this and have weights. \p dropsCache: the system
  /// need not keep what was released.
  FileBlocks(const Artifact &artifact, bool dropsCache)
      : artifact(artifact), dropsCache(dropsCache) {}

  Status read(uint64_t block, std::span<std::byte> to) override;
  void release(uint64_t block) override;
  bool hasRoom(uint64_t bytes) override;

private:
  const Artifact &artifact;
  bool dropsCache;
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_BLOCKSOURCE_H
