#include "runtime/tokenizer/SplitAutomaton.h"

#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <map>

namespace llmc::tokenizer {

static constexpr uint32_t codePoints = 0x110000;

SplitAutomaton::SplitAutomaton(const SplitTable &table)
    : classes(table.classes), next(table.next), start(table.start) {
  std::map<std::array<uint8_t, 256>, uint16_t> known;
  size_t run = 0;
  for (uint32_t first = 0; first < codePoints; first += 256) {
    std::array<uint8_t, 256> block;
    for (uint32_t at = first; at < first + 256;) {
      while (run + 1 < table.runs.size() && table.runs[run + 1].first <= at)
        ++run;
      uint32_t end = first + 256;
      if (run + 1 < table.runs.size())
        end = std::min(end, table.runs[run + 1].first);
      std::fill(block.begin() + (at - first), block.begin() + (end - first),
                table.runs[run].kind);
      at = end;
    }
    auto [it, isNew] = known.emplace(block, uint16_t(known.size()));
    if (isNew)
      kinds.insert(kinds.end(), block.begin(), block.end());
    blocks.push_back(it->second);
  }
  std::copy(kinds.begin(), kinds.begin() + 128, ascii.begin());
  for (uint16_t state : start)
    for (size_t kind = 0; kind <= classes; ++kind)
      matchesEmpty |= next[state * (classes + 1) + kind] & SplitTable::matchBit;
}

inline uint8_t SplitAutomaton::kindAt(std::string_view text, size_t at,
                                      size_t &length) const {
  auto byte = [&](size_t i) { return uint8_t(text[at + i]); };
  auto tail = [&](size_t i) { return char32_t(byte(i) & 0x3F); };
  uint8_t lead = byte(0);
  if (lead < 0x80) {
    length = 1;
    return ascii[lead];
  }
  if (lead < 0xE0) {
    length = 2;
    return kindOf(char32_t(lead & 0x1F) << 6 | tail(1));
  }
  if (lead < 0xF0) {
    length = 3;
    return kindOf(char32_t(lead & 0x0F) << 12 | tail(1) << 6 | tail(2));
  }
  length = 4;
  return kindOf(char32_t(lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 |
                tail(3));
}

/// The end of the last search that read far beyond its match: from `from` to
/// `end` it stayed in one state and met no match. Whoever comes to that state
/// in there will fare the same. So `\s+$` is linear where it fails.
struct SplitAutomaton::Tail {
  size_t from = 0;
  size_t end = 0;
  uint16_t state = SplitTable::dead;
};

struct SplitAutomaton::Attempt {
  static constexpr size_t none = ~size_t(0);
  size_t matchEnd = none;
  size_t readEnd = 0;
  uint64_t steps = 0;
};

template <bool careful>
SplitAutomaton::Attempt SplitAutomaton::attempt(std::string_view text,
                                                size_t from, uint16_t state,
                                                Tail &tail) const {
  const uint16_t *entries = next.data();
  const size_t width = classes + 1;
  Attempt a;
  size_t at = from, changed = from;
  for (;; ++a.steps) {
    if (careful && at >= tail.from && at < tail.end && state == tail.state)
      break;
    size_t length = 0;
    size_t kind = at < text.size() ? kindAt(text, at, length) : classes;
    uint16_t entry = entries[state * width + kind];
    uint16_t to = entry & uint16_t(~SplitTable::matchBit);
    if (entry & SplitTable::matchBit) {
      a.matchEnd = at;
      changed = at + length;
    }
    if (to == SplitTable::dead) {
      if (careful && at > changed)
        tail = {changed, at, state};
      break;
    }
    if (careful && to != state)
      changed = at + length;
    state = to;
    at += length;
  }
  a.readEnd = at;
  return a;
}

Status SplitAutomaton::findAll(std::string_view text, StepBudget &budget,
                               const TakeMatch &take,
                               const MatchRepeater *repeater) const {
  // What a search may read beyond its match before it is done with care.
  constexpr size_t farBeyond = 32;
  size_t from = 0, lastEnd = ~size_t(0), length = 0;
  size_t before = classes;
  Tail tail;
  size_t careTill = 0;
  uint64_t skipped = 0; // Steps that are not yet spent.
  size_t end = text.size() + matchesEmpty;
  MatchRepeats repeats(text, repeater);
  size_t reach = 0; // Behind all that was read, and the character there.
  while (from < end) {
    if (repeats.wanted(from)) {
      auto state = uint32_t(before << 1 | (lastEnd == from));
      size_t skip = repeats.visit(from, reach, state);
      lastEnd += lastEnd == from ? skip : 0;
      from += skip;
    }
    uint16_t state = start[before];
    if (from < text.size()) {
      size_t kind = kindAt(text, from, length);
      if (next[state * (classes + 1) + kind] == SplitTable::dead) {
        ++skipped;
        before = kind;
        from += length;
        continue;
      }
    }
    Attempt a = from < careTill ? attempt<true>(text, from, state, tail)
                                : attempt<false>(text, from, state, tail);
    if (!budget.spend(skipped + a.steps + 1))
      return budget.exceededAt(from);
    skipped = 0;
    reach = std::max(reach, a.readEnd + 4);
    bool matched = a.matchEnd != Attempt::none;
    if (a.readEnd - (matched ? a.matchEnd : from) > farBeyond)
      careTill = a.readEnd;
    if (!matched || (a.matchEnd == from && lastEnd == from)) {
      if (from == text.size())
        break;
      before = kindAt(text, from, length);
      from += length;
      continue;
    }
    if (!take({uint32_t(from), uint32_t(a.matchEnd)}))
      break;
    lastEnd = a.matchEnd;
    if (a.matchEnd > from) {
      size_t last = a.matchEnd - 1;
      while ((uint8_t(text[last]) & 0xC0) == 0x80)
        --last;
      before = kindAt(text, last, length);
      from = a.matchEnd;
    }
  }
  return Status::ok();
}

} // namespace llmc::tokenizer
