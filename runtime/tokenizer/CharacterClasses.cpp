#include "runtime/tokenizer/Unicode.h"

#include <utf8proc.h>

namespace llmc::tokenizer {

static utf8proc_category_t category(char32_t c) {
  return utf8proc_category(utf8proc_int32_t(c));
}

const char *categoryName(char32_t c) {
  return utf8proc_category_string(utf8proc_int32_t(c));
}

bool isMark(char32_t c) {
  utf8proc_category_t cat = category(c);
  return cat >= UTF8PROC_CATEGORY_MN && cat <= UTF8PROC_CATEGORY_ME;
}

bool isNonspacingMark(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_MN;
}

bool isOther(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r')
    return false;
  utf8proc_category_t cat = category(c);
  return (cat >= UTF8PROC_CATEGORY_CC && cat <= UTF8PROC_CATEGORY_CO) ||
         cat == UTF8PROC_CATEGORY_CN;
}

bool isBertSpace(char32_t c) {
  return c == '\t' || c == '\n' || c == '\r' || isSpace(c);
}

bool isCjkIdeograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool isNmtControl(char32_t c) {
  return (c >= 1 && c <= 8) || c == 11 || (c >= 14 && c <= 31) || c == 127 ||
         c == 0x8F || c == 0x9F;
}

bool isNmtSpace(char32_t c) {
  return c == 9 || c == 10 || c == 12 || c == 13 || c == 0x1680 ||
         (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 ||
         c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

size_t graphemeLength(std::string_view text) {
  Utf8Head head = decodeOne(text);
  size_t length = head.length;
  utf8proc_int32_t state = 0;
  while (length < text.size()) {
    Utf8Head next = decodeOne(text.substr(length));
    if (utf8proc_grapheme_break_stateful(utf8proc_int32_t(head.codePoint),
                                         utf8proc_int32_t(next.codePoint),
                                         &state))
      break;
    length += next.length;
    head = next;
  }
  return length;
}

} // namespace llmc::tokenizer
