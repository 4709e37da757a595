/// What a search for the best segmentation found in stretches of a text that it
/// had before.
#ifndef LLMC_RUNTIME_TOKENIZER_UNIGRAMCACHE_H
#define LLMC_RUNTIME_TOKENIZER_UNIGRAMCACHE_H

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

namespace llmc::tokenizer {

/// A stretch begins at a place that every path passes, and is known by the
/// bytes that the search may look at there. Its tokens also hang on the sum so
/// far, because sums are rounded; but between two powers of two that sum is a
/// multiple of the spacing of numbers there, and what is added to it is rounded
/// to such a multiple whatever the sum, except where two are as near: then to
/// the even one. So equal stretches become equal tokens where the exponents of
/// the sums and their last bits are equal, and no sum within leaves the power
/// of two. \p Score is float or double.
template <typename Score> class UnigramCache {
  using Bits = std::conditional_t<sizeof(Score) == 4, uint32_t, uint64_t>;
  static constexpr int mantissaBits = std::numeric_limits<Score>::digits - 1;

public:
  static constexpr size_t maxBytes = 24, maxTokens = 8;

  struct Token {
    int32_t id;   ///< -1: unknown characters in a row.
    uint32_t end; ///< In the stretch.
  };
  /// One stretch; sums are less the one that it began with.
  struct Found {
    std::array<Token, maxTokens> tokens;
    uint32_t count = 0;
    uint32_t bytes = 0; ///< How long it is.
    Score sum = 0;
    Score least = 0, most = 0; ///< Of all sums within.
  };
  struct Key {
    std::array<uint64_t, maxBytes / 8> text{};
    uint64_t rest = 0; ///< How long the text is, and what counts of the sum.
    bool operator==(const Key &) const = default;
  };

  /// \p falling: what is added to a sum is never above 0.
  explicit UnigramCache(bool falling) : falling(falling), slots(count) {}

  /// Of at most maxBytes of text; \p open where the search may look at more.
  static Key keyOf(std::string_view text, bool open, Score sum) {
    Key key;
    std::memcpy(key.text.data(), text.data(), text.size());
    auto bits = std::bit_cast<Bits>(sum);
    key.rest = uint64_t(bits >> mantissaBits) << 8 | uint64_t(bits & 1) << 7 |
               uint64_t(open) << 6 | text.size();
    return key;
  }
  /// Whether \p sum is between the powers of two around \p from. One that is
  /// the lower of these may be rounded up from what is below it, where numbers
  /// lie closer; not where sums only fall.
  bool staysNear(Score from, Score sum) const {
    auto a = std::bit_cast<Bits>(from), b = std::bit_cast<Bits>(sum);
    return a >> mantissaBits == b >> mantissaBits &&
           (falling || (b & ((Bits(1) << mantissaBits) - 1)) != 0);
  }

  /// What is known of \p key where the sum is \p sum; null: nothing.
  const Found *find(const Key &key, Score sum) const {
    const Slot &slot = slots[slotOf(key)];
    bool known = slot.found.count != 0 && slot.key == key &&
                 staysNear(sum, sum + slot.found.least) &&
                 staysNear(sum, sum + slot.found.most);
    return known ? &slot.found : nullptr;
  }
  void note(const Key &key, const Found &found) {
    slots[slotOf(key)] = {key, found};
  }

private:
  static constexpr size_t count = 2048;
  struct Slot {
    Key key;
    Found found;
  };
  bool falling;
  std::vector<Slot> slots;

  static size_t slotOf(const Key &key) {
    uint64_t mixed = key.rest;
    for (uint64_t part : key.text)
      mixed = (mixed ^ part) * 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93u;
    return mixed >> 32 & (count - 1);
  }
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_UNIGRAMCACHE_H
