#include "runtime/tokenizer/CharacterSteps.h"

#include "runtime/tokenizer/GrowingText.h"
#include "runtime/tokenizer/Repeats.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

namespace llmc::tokenizer {

using Kind = NormalizerStep::Kind;

void appendReplaced(std::string &out, std::string_view text,
                    std::string_view pattern, std::string_view content) {
  // Room for as many as there are in the beginning.
  size_t size = text.size();
  std::string_view front = text.substr(0, 4096);
  if (pattern.size() == 1 && content.size() > 1)
    size += size_t(std::ranges::count(front, pattern[0])) *
            (content.size() - 1) *
            (text.size() / std::max<size_t>(front.size(), 1) + 1);
  if (out.capacity() < out.size() + size)
    out.reserve(out.size() + size);
  size_t from = 0;
  Repeats<NoState> repeats(text);
  for (size_t at; (at = text.find(pattern, from)) != std::string_view::npos;) {
    out.append(text.substr(from, at - from));
    out.append(content);
    from = at + pattern.size();
    if (!repeats.wanted(from))
      continue;
    auto skip = repeats.visit(from, from, out.size(), noState);
    if (skip.times > 0) {
      repeatSince(out, skip.mark, skip.times);
      from += skip.bytes * skip.times;
      repeats.leave(from);
    }
  }
  out.append(text.substr(from));
}

std::string replaceAll(std::string_view text, std::string_view pattern,
                       std::string_view content) {
  std::string out;
  appendReplaced(out, text, pattern, content);
  return out;
}

/// \p write(character, out) for each character of \p text.
template <typename F>
static std::string mapCharacters(std::string_view text, F write) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Utf8Head head = decodeOne(text);
    write(head.codePoint, out);
    text.remove_prefix(head.length);
  }
  return out;
}

static bool isNormalForm(Kind kind) {
  return kind == Kind::Nfc || kind == Kind::Nfd || kind == Kind::Nfkc ||
         kind == Kind::Nfkd;
}

bool isCharacterStep(const NormalizerStep &step) {
  switch (step.kind) {
  case Kind::Nfc:
  case Kind::Nfd:
  case Kind::Nfkc:
  case Kind::Nfkd:
  case Kind::Lowercase:
  case Kind::StripNonspacing:
  case Kind::StripMarks:
  case Kind::BertClean:
  case Kind::SpaceCjk:
  case Kind::Nmt:
  case Kind::ByteMap:
    return true;
  case Kind::ReplaceLiteral:
    return !step.pattern.empty() &&
           decodeOne(step.pattern).length == step.pattern.size();
  default:
    return false;
  }
}

/// One of them on all of \p text.
static std::string applyOne(const NormalizerStep &step, std::string_view text) {
  switch (step.kind) {
  case Kind::Nfc:
    return normalize(text, NormalForm::Nfc);
  case Kind::Nfd:
    return normalize(text, NormalForm::Nfd);
  case Kind::Nfkc:
    return normalize(text, NormalForm::Nfkc);
  case Kind::Nfkd:
    return normalize(text, NormalForm::Nfkd);
  case Kind::Lowercase:
    return lowercase(text);
  case Kind::StripNonspacing:
    return mapCharacters(text, [](char32_t c, std::string &out) {
      if (!isNonspacingMark(c))
        appendUtf8(out, c);
    });
  case Kind::StripMarks:
    return mapCharacters(text, [](char32_t c, std::string &out) {
      if (!isMark(c))
        appendUtf8(out, c);
    });
  case Kind::BertClean:
    return mapCharacters(text, [](char32_t c, std::string &out) {
      if (c == 0 || c == 0xFFFD || isOther(c))
        return;
      appendUtf8(out, isBertSpace(c) ? U' ' : c);
    });
  case Kind::SpaceCjk:
    return mapCharacters(text, [](char32_t c, std::string &out) {
      bool cjk = isCjkIdeograph(c);
      if (cjk)
        out += ' ';
      appendUtf8(out, c);
      if (cjk)
        out += ' ';
    });
  case Kind::Nmt:
    return mapCharacters(text, [](char32_t c, std::string &out) {
      if (isNmtSpace(c))
        out += ' ';
      else if (!isNmtControl(c))
        appendUtf8(out, c);
    });
  case Kind::ByteMap: {
    std::string out;
    appendLetters(out, text);
    return out;
  }
  default:
    return replaceAll(text, step.pattern, step.content);
  }
}

