#include "frontends/tokenizer/CharacterSet.h"

#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <string>
#include <utility>

namespace llmc::tokenizer {

namespace {
/// Runs of code points of one category, in two letters.
struct CategoryRun {
  uint32_t begin;
  char name[2];
};

std::vector<CategoryRun> findCategories() {
  std::vector<CategoryRun> runs;
  for (uint32_t c = 0; c < CharacterSet::end; ++c) {
    std::string_view name = categoryName(c);
    if (runs.empty() || name != std::string_view(runs.back().name, 2))
      runs.push_back({c, {name[0], name[1]}});
  }
  return runs;
}
} // namespace

std::optional<CharacterSet> CharacterSet::ofCategory(std::string_view name) {
  static const std::vector<CategoryRun> runs = findCategories();
  bool cased = name == "L&";
  if (name.empty() || name.size() > 2)
    return std::nullopt;
  CharacterSet set;
  for (size_t i = 0; i < runs.size(); ++i) {
    const char *own = runs[i].name;
    bool in = own[0] == name[0] &&
              (name.size() == 1 || own[1] == name[1] ||
               (cased && (own[1] == 'u' || own[1] == 'l' || own[1] == 't')));
    if (!in)
      continue;
    uint32_t next = i + 1 < runs.size() ? runs[i + 1].begin : end;
    if (!set.parts.empty() && set.parts.back().end == runs[i].begin)
      set.parts.back().end = next;
    else
      set.parts.push_back({runs[i].begin, next});
  }
  if (set.parts.empty())
    return std::nullopt;
  return set;
}

void CharacterSet::add(const CharacterSet &other) {
  parts.insert(parts.end(), other.parts.begin(), other.parts.end());
  std::sort(parts.begin(), parts.end(),
            [](Span a, Span b) { return a.begin < b.begin; });
  size_t kept = 0;
  for (Span s : parts) {
    if (kept > 0 && s.begin <= parts[kept - 1].end)
      parts[kept - 1].end = std::max(parts[kept - 1].end, s.end);
    else
      parts[kept++] = s;
  }
  parts.resize(kept);
}

CharacterSet CharacterSet::complement() const {
  CharacterSet out;
  uint32_t from = 0;
  for (Span s : parts) {
    if (from < s.begin)
      out.parts.push_back({from, s.begin});
    from = s.end;
  }
  if (from < end)
    out.parts.push_back({from, end});
  return out;
}

void CharacterSet::foldAscii() {
  CharacterSet more;
  for (char c = 'a'; c <= 'z'; ++c) {
    auto small = uint32_t(c), capital = uint32_t(c - 'a' + 'A');
    if (!contains(small) && !contains(capital))
      continue;
    more.add({small, small});
    more.add({capital, capital});
    if (c == 's')
      more.add({0x17F, 0x17F}); // The long s.
    if (c == 'k')
      more.add({0x212A, 0x212A}); // The sign of kelvin.
  }
  add(more);
}

bool CharacterSet::contains(uint32_t c) const {
  auto behind = std::upper_bound(parts.begin(), parts.end(), c,
                                 [](uint32_t x, Span s) { return x < s.end; });
  return behind != parts.end() && behind->begin <= c;
}

} // namespace llmc::tokenizer
