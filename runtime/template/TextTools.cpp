#include "runtime/template/TextTools.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utf8proc.h>

namespace llmc::chat {

using tokenizer::appendUtf8;
using tokenizer::decodeOne;

std::vector<size_t> characterStarts(std::string_view text) {
  std::vector<size_t> starts;
  starts.reserve(text.size() + 1);
  for (size_t at = 0; at < text.size(); ++at)
    if ((uint8_t(text[at]) & 0xC0) != 0x80)
      starts.push_back(at);
  starts.push_back(text.size());
  return starts;
}

size_t countCharacters(std::string_view text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) {
    return (uint8_t(c) & 0xC0) != 0x80;
  }));
}

bool isPythonSpace(char32_t c) {
  return tokenizer::isSpace(c) || (c >= 0x1c && c <= 0x1f);
}

namespace {

/// The last character of \p text before \p end.
size_t lastCharacter(std::string_view text, size_t end) {
  size_t begin = end - 1;
  while (begin > 0 && (uint8_t(text[begin]) & 0xC0) == 0x80)
    --begin;
  return begin;
}

std::string utf8Of(utf8proc_int32_t c) {
  std::string out;
  appendUtf8(out, char32_t(c));
  return out;
}

std::string upperOf(char32_t c) {
  // The one common letter whose upper case is two.
  return c == U'\u00df' ? "SS" : utf8Of(utf8proc_toupper(utf8proc_int32_t(c)));
}

std::string lowerOf(char32_t c) {
  std::string one;
  appendUtf8(one, c);
  return tokenizer::lowercase(one);
}

std::string titleOf(char32_t c) {
  return c == U'\u00df' ? "Ss" : utf8Of(utf8proc_totitle(utf8proc_int32_t(c)));
}

bool isCased(char32_t c) {
  utf8proc_int32_t i = utf8proc_int32_t(c);
  return utf8proc_toupper(i) != i || utf8proc_tolower(i) != i;
}

} // namespace

Text strip(const Text &text, std::optional<std::string_view> characters,
           bool left, bool right) {
  std::string_view view = text.view();
  auto goes = [&](size_t at) {
    auto head = decodeOne(view.substr(at));
    if (!characters)
      return isPythonSpace(head.codePoint);
    return characters->find(view.substr(at, head.length)) !=
           std::string_view::npos;
  };
  size_t begin = 0, end = view.size();
  while (left && begin < end && goes(begin))
    begin += decodeOne(view.substr(begin)).length;
  while (right && end > begin && goes(lastCharacter(view, end)))
    end = lastCharacter(view, end);
  return text.slice(begin, end);
}

std::vector<Text> split(const Text &text,
                        std::optional<std::string_view> separator, int64_t most,
                        bool fromRight) {
  // Where each separator stands: from the left, or from the right.
  std::string_view view = text.view();
  std::vector<std::pair<size_t, size_t>> cuts;
  if (separator && !fromRight) {
    for (size_t at = 0; (at = view.find(*separator, at)) != view.npos;
         at += separator->size())
      cuts.emplace_back(at, at + separator->size());
  } else if (separator) {
    for (size_t end = view.size(); end >= separator->size();) {
      size_t at = view.rfind(*separator, end - separator->size());
      if (at == view.npos)
        break;
      cuts.emplace_back(at, at + separator->size());
      end = at;
    }
    std::reverse(cuts.begin(), cuts.end());
  } else {
    for (size_t at = 0; at < view.size();) {
      size_t begin = at;
      for (; at < view.size(); at += decodeOne(view.substr(at)).length)
        if (!isPythonSpace(decodeOne(view.substr(at)).codePoint))
          break;
      if (at > begin)
        cuts.emplace_back(begin, at);
      else
        at += decodeOne(view.substr(at)).length;
    }
  }
  size_t begin = 0, end = view.size();
  if (!separator) {
    // Space around the text separates nothing.
    if (!cuts.empty() && cuts.front().first == 0) {
      begin = cuts.front().second;
      cuts.erase(cuts.begin());
    }
    if (!cuts.empty() && cuts.back().second == end &&
        (most < 0 || size_t(most) >= cuts.size() || fromRight)) {
      end = cuts.back().first;
      cuts.pop_back();
    }
    if (begin >= end)
      return {};
  }
  if (most >= 0 && size_t(most) < cuts.size()) {
    if (fromRight)
      cuts.erase(cuts.begin(), cuts.end() - most);
    else
      cuts.resize(size_t(most));
  }
  std::vector<Text> parts;
  for (auto [from, to] : cuts) {
    parts.push_back(text.slice(begin, from));
    begin = to;
  }
  parts.push_back(text.slice(begin, end));
  return parts;
}

