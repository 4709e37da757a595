/// UTF-8 and the character classes and mappings that tokenizers use.
///
/// All functions take valid UTF-8 except sanitizeUtf8() and decodeOne(); text
/// from users passes sanitizeUtf8() once, at the door.
#ifndef LLMC_RUNTIME_TOKENIZER_UNICODE_H
#define LLMC_RUNTIME_TOKENIZER_UNICODE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace llmc::tokenizer {

/// What stands at the front of a byte string.
struct Utf8Head {
  enum class State { Valid, Invalid, Incomplete };
  State state;
  /// Bytes that it takes: of a Valid character, of the longest ill-formed
  /// prefix (Unicode 15, 3.9, "maximal subpart"), or all that are left.
  uint32_t length;
  char32_t codePoint; ///< U+FFFD unless Valid.
};

/// decodeOne() of a \p text that does not begin with an ASCII character.
Utf8Head decodeLong(std::string_view text);
/// Looks at the first character of \p text, which must not be empty.
inline Utf8Head decodeOne(std::string_view text) {
  using State = Utf8Head::State;
  auto byte = [&](size_t i) { return uint8_t(text[i]); };
  auto follows = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  uint8_t lead = byte(0);
  if (lead < 0x80)
    return {State::Valid, 1, lead};
  auto tail = [&](size_t i) { return char32_t(byte(i) & 0x3F); };
  if (lead >= 0xC2 && lead < 0xE0 && text.size() > 1 && follows(1))
    return {State::Valid, 2, char32_t(lead & 0x1F) << 6 | tail(1)};
  if (lead >= 0xE0 && lead < 0xF0 && text.size() > 2 && follows(1) &&
      follows(2)) {
    char32_t c = char32_t(lead & 0x0F) << 12 | tail(1) << 6 | tail(2);
    if (c >= 0x800 && (c < 0xD800 || c > 0xDFFF))
      return {State::Valid, 3, c};
  }
  return decodeLong(text);
}
/// The bytes of \p text in front of the first that is not ASCII.
size_t asciiPrefix(std::string_view text);
/// Appends \p codePoint (a Unicode scalar value) in UTF-8.
void appendUtf8(std::string &out, char32_t codePoint);
bool isValidUtf8(std::string_view text);
/// \p text with each maximal ill-formed subpart replaced by U+FFFD.
std::string sanitizeUtf8(std::string_view text);
inline constexpr std::string_view replacementUtf8 = "\xEF\xBF\xBD";

/// Unicode White_Space.
bool isSpace(char32_t c);
/// Categories Nd, Nl, No.
bool isNumeric(char32_t c);
/// ASCII punctuation and symbols, and category P.
bool isPunctuation(char32_t c);
/// Word character of Unicode TR18: Alphabetic, M, Nd, Pc, Join_Control.
bool isWord(char32_t c);

/// The general category, in two letters: "Lu", "Cn".
const char *categoryName(char32_t c);
/// Categories Mn, Mc, Me.
bool isMark(char32_t c);
bool isNonspacingMark(char32_t c);
/// Category C but for tab, line feed and carriage return.
bool isOther(char32_t c);
/// What BERT reads as a space: tab, line feed, carriage return, category Z.
bool isBertSpace(char32_t c);
/// The blocks of ideographs that BERT cuts apart.
bool isCjkIdeograph(char32_t c);
/// The characters that the tokenizers library's Nmt drops, and those it reads
/// as spaces.
bool isNmtControl(char32_t c);
bool isNmtSpace(char32_t c);

/// The bytes of the first grapheme cluster of \p text, which is not empty.
size_t graphemeLength(std::string_view text);

enum class NormalForm { Nfc, Nfd, Nfkc, Nfkd };
/// Normalizes in O(n log n) whatever the run of combining marks.
std::string normalize(std::string_view text, NormalForm form);
/// Full lower-case mapping of each character, without context.
std::string lowercase(std::string_view text);

/// The letter that stands for \p byte in byte-level vocabularies (GPT-2): the
/// printable characters of Latin-1 for themselves, the others from U+0100 on.
char32_t byteToLetter(uint8_t byte);
/// Appends the letters of \p bytes.
void appendLetters(std::string &out, std::string_view bytes);
/// The byte of \p letter, or -1.
int letterToByte(char32_t letter);

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_UNICODE_H
