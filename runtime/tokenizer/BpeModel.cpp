#include "runtime/tokenizer/BpeModel.h"

#include "runtime/tokenizer/BpeWindow.h"
#include "runtime/tokenizer/Repeats.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

namespace llmc::tokenizer {

BpeModel::BpeModel(const TokenizerModel &model)
    : model(model), merges(model.merges) {
  std::vector<bool> outside = tokensOutside(model);
  ids.reserve(model.tokens.size());
  for (size_t i = 0; i < model.tokens.size(); ++i)
    if (isModelToken(model, outside, i))
      ids.emplace(model.tokens[i], int32_t(i));
  byteIds = byteTokenIds(model);
  for (char32_t c = 0; c < 0x400; ++c) {
    std::string text;
    appendUtf8(text, c);
    letterIds.push_back(find(text));
    lastLetterIds.push_back(find(text + model.endOfWordSuffix));
  }
}

int32_t BpeModel::find(std::string_view text) const {
  auto it = ids.find(text);
  return it == ids.end() ? -1 : it->second;
}

/// The symbols of a piece, one after another.
struct BpeModel::SymbolReader {
  const BpeModel &owner;
  std::string_view rest;
  // An unknown character waits for the next known one, so that neighbours can
  // fuse; byte tokens do not end the wait (as in the tokenizers library).
  bool unknown = false;
  // Where it is not empty, characters that are no letters, and their ids, at
  // the low bits of their code points.
  std::span<std::pair<char32_t, int32_t>> known = {};
  // Where it is not null: how many bytes were left in front of the character of
  // each symbol. Wrong where there was an unknown one.
  std::vector<uint32_t> *lefts = nullptr;
  bool hadUnknown = false;

  bool atEnd() const { return rest.empty(); }

  /// Appends symbols until \p out has \p wanted or the piece ends.
  void read(std::vector<int32_t> &out, size_t wanted) {
    while (out.size() < wanted && !rest.empty()) {
      size_t left = rest.size();
      readCharacter(out);
      if (lefts)
        lefts->resize(out.size(), uint32_t(left));
    }
    if (rest.empty())
      flush(out);
    if (lefts)
      lefts->resize(out.size());
  }

private:
  void flush(std::vector<int32_t> &out) {
    if (unknown)
      out.push_back(owner.model.unkId);
    unknown = false;
  }