std::vector<Text> splitLines(const Text &text, bool keepEnds) {
  std::vector<Text> lines;
  std::string_view view = text.view();
  size_t begin = 0;
  for (size_t at = 0; at < view.size();) {
    auto head = decodeOne(view.substr(at));
    char32_t c = head.codePoint;
    size_t end = at + head.length;
    bool ends = (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) ||
                c == 0x85 || c == 0x2028 || c == 0x2029;
    if (c == '\r' && end < view.size() && view[end] == '\n')
      ++end;
    if (ends) {
      lines.push_back(text.slice(begin, keepEnds ? end : at));
      begin = end;
    }
    at = end;
  }
  if (begin < view.size())
    lines.push_back(text.slice(begin, view.size()));
  return lines;
}

Text replace(const Text &text, std::string_view from, const Text &to,
             int64_t most) {
  Text out;
  std::string_view view = text.view();
  size_t done = 0;
  if (from.empty()) {
    // Between any two characters, and around the text.
    std::vector<size_t> starts = characterStarts(view);
    for (size_t i = 0; i < starts.size(); ++i) {
      if (most < 0 || int64_t(i) < most)
        out.append(to);
      size_t next = i + 1 < starts.size() ? starts[i + 1] : view.size();
      out.append(text.slice(starts[i], next));
    }
    return out;
  }
  for (int64_t count = 0; most < 0 || count < most; ++count) {
    size_t at = view.find(from, done);
    if (at == view.npos)
      break;
    out.append(text.slice(done, at));
    out.append(to);
    done = at + from.size();
  }
  out.append(text.slice(done, view.size()));
  return out;
}

Text upper(const Text &text) { return mapCharacters(text, upperOf); }
Text lower(const Text &text) { return mapCharacters(text, lowerOf); }

Text capitalize(const Text &text) {
  bool first = true;
  return mapCharacters(text, [&](char32_t c) {
    std::string out = first ? titleOf(c) : lowerOf(c);
    first = false;
    return out;
  });
}

Text title(const Text &text, bool byJinja) {
  bool begins = true;
  return mapCharacters(text, [&](char32_t c) {
    std::string out = !begins    ? lowerOf(c)
                      : byJinja ? upperOf(c)
                                : titleOf(c);
    begins = byJinja ? isPythonSpace(c) || c == '-' || c == '(' || c == '{' ||
                           c == '[' || c == '<'
                     : !isCased(c);
    return out;
  });
}

namespace {
/// Without space around it and underscores between digits; empty where they
/// stand elsewhere.
std::string plainNumber(std::string_view text) {
  Text stripped = strip(Text(std::string(text)), std::nullopt, true, true);
  std::string out;
  std::string_view view = stripped.view();
  for (size_t i = 0; i < view.size(); ++i) {
    if (view[i] != '_') {
      out += view[i];
      continue;
    }
    auto isDigit = [&](size_t at) {
      return at < view.size() && std::isalnum(uint8_t(view[at]));
    };
    if (i == 0 || !isDigit(i - 1) || !isDigit(i + 1))
      return "";
  }
  // from_chars takes no plus.
  if (out.size() > 1 && out[0] == '+' && out[1] != '-')
    out.erase(0, 1);
  return out;
}
} // namespace

std::optional<int64_t> parseWhole(std::string_view text, int64_t base) {
  std::string plain = plainNumber(text);
  int64_t number = 0;
  if (base < 2 || base > 36)
    return std::nullopt;
  auto [end, status] = std::from_chars(
      plain.data(), plain.data() + plain.size(), number, int(base));
  if (status != std::errc() || end != plain.data() + plain.size())
    return std::nullopt;
  return number;
}

std::optional<double> parseFraction(std::string_view text) {
  std::string plain = plainNumber(text);
  double number = 0;
  auto [end, status] =
      std::from_chars(plain.data(), plain.data() + plain.size(), number);
  if (status != std::errc() || end != plain.data() + plain.size())
    return std::nullopt;
  return number;
}

} // namespace llmc::chat
