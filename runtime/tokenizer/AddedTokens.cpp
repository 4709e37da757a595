#include "runtime/tokenizer/AddedTokens.h"

#include "runtime/tokenizer/Unicode.h"

#include <algorithm>

namespace llmc::tokenizer {

AddedTokenFinder::AddedTokenFinder() : nodes(1) {}

uint32_t AddedTokenFinder::findChild(uint32_t node, uint8_t byte) const {
  uint32_t child = nodes[node].child;
  while (child != 0 && nodes[child].byte != byte)
    child = nodes[child].sibling;
  return child;
}

void AddedTokenFinder::add(std::string_view text, const AddedToken &token) {
  uint32_t node = 0;
  for (char c : text) {
    uint32_t child = findChild(node, uint8_t(c));
    if (child == 0) {
      child = uint32_t(nodes.size());
      nodes.push_back({uint8_t(c), -1, 0, nodes[node].child});
      nodes[node].child = child;
    }
    node = child;
  }
  if (nodes[node].token >= 0)
    return; // Two tokens normalize to one text: the first has it.
  nodes[node].token = int32_t(tokens.size());
  tokens.push_back(token);
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

std::vector<Section>
AddedTokenFinder::split(std::string_view text, bool parseSpecial,
                        std::span<const Range> plain) const {
  auto isPlain = [&](size_t begin, size_t end) {
    auto behind = std::partition_point(
        plain.begin(), plain.end(), [&](Range r) { return r.end <= begin; });
    return behind != plain.end() && behind->begin < end;
  };
  std::vector<Section> sections;
  auto pushText = [&](size_t begin, size_t end) {
    if (begin < end)
      sections.push_back({-1, {uint32_t(begin), uint32_t(end)}});
  };
  size_t done = 0; // All before it is in a section.
  for (size_t at = 0; at < text.size();) {
    int32_t found = -1;
    size_t end = at;
    uint32_t node = 0;
    for (size_t i = at; i < text.size(); ++i) {
      node = findChild(node, uint8_t(text[i]));
      if (node == 0)
        break;
      if (nodes[node].token >= 0) {
        found = nodes[node].token;
        end = i + 1;
      }
    }
    if (found < 0) {
      ++at;
      continue;
    }
    const AddedToken &token = tokens[size_t(found)];
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
    pushText(done, begin);
    sections.push_back({token.id, {uint32_t(begin), uint32_t(end)}});
    done = std::max(done, end);
    at = std::max(at, done);
  }
  pushText(done, text.size());
  return sections;
}

} // namespace llmc::tokenizer
