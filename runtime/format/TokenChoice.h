/// How the token that follows a row of logits is chosen: what the host tells, and
/// the arithmetic that a host and a device do alike, to the bit.
///
/// The distance of a token is (largest logit - its logit) * inverseTemperature, two
/// f32 operations rounded to nearest, denormals (of the logits too) flushed to 0. Its
/// bits, without the sign, are an integer that orders tokens, nearest first, and
/// `weightOf` of them is 2^40 e^-distance as an integer. Sums of weights are exact:
/// neither their order nor the machine shows in a choice.
///
/// 1. topK: kept are the k nearest and all that are as near as the k-th.
/// 2. topP: of these the fewest nearest, equals in order of id, whose weights reach
///    the share topP / 2^64 of their sum, rounded down; at least one.
/// 3. leastWeight: of these those of at least this weight.
/// 4. The first in order of id at which the sum of kept weights exceeds
///    random / 2^64 of all of it, rounded down.
#ifndef LLMC_RUNTIME_FORMAT_TOKENCHOICE_H
#define LLMC_RUNTIME_FORMAT_TOKENCHOICE_H

#include <cstdint>

namespace llmc {

/// One row of a step's input `choices`.
struct TokenChoice {
  /// A normal number, or 0: the largest logit of the lowest id.
  float inverseTemperature = 0;
  int32_t topK = 0;             ///< 0: off; below the size of the vocabulary.
  uint64_t topP = 0;            ///< In 2^-64; 0: off.
  uint64_t leastWeight = 0;     ///< 0: off.
  uint64_t random = 0;          ///< In 2^-64.

  bool isGreedy() const { return inverseTemperature == 0; }
};

namespace choice {

/// i32 words of a TokenChoice, and where its fields begin.
inline constexpr int64_t words = 8;
inline constexpr int64_t topKWord = 1, topPWord = 2, leastWeightWord = 4, randomWord = 6;
static_assert(sizeof(TokenChoice) == 4 * words);

/// The sum of the weights of so many tokens stays below 2^62.
inline constexpr int64_t mostTokens = int64_t(1) << 22;
/// What a device says where no token can be chosen: a logit is NaN or +inf, or all
/// are -inf.
inline constexpr int32_t noToken = -1;

/// No number has these bits as a distance; it is beyond all.
inline constexpr uint32_t beyond = 0x7FFFFFFF;
/// Weights of distances from here on (32) are 0.
inline constexpr uint32_t weightless = 0x42000000;
/// A distance below 32 is cut to this many bits behind the point.
inline constexpr int distanceBits = 24;
/// log2(e), 30 bits behind the point.
inline constexpr uint32_t log2e = 0x5C551D95;
/// 2^-x for x in [0, 1), both with 32 bits behind the point: c0 - x (c1 - x (c2 - …)),
/// the interpolation at Chebyshev's points; every product is cut to 32 bits. Within
/// 3.5e-9 of the value.
inline constexpr uint32_t power[] = {0xFFFFFFFA, 0xB17215B2, 0x3D7F577E, 0x0E34A75B,
                                     0x0273D361, 0x00539803, 0x00072A3C};
inline constexpr int powerTerms = 7;
/// Weights have this many bits behind the point.
inline constexpr int weightBits = 40;

constexpr uint32_t highProduct(uint32_t a, uint32_t b) {
  return static_cast<uint32_t>(uint64_t(a) * b >> 32);
}

/// The weight of a distance below 32, cut to distanceBits behind the point.
constexpr uint64_t weightOfFixed(uint32_t distance) {
  uint64_t exponent = uint64_t(distance) * log2e; // 54 bits behind the point
  uint32_t whole = static_cast<uint32_t>(exponent >> 54);
  uint32_t fraction = static_cast<uint32_t>(exponent >> 22);
  uint32_t value = power[powerTerms - 1];
  for (int i = powerTerms - 2; i >= 0; --i)
    value = power[i] - highProduct(fraction, value);
  return uint64_t(value) << (weightBits - 32) >> whole;
}

inline constexpr uint64_t mostWeight = weightOfFixed(0);

} // namespace choice

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_TOKENCHOICE_H
