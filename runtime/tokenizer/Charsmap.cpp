#include "runtime/tokenizer/Charsmap.h"

#include "runtime/tokenizer/GrowingText.h"
#include "runtime/tokenizer/Repeats.h"
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
size_t Charsmap::eachRule(std::string_view text, F found) const {
  auto offset = [](uint32_t unit) {
    return unit >> 10 << ((unit & (uint32_t(1) << 9)) >> 6);
  };
  if (units.empty())
    return 0;
  uint32_t at = offset(units[0]);
  size_t n = 1;
  for (; n <= text.size(); ++n) {
    uint32_t byte = uint8_t(text[n - 1]);
    at ^= byte;
    if (at >= units.size() || (units[at] & 0x800000FFu) != byte)
      break;
    bool ends = units[at] >> 8 & 1;
    at ^= offset(units[at]);
    if (!ends)
      continue;
    if (at >= units.size())
      break;
    uint32_t value = units[at] & 0x7FFFFFFFu;
    if (value >= pool.size() || (uint8_t(pool[value]) & 0xC0) == 0x80)
      break;
    std::string_view replacement = std::string_view(pool).substr(value);
    found(n, replacement.substr(0, replacement.find('\0')));
  }
  return n;
}

/// Whether \p length is a border of characters in \p text.
static bool isBorder(std::string_view text, size_t length) {
  return length == text.size() || (uint8_t(text[length]) & 0xC0) != 0x80;
}

/// Calls \p writeOne(rest, out, looked) until nothing is left of \p text: it
/// appends what becomes of the front of \p rest, says how many bytes of it it
/// looked at, and gives how many it took; 0 where there would be too much.
template <typename F>
static Result<std::string> rewrite(std::string_view text, F writeOne) {
  GrowingText out(text.size());
  Repeats<NoState> repeats(text);
  for (size_t at = 0, reach = 0; at < text.size();) {
    if (repeats.wanted(at)) {
      auto skip = repeats.visit(at, reach, out.text.size(), noState);
      if (skip.times > 0) {
        if (!out.repeat(skip.mark, skip.times))
          return GrowingText::tooLong();
        at += skip.bytes * skip.times;
        repeats.leave(at);
        continue;
      }
    }
    size_t looked = 0;
    size_t taken = writeOne(text.substr(at), out, looked);
    if (taken == 0)
      return GrowingText::tooLong();
    reach = std::max(reach, at + looked);
    at += taken;
  }
  return std::move(out.text);
}

Result<std::string> Charsmap::applyLongest(std::string_view text) const {
  return rewrite(text, [&](std::string_view rest, GrowingText &out,
                           size_t &looked) {
    size_t length = 0;
    std::string_view replacement;
    looked = kept.eachPrefix(rest, [&](size_t n, int32_t) { length = n; }) + 1;
    if (length == 0) {
      size_t read = eachRule(rest, [&](size_t n, std::string_view to) {
        if (isBorder(rest, n))
          length = n, replacement = to;
      });
      looked = std::max(looked, read + 1);
    } else {
      replacement = rest.substr(0, length);
    }
    if (length == 0) {
      length = decodeOne(rest).length;
      replacement = rest.substr(0, length);
    }
    return out.append(replacement, rest.size() - length) ? length : 0;
  });
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
  auto writeCharacter = [&](std::string_view rest, GrowingText &out,
                            size_t &looked) {
    size_t length = looked = decodeOne(rest).length;
    std::string_view character = rest.substr(0, length), replacement;
    if (!shortest(character, replacement))
      replacement = character;
    return out.append(replacement, rest.size() - length) ? length : 0;
  };
  return rewrite(
      text, [&](std::string_view rest, GrowingText &out, size_t &looked) {
        size_t length = graphemeLength(rest);
        looked = length + 4; // And the character behind it.
        std::string_view grapheme = rest.substr(0, length), replacement;
        size_t left = rest.size() - length;
        if (length < 6 && shortest(grapheme, replacement))
          return out.append(replacement, left) ? length : 0;
        constexpr size_t few = 4096;
        if (length >= few) {
          Result<std::string> parts = rewrite(grapheme, writeCharacter);
          return parts && out.append(*parts, left) ? length : 0;
        }
        for (size_t ignored = 0; !grapheme.empty();) {
          size_t taken = writeCharacter(grapheme, out, ignored);
          if (taken == 0)
            return taken;
          grapheme.remove_prefix(taken);
        }
        return length;
      });
}

} // namespace llmc::tokenizer
