#include "runtime/tokenizer/ByteTrie.h"

#include <algorithm>

namespace llmc::tokenizer {

ByteTrie::ByteTrie(std::vector<std::pair<std::string_view, int32_t>> entries) {
  std::erase_if(entries, [](const auto &e) { return e.first.empty(); });
  std::stable_sort(
      entries.begin(), entries.end(),
      [](const auto &a, const auto &b) { return a.first < b.first; });
  auto same = [](const auto &a, const auto &b) { return a.first == b.first; };
  entries.erase(std::unique(entries.begin(), entries.end(), same),
                entries.end());
  root.fill(none);

  // Level by level: a span of entries that share `depth` bytes becomes the
  // children of one node.
  struct Span {
    uint32_t node, begin, end;
  };
  std::vector<Span> level, next;
  if (!entries.empty())
    level.push_back({none, 0, uint32_t(entries.size())});
  for (size_t depth = 0; !level.empty(); ++depth) {
    next.clear();
    for (Span s : level) {
      if (s.node != none)
        nodes[s.node].firstChild = uint32_t(nodes.size());
      for (uint32_t i = s.begin; i < s.end;) {
        uint8_t byte = uint8_t(entries[i].first[depth]);
        auto node = uint32_t(nodes.size());
        uint32_t begin = i;
        int32_t value = -1;
        if (entries[i].first.size() == depth + 1)
          value = entries[i].second, ++begin;
        while (i < s.end && uint8_t(entries[i].first[depth]) == byte)
          ++i;
        nodes.push_back({0, 0, byte, value});
        if (s.node == none)
          root[byte] = node;
        else
          ++nodes[s.node].children;
        if (begin < i)
          next.push_back({node, begin, i});
      }
    }
    std::swap(level, next);
  }
}

} // namespace llmc::tokenizer
