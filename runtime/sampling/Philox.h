/// Counter-based random numbers: Philox-4x32 with ten rounds, from Salmon,
/// Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
///
/// The number is a function of key and counter alone: no state is carried from
/// one call to the next, so what a sequence draws at a position depends neither
/// on the batch nor on what was drawn before.
#ifndef LLMC_RUNTIME_SAMPLING_PHILOX_H
#define LLMC_RUNTIME_SAMPLING_PHILOX_H

#include <array>
#include <cstdint>

namespace llmc::sampling {

/// Four random words for \p counter under \p key.
constexpr std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter,
                                             std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t(0xD2511F53) * counter[0];
    uint64_t b = uint64_t(0xCD9E8D57) * counter[2];
    counter = {uint32_t(b >> 32) ^ counter[1] ^ key[0], uint32_t(b),
               uint32_t(a >> 32) ^ counter[3] ^ key[1], uint32_t(a)};
    // Weyl sequence of the golden ratio and of sqrt(3) - 1.
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// Uniform in [0, 2^64), for one draw of one sequence.
constexpr uint64_t randomAt(uint64_t seed, uint64_t sequence,
                            uint64_t position) {
  auto words = philox4x32({uint32_t(position), uint32_t(position >> 32),
                           uint32_t(sequence), uint32_t(sequence >> 32)},
                          {uint32_t(seed), uint32_t(seed >> 32)});
  return uint64_t(words[1]) << 32 | words[0];
}

} // namespace llmc::sampling

#endif // LLMC_RUNTIME_SAMPLING_PHILOX_H
