#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <span>
#include <utf8proc.h>
#include <vector>

namespace llmc::tokenizer {

Utf8Head decodeLong(std::string_view text) {
  using State = Utf8Head::State;
  auto byte = [&](size_t i) { return uint8_t(text[i]); };
  uint8_t lead = byte(0);
  uint32_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4)
    return {State::Invalid, 1, 0xFFFD};
  // The range of the second byte excludes overlong forms, surrogates and what
  // lies beyond U+10FFFF (Unicode 15, table 3-7).
  uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  char32_t codePoint = lead & (0x7F >> length);
  for (uint32_t i = 1; i < length; ++i) {
    if (i >= text.size())
      return {State::Incomplete, i, 0xFFFD};
    if (byte(i) < low || byte(i) > high)
      return {State::Invalid, i, 0xFFFD};
    codePoint = (codePoint << 6) | (byte(i) & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  return {State::Valid, length, codePoint};
}

void appendUtf8(std::string &out, char32_t c) {
  if (c < 0x80) {
    out += char(c);
    return;
  }
  char bytes[4];
  size_t size = 0;
  if (c < 0x800) {
    bytes[size++] = char(0xC0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      bytes[size++] = char(0xE0 | (c >> 12));
    } else {
      bytes[size++] = char(0xF0 | (c >> 18));
      bytes[size++] = char(0x80 | ((c >> 12) & 0x3F));
    }
    bytes[size++] = char(0x80 | ((c >> 6) & 0x3F));
  }
  bytes[size++] = char(0x80 | (c & 0x3F));
  out.append(bytes, size);
}

size_t asciiPrefix(std::string_view text) {
  size_t at = 0;
  for (uint64_t word; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if (word & 0x8080808080808080u)
      break;
  }
  while (at < text.size() && uint8_t(text[at]) < 0x80)
    ++at;
  return at;
}

bool isValidUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    std::string_view rest = text.substr(at);
    if (uint8_t(rest[0]) < 0x80) {
      at += asciiPrefix(rest);
      continue;
    }
    Utf8Head head = decodeOne(rest);
    if (head.state != Utf8Head::State::Valid)
      return false;
    at += head.length;
  }
  return true;
}

std::string sanitizeUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Utf8Head head = decodeOne(text);
    if (head.state == Utf8Head::State::Valid)
      out.append(text.substr(0, head.length));
    else
      out.append(replacementUtf8);
    text.remove_prefix(head.length);
  }
  return out;
}

