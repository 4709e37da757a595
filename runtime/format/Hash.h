/// XXH3-128 of bytes, whole or streamed in blocks of a section.
#ifndef LLMC_RUNTIME_FORMAT_HASH_H
#define LLMC_RUNTIME_FORMAT_HASH_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace llmc {

/// The two halves of an XXH3-128 digest, as stored: little-endian.
struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const Hash128 &) const = default;
};
static_assert(sizeof(Hash128) == 16);

Hash128 hashBytes(std::span<const std::byte> bytes);
uint64_t hash64(std::span<const std::byte> bytes);

/// The hash of a section as a whole: that of its blocks' hashes.
Hash128 rootHash(std::span<const Hash128> blocks);

/// Hashes a stream in blocks of hashBlockBytes (Sections.h); the last block may
/// be shorter. An empty stream has no blocks.
class BlockHasher {
public:
  BlockHasher();
  ~BlockHasher();
  BlockHasher(const BlockHasher &) = delete;
  BlockHasher &operator=(const BlockHasher &) = delete;

  void update(std::span<const std::byte> bytes);
  /// The hashes of all blocks since construction or the last finish.
  std::vector<Hash128> finish();

private:
  void closeBlock();

  struct State;
  std::unique_ptr<State> state;
  uint64_t inBlock = 0;
  std::vector<Hash128> blocks;
};

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_HASH_H