static std::string applyAll(std::span<const NormalizerStep> steps,
                            std::string_view text) {
  std::string now = applyOne(steps[0], text);
  for (const NormalizerStep &step : steps.subspan(1))
    now = applyOne(step, now);
  return now;
}

/// Whether neither \p text nor what its first character decomposes to combines
/// with a character in front of it: what does is a mark, a vowel or final of
/// Hangul, or a vowel of Kirat Rai (Unicode 16).
static bool standsAlone(std::string_view text) {
  auto combines = [](char32_t c) {
    return isMark(c) || (c >= 0x1160 && c <= 0x11FF) ||
           (c >= 0x16D40 && c <= 0x16D7F);
  };
  std::string_view first = text.substr(0, decodeOne(text).length);
  std::string whole = normalize(first, NormalForm::Nfkd);
  return !combines(decodeOne(first).codePoint) && !whole.empty() &&
         !combines(decodeOne(whole).codePoint);
}

namespace {
/// What becomes of characters that stand alone.
class KnownCharacters {
public:
  struct Character {
    uint32_t key = 0; ///< The code point and one.
    bool begins;      ///< A text may be cut in front of it.
    bool fits;        ///< Its form does.
    uint8_t size;
    std::array<char, 56> form;
    std::string_view text() const { return {form.data(), size}; }
  };

  explicit KnownCharacters(std::span<const NormalizerStep> steps)
      : steps(steps), slots(512) {}

  const Character &of(char32_t c, std::string_view spelling) {
    Character &slot = slots[c % slots.size()];
    if (slot.key != uint32_t(c) + 1)
      fill(slot, c, spelling);
    return slot;
  }

private:
  std::span<const NormalizerStep> steps;
  std::vector<Character> slots;

  void fill(Character &slot, char32_t c, std::string_view spelling) {
    slot.key = uint32_t(c) + 1;
    slot.begins = true;
    std::string now(spelling);
    for (const NormalizerStep &step : steps) {
      if (isNormalForm(step.kind))
        slot.begins &= !now.empty() && standsAlone(now);
      now = applyOne(step, now);
    }
    // What vanishes lets its neighbours meet.
    slot.begins &= !now.empty();
    slot.fits = now.size() <= slot.form.size();
    slot.size = uint8_t(slot.fits ? now.size() : 0);
    std::memcpy(slot.form.data(), now.data(), slot.size);
  }
};
} // namespace

Result<std::string> applyCharacterSteps(std::span<const NormalizerStep> steps,
                                        std::string_view text) {
  constexpr size_t worthKnowing = 1024, blockBytes = 256;
  bool slow = std::any_of(steps.begin(), steps.end(), [](auto &step) {
    return step.kind != Kind::ReplaceLiteral && step.kind != Kind::ByteMap;
  });
  bool onlyForms = std::all_of(steps.begin(), steps.end(), [](auto &step) {
    return isNormalForm(step.kind);
  });
  if (onlyForms && asciiPrefix(text) == text.size())
    return std::string(text);
  if (!slow || text.size() < worthKnowing)
    return applyAll(steps, text);

  // Block by block; one where characters meet goes through the steps itself.
  KnownCharacters known(steps);
  GrowingText out(text.size());
  Repeats<NoState> repeats(text);
  for (size_t at = 0; at < text.size();) {
    if (repeats.wanted(at)) {
      // Whether a block may end at `at` hangs on the character there.
      auto skip = repeats.visit(at, at + 4, out.text.size(), noState);
      if (skip.times > 0) {
        if (!out.repeat(skip.mark, skip.times))
          return GrowingText::tooLong();
        at += skip.bytes * skip.times;
        repeats.leave(at);
      }
    }
    size_t begin = at, mark = out.text.size();
    bool meet = false;
    while (at < text.size()) {
      Utf8Head head = decodeOne(text.substr(at));
      const auto &character =
          known.of(head.codePoint, text.substr(at, head.length));
      if (at > begin && !character.begins)
        meet = true;
      else if (at - begin >= blockBytes)
        break;
      meet |= !character.fits;
      at += head.length;
      if (!meet && !out.append(character.text(), text.size() - at))
        return GrowingText::tooLong();
    }
    if (!meet)
      continue;
    out.text.resize(mark);
    if (!out.append(applyAll(steps, text.substr(begin, at - begin)),
                    text.size() - at))
      return GrowingText::tooLong();
  }
  return std::move(out.text);
}

} // namespace llmc::tokenizer
