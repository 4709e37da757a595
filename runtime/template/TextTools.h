/// What Python's str does, on text with marks. Positions are bytes unless said
/// otherwise.
#ifndef LLMC_RUNTIME_TEMPLATE_TEXTTOOLS_H
#define LLMC_RUNTIME_TEMPLATE_TEXTTOOLS_H

#include "runtime/template/Text.h"
#include "runtime/tokenizer/Unicode.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::chat {

/// The text that \p each makes of every character, marked as the character
/// was; an empty string keeps it.
template <typename F> Text mapCharacters(const Text &from, F each) {
  Text out;
  for (size_t at = 0; at < from.size();) {
    auto head = tokenizer::decodeOne(from.view().substr(at));
    std::string other = each(head.codePoint);
    if (other.empty())
      out.append(from.slice(at, at + head.length));
    else
      out.append(Text(std::move(other), from.isData(at)));
    at += head.length;
  }
  return out;
}

/// Where each character begins, and at last where the text ends.
std::vector<size_t> characterStarts(std::string_view text);
size_t countCharacters(std::string_view text);

/// str.isspace of one character.
bool isPythonSpace(char32_t c);

/// strip() and its halves; \p characters: those to take away, white space where
/// there are none given.
Text strip(const Text &text, std::optional<std::string_view> characters,
           bool left, bool right);
/// split() and rsplit(); without \p separator at runs of white space.
/// \p most: splits at most; negative: all.
std::vector<Text> split(const Text &text,
                        std::optional<std::string_view> separator, int64_t most,
                        bool fromRight);
std::vector<Text> splitLines(const Text &text, bool keepEnds);
Text replace(const Text &text, std::string_view from, const Text &to,
             int64_t most);

Text upper(const Text &text);
Text lower(const Text &text);
/// str.capitalize().
Text capitalize(const Text &text);
/// str.title(), where \p byJinja: of the filter, whose words end at space,
/// hyphens and opening brackets.
Text title(const Text &text, bool byJinja);

/// int(text) and float(text); nullopt where Python raises ValueError.
std::optional<int64_t> parseWhole(std::string_view text, int64_t base);
std::optional<double> parseFraction(std::string_view text);

} // namespace llmc::chat

#endif // LLMC_RUNTIME_TEMPLATE_TEXTTOOLS_H
