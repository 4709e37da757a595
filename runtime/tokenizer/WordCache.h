/// The ids of short words that a text has had before.
#ifndef LLMC_RUNTIME_TOKENIZER_WORDCACHE_H
#define LLMC_RUNTIME_TOKENIZER_WORDCACHE_H

#include "runtime/tokenizer/Repeats.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

/// For one text and one list of ids. A word is what becomes the same ids
/// wherever it stands, from a certain step of the pre-tokenizer on; the cache
/// forgets those that share a slot with later ones.
class WordCache {
public:
  static constexpr size_t maxBytes = 24;

  explicit WordCache(std::vector<int32_t> &ids) : ids(ids), slots(count) {}

  /// Appends what \p word became from \p step on, if it knows. Neither is
  /// larger than 255, and the word at most maxBytes.
  bool append(std::string_view word, size_t step) {
    Key key = keyOf(word, step);
    const Slot &slot = slotOf(key);
    if (slot.key != key)
      return false;
    ids.insert(ids.end(), slot.ids.begin(), slot.ids.begin() + slot.tokens);
    return true;
  }
  /// Appends \p times what was appended since \p mark.
  void repeat(size_t mark, size_t times) { repeatSince(ids, mark, times); }
  /// Where the ids of the next word begin.
  size_t mark() const { return ids.size(); }
  /// Notes what was appended since \p mark as the ids of \p word.
  void note(std::string_view word, size_t step, size_t mark) {
    size_t tokens = ids.size() - mark;
    if (tokens > maxTokens)
      return;
    Key key = keyOf(word, step);
    Slot &slot = slotOf(key);
    slot.key = key;
    slot.tokens = uint8_t(tokens);
    std::copy(ids.begin() + ptrdiff_t(mark), ids.end(), slot.ids.begin());
  }

private:
  // The word, then its length and step; all zero where nothing is noted.
  using Key = std::array<uint64_t, maxBytes / 8 + 1>;
  static constexpr size_t maxTokens = 8;
  static constexpr size_t count = 2048;
  struct Slot {
    Key key{};
    std::array<int32_t, maxTokens> ids{};
    uint8_t tokens = 0;
  };
  std::vector<int32_t> &ids;
  std::vector<Slot> slots;

  static Key keyOf(std::string_view word, size_t step) {
    Key key{};
    key.back() = word.size() << 8 | step;
    std::memcpy(key.data(), word.data(), std::min(word.size(), maxBytes));
    return key;
  }
  Slot &slotOf(const Key &key) {
    uint64_t mixed = 0;
    for (uint64_t part : key)
      mixed = (mixed ^ part) * 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93u;
    return slots[mixed >> 32 & (count - 1)];
  }
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_WORDCACHE_H
