#include "runtime/tokenizer/AddedTokens.h"

#include "runtime/tokenizer/Unicode.h"

#include <algorithm>

namespace llmc::tokenizer {

void AddedTokenFinder::add(std::string_view text, const AddedToken &token) {
  texts.emplace_back(text);
  tokens.push_back(token);
}

void AddedTokenFinder::finish() {
  std::vector<std::pair<std::string_view, int32_t>> entries;
  for (size_t i = 0; i < texts.size(); ++i)
    entries.push_back({texts[i], int32_t(i)});
  trie = ByteTrie(std::move(entries));
  texts.clear();
}

/// Where the character that ends at \p end begins.
static size_t previousCharacter(std::string_view text, size_t end) {
  size_t begin = end - 1;
  while (begin > 0 && (uint8_t(text[begin]) & 0xC0) == 0x80)
    --begin;
  return begin;
}

static bool endsWithWord(std::string_view text) {
  return !text.empty() &&
         isWord(decodeOne(text.substr(previousCharacter(text, text.size())))
                    .codePoint);
}

static bool startsWithWord(std::string_view text) {
  return !text.empty() && isWord(decodeOne(text).codePoint);
}

Status AddedTokenFinder::split(std::string_view text, bool parseSpecial,
                               std::span<const Range> plain,
                               const TakeSection &take) const {
  auto isPlain = [&](size_t begin, size_t end) {
    auto behind = std::partition_point(plain.begin(), plain.end(),
                                       [&](Range r) { return r.end <= begin; });
    return behind != plain.end() && behind->begin < end;
  };
  auto takeText = [&](size_t begin, size_t end) {
    return begin < end ? take({-1, {uint32_t(begin), uint32_t(end)}})
                       : Status::ok();
  };
  size_t done = 0; // All before it was taken.
  for (size_t at = 0; at < text.size() && !trie.empty();) {
    if (!trie.begins(text[at])) {
      ++at;
      continue;
    }
    ByteTrie::Match match = trie.longestPrefix(text.substr(at));
    if (match.length == 0) {
      ++at;
      continue;
    }
    const AddedToken &token = tokens[size_t(match.value)];
    size_t end = at + match.length;
    size_t begin = at;
    at = end; // What was matched is not looked at again, even where refused.
    if (token.special && (!parseSpecial || isPlain(begin, end)))
      continue;
    if (token.singleWord && (endsWithWord(text.substr(0, begin)) ||
                             startsWithWord(text.substr(end))))
      continue;
    if (token.leftStrip)
      while (begin > done) {
        size_t previous = previousCharacter(text, begin);
        if (!isSpace(decodeOne(text.substr(previous)).codePoint))
          break;
        begin = previous;
      }
    if (token.rightStrip)
      while (end < text.size()) {
        Utf8Head head = decodeOne(text.substr(end));
        if (!isSpace(head.codePoint))
          break;
        end += head.length;
      }
    begin = std::max(begin, done);
    LLMC_CHECK(takeText(done, begin));
    LLMC_CHECK(take({token.id, {uint32_t(begin), uint32_t(end)}}));
    done = std::max(done, end);
    at = std::max(at, done);
  }
  return takeText(done, text.size());
}

} // namespace llmc::tokenizer
