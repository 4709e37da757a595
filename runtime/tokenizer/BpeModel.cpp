#include "runtime/tokenizer/BpeModel.h"

#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <queue>
#include <string>

namespace llmc::tokenizer {

static constexpr uint32_t none = ~uint32_t(0);

BpeModel::BpeModel(const TokenizerModel &model) : model(model) {
  std::vector<bool> outside = tokensOutside(model);
  ids.reserve(model.tokens.size());
  for (size_t i = 0; i < model.tokens.size(); ++i)
    if (isModelToken(model, outside, i))
      ids.emplace(model.tokens[i], int32_t(i));

  pairs.resize(std::bit_ceil(model.merges.size() * 2 + 1));
  uint32_t rank = 0;
  for (size_t i = 0; i < model.merges.size(); ++i) {
    const Merge &m = model.merges[i];
    rank = m.tied && i > 0 ? rank : uint32_t(i);
    anyTied |= rank != i;
    insertPair(m.left, m.right, rank, m.result);
  }
  byteIds = byteTokenIds(model);
  for (char32_t c = 0; c < 0x400; ++c) {
    std::string text;
    appendUtf8(text, c);
    letterIds.push_back(find(text));
  }
}

int32_t BpeModel::find(std::string_view text) const {
  auto it = ids.find(text);
  return it == ids.end() ? -1 : it->second;
}

static uint64_t pairKey(int32_t left, int32_t right) {
  return uint64_t(uint32_t(left)) << 32 | uint32_t(right);
}

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

const BpeModel::Pair *BpeModel::findPair(int32_t left, int32_t right) const {
  uint64_t key = pairKey(left, right);
  for (size_t i = mix(key);; ++i) {
    const Pair &p = pairs[i & (pairs.size() - 1)];
    if (p.key == key)
      return &p;
    if (p.result < 0)
      return nullptr;
  }
}

void BpeModel::insertPair(int32_t left, int32_t right, uint32_t rank,
                          int32_t result) {
  uint64_t key = pairKey(left, right);
  for (size_t i = mix(key);; ++i) {
    Pair &p = pairs[i & (pairs.size() - 1)];
    // A pair that stands in the list twice has the later rank, as it has in
    // the tokenizers library.
    if (p.key == key || p.result < 0) {
      p = {key, rank, result};
      return;
    }
  }
}

void BpeModel::makeSymbols(std::string_view piece,
                           std::vector<int32_t> &out) const {
  // An unknown character waits for the next known one, so that neighbours can
  // fuse; byte tokens do not end the wait (as in the tokenizers library).
  bool unknown = false;
  auto flush = [&] {
    if (unknown)
      out.push_back(model.unkId);
    unknown = false;
  };
  std::string last;
  while (!piece.empty()) {
    Utf8Head head = decodeOne(piece);
    std::string_view text = piece.substr(0, head.length);
    piece.remove_prefix(head.length);
    bool plain = true;
    if (piece.empty() && !model.endOfWordSuffix.empty()) {
      last = std::string(text) + model.endOfWordSuffix;
      text = last;
      plain = false;
    }
    int32_t id = plain && head.codePoint < letterIds.size()
                     ? letterIds[head.codePoint]
                     : find(text);
    if (id >= 0) {
      flush();
      out.push_back(id);
    } else if (model.byteFallback &&
               std::all_of(text.begin(), text.end(),
                           [&](char c) { return byteIds[uint8_t(c)] >= 0; })) {
      for (char c : text)
        out.push_back(byteIds[uint8_t(c)]);
    } else if (model.unkId >= 0) {
      if (!model.fuseUnk)
        flush();
      unknown = true;
    }
  }
  flush();
}

/// A doubly linked list in arrays: position i keeps its place in the text.
struct BpeModel::Symbols {
  std::vector<int32_t> id;     // -1: merged into its left neighbour
  std::vector<uint32_t> left;  // none at the front
  std::vector<uint32_t> right; // none at the end

  explicit Symbols(std::vector<int32_t> ids) : id(std::move(ids)) {
    auto n = uint32_t(id.size());
    left.resize(n);
    right.resize(n);
    for (uint32_t i = 0; i < n; ++i) {
      left[i] = i == 0 ? none : i - 1;
      right[i] = i + 1 == n ? none : i + 1;
    }
  }
};

/// Candidates in one binary heap, keyed by rank, then position.
struct BpeModel::HeapQueue {
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> heap;