  void readCharacter(std::vector<int32_t> &out) {
    const TokenizerModel &model = owner.model;
    Utf8Head head = decodeOne(rest);
    std::string_view text = rest.substr(0, head.length);
    rest.remove_prefix(head.length);
    bool ends = rest.empty() && !model.endOfWordSuffix.empty();
    bool letter = head.codePoint < owner.letterIds.size();
    int32_t id = -1;
    if (letter)
      id = (ends ? owner.lastLetterIds : owner.letterIds)[head.codePoint];
    std::string last;
    if (id < 0 && ends) {
      last = std::string(text) + model.endOfWordSuffix;
      text = last;
    }
    if (!letter && !ends && !known.empty()) {
      auto &[codePoint, knownId] = known[head.codePoint % known.size()];
      if (codePoint != head.codePoint)
        codePoint = head.codePoint, knownId = owner.find(text);
      id = knownId;
    } else if (!letter) {
      id = owner.find(text);
    }
    if (id >= 0) {
      flush(out);
      out.push_back(id);
    } else if (model.byteFallback &&
               std::all_of(text.begin(), text.end(), [&](char c) {
                 return owner.byteIds[uint8_t(c)] >= 0;
               })) {
      for (char c : text)
        out.push_back(owner.byteIds[uint8_t(c)]);
    } else if (model.unkId >= 0) {
      if (!model.fuseUnk)
        flush(out);
      unknown = hadUnknown = true;
    }
  }
};

size_t BpeModel::mergeShort(int32_t *id, size_t n) const {
  // What is to be merged at i with i + 1; null where nothing is.
  const MergeTable::Pair *at[maxShort];
  for (size_t i = 0; i + 1 < n; ++i)
    at[i] = merges.find(id[i], id[i + 1]);
  while (n > 1) {
    size_t best = n;
    for (size_t i = 0; i + 1 < n; ++i)
      if (at[i] && (best == n || at[i]->rank < at[best]->rank))
        best = i;
    if (best == n)
      break;
    id[best] = at[best]->result;
    --n;
    std::copy(id + best + 2, id + n + 1, id + best + 1);
    std::copy(at + best + 1, at + n, at + best);
    if (best > 0)
      at[best - 1] = merges.find(id[best - 1], id[best]);
    if (best + 1 < n)
      at[best] = merges.find(id[best], id[best + 1]);
  }
  return n;
}

// Which tokens a window ends in, what is behind it may change; so of two
// windows that overlap the first says where the second begins, at one of its
// tokens, and the second must begin with that same token. Then the tokens of
// both together are those of the whole: were they not, some merge would be the
// first to join two neighbours t and u of them. Until then each neighbour was
// merged as it is alone, so that this merge would also happen in the text of t
// and u by itself. But these two stand side by side in what one window became,
// where nothing joined them.
bool BpeModel::mergeWindows(std::string_view piece,
                            std::vector<int32_t> &out) const {
  std::array<std::pair<char32_t, int32_t>, 256> known{};
  SymbolReader reader{*this, piece};
  reader.known = known;
  std::vector<int32_t> symbols; // From the first of `now` on.
  std::vector<uint32_t> lefts;  // Of each of these.
  reader.lefts = &lefts;
  Repeats<size_t> repeats(piece);
  // A text that repeats itself repeats windows: the last few are kept.
  std::array<BpeWindow, 8> windows;
  size_t now = 0, oldest = 1;
  auto merge = [&](size_t window, size_t begin, size_t size) {
    reader.read(symbols, begin + size);
    std::span<const int32_t> input(symbols.data() + begin,
                                   std::min(size, symbols.size() - begin));
    for (size_t i = 0; i < windows.size(); ++i)
      if (std::ranges::equal(windows[i].input, input))
        return i;
    windows[window].merge(merges, input.data(), input.size());
    return window;
  };
  size_t size = windowSymbols;
  now = merge(now, 0, size);
  bool joined = false; // Whether tokens in front of `now` were given out.
  for (;;) {
    const BpeWindow &window = windows[now];
    const std::vector<BpeWindow::Token> &tokens = window.tokens;
    size_t count = window.input.size();
    if (reader.atEnd() && count == symbols.size())
      break;
    // The last token that begins in front of the margin.
    size_t kept = 0, begin = 0;
    size_t bound = count - std::min(windowMargin, count);
    while (kept + 1 < tokens.size() && begin + tokens[kept].symbols <= bound)
      begin += tokens[kept++].symbols;
    if (begin * 2 >= count) {
      size_t free = oldest == now ? (oldest + 1) % windows.size() : oldest;
      size_t next = merge(free, begin, size);
      if (next == free)
        oldest = (free + 1) % windows.size();
      if (windows[next].tokens[0] == tokens[kept]) {
        for (size_t i = 0; i < kept; ++i)
          out.push_back(tokens[i].id);
        bool cutsCharacter = lefts[begin] == lefts[begin - 1];
        symbols.erase(symbols.begin(), symbols.begin() + ptrdiff_t(begin));
        lefts.erase(lefts.begin(), lefts.begin() + ptrdiff_t(begin));
        now = next;
        size = std::max(windowSymbols, size / 2);
        joined = true;
        size_t at = piece.size() - lefts[0];
        if (cutsCharacter || reader.hadUnknown || !repeats.wanted(at))
          continue;
        // What comes hangs on the text ahead and the size, no longer on tokens
        // in front of the window.
        size_t reach = piece.size() - reader.rest.size();
        auto skip =
            repeats.visit(at, reach + 4, out.size(), [&] { return size; });
        if (skip.times == 0)
          continue;
        repeatSince(out, skip.mark, skip.times);
        at += skip.bytes * skip.times;
        repeats.leave(at);
        // Here the window is the same.
        reader.rest = piece.substr(at);
        symbols.clear();
        lefts.clear();
        reader.read(symbols, windows[now].input.size());
        continue;
      }
    }
    // A larger window must not change the token that others were joined to.
    BpeWindow::Token first = tokens[0];
    size = 2 * count;
    now = merge(now, 0, size);
    if (joined && windows[now].tokens[0] != first)
      return false;
  }
  for (const BpeWindow::Token &token : windows[now].tokens)
    out.push_back(token.id);
  return true;
}

void BpeModel::encode(std::string_view piece, std::vector<int32_t> &out) const {
  if (model.ignoreMerges) {
    int32_t whole = find(piece);
    if (whole >= 0) {
      out.push_back(whole);
      return;
    }
  }
  size_t base = out.size(), most = std::min(shortThreshold, maxShort);
  SymbolReader reader{*this, piece};
  reader.read(out, base + most + 1);
  size_t count = out.size() - base;
  if (reader.atEnd() && count <= std::max<size_t>(most, 1)) {
    if (count > 1)
      out.resize(base + mergeShort(out.data() + base, count));
    return;
  }
  out.resize(base);
  if (mergeWindows(piece, out))
    return;
  // What stands far behind decides: all of it is one window.
  out.resize(base);
  SymbolReader all{*this, piece};
  all.read(out, SIZE_MAX);
  BpeWindow window;
  window.merge(merges, out.data() + base, out.size() - base);
  out.resize(base);
  for (const BpeWindow::Token &token : window.tokens)
    out.push_back(token.id);
}

} // namespace llmc::tokenizer
