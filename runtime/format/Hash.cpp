#include "runtime/format/Hash.h"

#include "runtime/format/Sections.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace llmc {

namespace {
Hash128 fromLibrary(XXH128_hash_t hash) { return {hash.low64, hash.high64}; }
} // namespace

Hash128 hashBytes(std::span<const std::byte> bytes) {
  return fromLibrary(XXH3_128bits(bytes.data(), bytes.size()));
}

uint64_t hash64(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Hash128 rootHash(std::span<const Hash128> blocks) {
  return hashBytes(std::as_bytes(blocks));
}

struct BlockHasher::State {
  XXH3_state_t stream;
};

BlockHasher::BlockHasher() : state(std::make_unique<State>()) {
  XXH3_128bits_reset(&state->stream);
}

BlockHasher::~BlockHasher() = default;

void BlockHasher::closeBlock() {
  blocks.push_back(fromLibrary(XXH3_128bits_digest(&state->stream)));
  XXH3_128bits_reset(&state->stream);
  inBlock = 0;
}

void BlockHasher::update(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    size_t piece = std::min<uint64_t>(bytes.size(), hashBlockBytes - inBlock);
    XXH3_128bits_update(&state->stream, bytes.data(), piece);
    inBlock += piece;
    bytes = bytes.subspan(piece);
    if (inBlock == hashBlockBytes)
      closeBlock();
  }
}

std::vector<Hash128> BlockHasher::finish() {
  if (inBlock > 0)
    closeBlock();
  return std::move(blocks);
}

} // namespace llmc