  void push(uint32_t rank, uint32_t position) {
    heap.push(uint64_t(rank) << 32 | position);
  }
  bool pop(uint32_t &rank, uint32_t &position) {
    if (heap.empty())
      return false;
    rank = uint32_t(heap.top() >> 32);
    position = uint32_t(heap.top());
    heap.pop();
    return true;
  }
};

/// Candidates in a bucket per rank, and a heap of the ranks that have any. Most
/// come in order of position; those that do not wait in a heap of their own.
struct BpeModel::BucketQueue {
  using MinHeap =
      std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>>;
  struct Bucket {
    std::vector<uint32_t> positions;
    size_t next = 0;
    MinHeap late;
    bool queued = false;
  };
  std::unordered_map<uint32_t, Bucket> buckets;
  MinHeap ranks;

  void push(uint32_t rank, uint32_t position) {
    Bucket &b = buckets[rank];
    if (b.positions.empty() || b.positions.back() <= position)
      b.positions.push_back(position);
    else
      b.late.push(position);
    if (!b.queued) {
      b.queued = true;
      ranks.push(rank);
    }
  }
  bool pop(uint32_t &rank, uint32_t &position) {
    while (!ranks.empty()) {
      rank = ranks.top();
      Bucket &b = buckets.find(rank)->second;
      bool more = b.next < b.positions.size();
      if (!b.late.empty() && (!more || b.late.top() <= b.positions[b.next])) {
        position = b.late.top();
        b.late.pop();
        return true;
      }
      if (more) {
        position = b.positions[b.next++];
        return true;
      }
      b = {};
      ranks.pop();
    }
    return false;
  }
};

template <typename Queue> void BpeModel::merge(Symbols &s, Queue &queue) const {
  auto offer = [&](uint32_t at) {
    if (const Pair *p = findPair(s.id[at], s.id[s.right[at]]))
      queue.push(p->rank, at);
  };
  for (uint32_t i = 0; i + 1 < s.id.size(); ++i)
    offer(i);
  uint32_t rank, at;
  while (queue.pop(rank, at)) {
    // The neighbours may have been merged since the candidate was noted.
    if (s.id[at] < 0 || s.right[at] == none)
      continue;
    uint32_t eaten = s.right[at];
    int32_t result = model.merges[rank].result;
    if (anyTied) {
      const Pair *p = findPair(s.id[at], s.id[eaten]);
      if (!p || p->rank != rank)
        continue;
      result = p->result;
    } else if (s.id[at] != model.merges[rank].left ||
               s.id[eaten] != model.merges[rank].right) {
      continue;
    }
    s.id[at] = result;
    s.id[eaten] = -1;
    s.right[at] = s.right[eaten];
    if (s.right[at] != none) {
      s.left[s.right[at]] = at;
      offer(at);
    }
    if (s.left[at] != none)
      offer(s.left[at]);
  }
}

size_t BpeModel::mergeShort(int32_t *id, size_t n) const {
  // What is to be merged at i with i + 1; null where nothing is.
  const Pair *at[maxShort];
  for (size_t i = 0; i + 1 < n; ++i)
    at[i] = findPair(id[i], id[i + 1]);
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
      at[best - 1] = findPair(id[best - 1], id[best]);
    if (best + 1 < n)
      at[best] = findPair(id[best], id[best + 1]);
  }
  return n;
}

void BpeModel::encode(std::string_view piece, std::vector<int32_t> &out) const {
  if (model.ignoreMerges) {
    int32_t whole = find(piece);
    if (whole >= 0) {
      out.push_back(whole);
      return;
    }
  }
  size_t base = out.size();
  makeSymbols(piece, out);
  size_t count = out.size() - base;
  if (count < 2)
    return;
  if (count <= std::min(shortThreshold, maxShort)) {
    out.resize(base + mergeShort(out.data() + base, count));
    return;
  }
  Symbols symbols({out.begin() + ptrdiff_t(base), out.end()});
  out.resize(base);
  if (count > bucketThreshold) {
    BucketQueue queue;
    merge(symbols, queue);
  } else {
    HeapQueue queue;
    merge(symbols, queue);
  }
  for (uint32_t i = 0; i != none; i = symbols.right[i])
    out.push_back(symbols.id[i]);
}

} // namespace llmc::tokenizer