bool isSpace(char32_t c) {
  if (c < 0x80)
    return c == ' ' || (c >= 9 && c <= 13);
  return c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

static utf8proc_category_t category(char32_t c) {
  return utf8proc_category(utf8proc_int32_t(c));
}

bool isNumeric(char32_t c) {
  if (c < 0x80)
    return c >= '0' && c <= '9';
  utf8proc_category_t cat = category(c);
  return cat >= UTF8PROC_CATEGORY_ND && cat <= UTF8PROC_CATEGORY_NO;
}

bool isPunctuation(char32_t c) {
  if (c < 0x80)
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') ||
           (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
  utf8proc_category_t cat = category(c);
  return cat >= UTF8PROC_CATEGORY_PC && cat <= UTF8PROC_CATEGORY_PO;
}

bool isWord(char32_t c) {
  if (c < 0x80)
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '_';
  // Other_Alphabetic outside category M are the enclosed Latin letters.
  if (c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) ||
      (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
      (c >= 0x1F170 && c <= 0x1F189))
    return true;
  utf8proc_category_t cat = category(c);
  return (cat >= UTF8PROC_CATEGORY_LU && cat <= UTF8PROC_CATEGORY_NL) ||
         cat == UTF8PROC_CATEGORY_PC;
}

/// Sorts \p marks by their class, which is below 256; those of one class keep
/// their order.
template <typename F>
static void sortByClass(std::span<utf8proc_int32_t> marks, F classOf) {
  constexpr size_t few = 256;
  if (marks.size() < few) {
    std::stable_sort(marks.begin(), marks.end(),
                     [&](auto a, auto b) { return classOf(a) < classOf(b); });
    return;
  }
  std::array<size_t, 257> begins{};
  for (utf8proc_int32_t mark : marks)
    ++begins[size_t(classOf(mark)) + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<utf8proc_int32_t> sorted(marks.size());
  for (utf8proc_int32_t mark : marks)
    sorted[begins[size_t(classOf(mark))]++] = mark;
  std::ranges::copy(sorted, marks.begin());
}

/// Decomposes fully and puts combining marks in canonical order. utf8proc's own
/// loop over a string is quadratic in the length of a run of marks.
static std::vector<utf8proc_int32_t> decompose(std::string_view text,
                                               bool compat) {
  auto options = utf8proc_option_t(UTF8PROC_DECOMPOSE | UTF8PROC_STABLE |
                                   (compat ? UTF8PROC_COMPAT : 0));
  std::vector<utf8proc_int32_t> out;
  out.reserve(text.size());
  while (!text.empty()) {
    Utf8Head head = decodeOne(text);
    text.remove_prefix(head.length);
    std::array<utf8proc_int32_t, 32> buffer; // The longest is 18 (U+FDFA).
    int boundClass = 0;
    utf8proc_ssize_t n =
        utf8proc_decompose_char(utf8proc_int32_t(head.codePoint), buffer.data(),
                                buffer.size(), options, &boundClass);
    if (n < 0 || n > utf8proc_ssize_t(buffer.size())) {
      buffer[0] = utf8proc_int32_t(head.codePoint);
      n = 1;
    }
    out.insert(out.end(), buffer.begin(), buffer.begin() + n);
  }
  auto combining = [](utf8proc_int32_t c) {
    return c < 0x300 ? 0 : utf8proc_get_property(c)->combining_class;
  };
  for (size_t i = 0; i < out.size();) {
    size_t end = i;
    bool sorted = true;
    for (int before = 0; end < out.size(); ++end) {
      int now = combining(out[end]);
      if (now == 0)
        break;
      sorted &= before <= now;
      before = now;
    }
    if (!sorted)
      sortByClass(std::span(out).subspan(i, end - i), combining);
    i = end + 1;
  }
  return out;
}

std::string normalize(std::string_view text, NormalForm form) {
  if (asciiPrefix(text) == text.size())
    return std::string(text);
  bool compat = form == NormalForm::Nfkc || form == NormalForm::Nfkd;
  bool compose = form == NormalForm::Nfc || form == NormalForm::Nfkc;
  std::vector<utf8proc_int32_t> points = decompose(text, compat);
  size_t count = points.size();
  if (compose) {
    utf8proc_ssize_t n = utf8proc_normalize_utf32(
        points.data(), utf8proc_ssize_t(count),
        utf8proc_option_t(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
    if (n >= 0)
      count = size_t(n);
  }
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < count; ++i)
    appendUtf8(out, char32_t(points[i]));
  return out;
}

std::string lowercase(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Utf8Head head = decodeOne(text);
    text.remove_prefix(head.length);
    if (head.codePoint == 0x130) // The one mapping to two characters.
      out += "i\xCC\x87";
    else
      appendUtf8(out,
                 char32_t(utf8proc_tolower(utf8proc_int32_t(head.codePoint))));
  }
  return out;
}

static bool standsForItself(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) ||
         byte >= 0xAE;
}

struct ByteAlphabet {
  std::array<char16_t, 256> letter{};
  std::array<int16_t, 324> byte{};
  ByteAlphabet() {
    byte.fill(-1);
    char16_t next = 0x100;
    for (unsigned b = 0; b < 256; ++b) {
      letter[b] = standsForItself(b) ? char16_t(b) : next++;
      byte[letter[b]] = int16_t(b);
    }
  }
};
static const ByteAlphabet byteAlphabet;

char32_t byteToLetter(uint8_t byte) { return byteAlphabet.letter[byte]; }
void appendLetters(std::string &out, std::string_view bytes) {
  size_t at = out.size();
  out.resize(at + 2 * bytes.size()); // Letters are below U+0800.
  for (char c : bytes) {
    char16_t letter = byteAlphabet.letter[uint8_t(c)];
    if (letter < 0x80) {
      out[at++] = char(letter);
      continue;
    }
    out[at++] = char(0xC0 | (letter >> 6));
    out[at++] = char(0x80 | (letter & 0x3F));
  }
  out.resize(at);
}

int letterToByte(char32_t letter) {
  return letter < byteAlphabet.byte.size() ? byteAlphabet.byte[letter] : -1;
}

} // namespace llmc::tokenizer
