#include "runtime/tokenizer/Charsmap.h"

#include "runtime/tokenizer/GrowingText.h"
#include "runtime/tokenizer/Unicode.h"

namespace llmc::tokenizer {

static uint32_t readU32(std::string_view bytes, size_t at) {
  uint32_t v = 0;
  for (size_t i = 0; i < 4; ++i)
    v |= uint32_t(uint8_t(bytes[at + i])) << (8 * i);
  return v;
}

Result<Charsmap> Charsmap::create(std::string_view blob,
                                  std::string_view keptTexts) {
  auto bad = [](std::string why) {
    return Error{Code::BadTokenizer,
                 "cannot read the character map of the normalizer",
                 "precompiled_charsmap", std::move(why),
                 "take the tokenizer's files from where the model is from"};
  };
  if (blob.size() < 4)
    return bad("it is shorter than its header");
  uint32_t arrayBytes = readU32(blob, 0);
  if (arrayBytes > blob.size() - 4 || arrayBytes % 4 != 0)
    return bad("its array of " + std::to_string(arrayBytes) +
               " bytes does not fit");
  Charsmap map;
  map.units.reserve(arrayBytes / 4);
  for (size_t at = 4; at < 4 + size_t(arrayBytes); at += 4)
    map.units.push_back(readU32(blob, at));
  map.pool = blob.substr(4 + size_t(arrayBytes));
  if (!isValidUtf8(map.pool))
    return bad("its replacements are not UTF-8");
  std::vector<std::pair<std::string_view, int32_t>> entries;
  while (!keptTexts.empty()) {
    size_t end = keptTexts.find('\0');
    if (end == keptTexts.npos)
      return bad("the list of texts that it keeps is cut short");
    entries.push_back({keptTexts.substr(0, end), 0});
    keptTexts.remove_prefix(end + 1);
  }
  map.kept = ByteTrie(std::move(entries));
  return map;
}

// A unit of the array: the low byte and the top bit are its label, bit 8 says
// that a rule ends there, and the rest is the distance to its children; the
// unit of a value has only the top bit in its label.
template <typename F>
void Charsmap::eachRule(std::string_view text, F found) const {
  auto offset = [](uint32_t unit) {
    return unit >> 10 << ((unit & (uint32_t(1) << 9)) >> 6);
  };
  if (units.empty())
    return;
  uint32_t at = offset(units[0]);
  for (size_t n = 1; n <= text.size(); ++n) {
    uint32_t byte = uint8_t(text[n - 1]);
    at ^= byte;
    if (at >= units.size() || (units[at] & 0x800000FFu) != byte)
      return;
    bool ends = units[at] >> 8 & 1;
    at ^= offset(units[at]);
    if (!ends)
      continue;
    if (at >= units.size())
      return;
    uint32_t value = units[at] & 0x7FFFFFFFu;
    if (value >= pool.size() || (uint8_t(pool[value]) & 0xC0) == 0x80)
      return;
    std::string_view replacement = std::string_view(pool).substr(value);
    found(n, replacement.substr(0, replacement.find('\0')));
  }
}

/// Whether \p length is a border of characters in \p text.
static bool isBorder(std::string_view text, size_t length) {
  return length == text.size() || (uint8_t(text[length]) & 0xC0) != 0x80;
}

Result<std::string> Charsmap::applyLongest(std::string_view text) const {
  GrowingText out(text.size());
  while (!text.empty()) {
    size_t length = kept.longestPrefix(text).length;
    std::string_view replacement = text.substr(0, length);
    if (length == 0) {
      eachRule(text, [&](size_t n, std::string_view to) {
        if (isBorder(text, n))
          length = n, replacement = to;
      });
    }
    if (length == 0) {
      length = decodeOne(text).length;
      replacement = text.substr(0, length);
    }
    text.remove_prefix(length);
    if (!out.append(replacement, text.size()))
      return GrowingText::tooLong();
  }
  return std::move(out.text);
}

bool Charsmap::shortest(std::string_view text,
                        std::string_view &replacement) const {
  bool any = false;
  eachRule(text, [&](size_t, std::string_view to) {
    if (!any)
      replacement = to;
    any = true;
  });
  return any;
}

Result<std::string> Charsmap::applyToGraphemes(std::string_view text) const {
  GrowingText out(text.size());
  while (!text.empty()) {
    size_t length = graphemeLength(text);
    std::string_view grapheme = text.substr(0, length), replacement;
    text.remove_prefix(length);
    if (length < 6 && shortest(grapheme, replacement)) {
      if (!out.append(replacement, text.size()))
        return GrowingText::tooLong();
      continue;
    }
    while (!grapheme.empty()) {
      std::string_view character =
          grapheme.substr(0, decodeOne(grapheme).length);
      if (!shortest(character, replacement))
        replacement = character;
      if (!out.append(replacement, text.size()))
        return GrowingText::tooLong();
      grapheme.remove_prefix(character.size());
    }
  }
  return std::move(out.text);
}

} // namespace llmc::tokenizer
