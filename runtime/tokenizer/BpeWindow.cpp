#include "runtime/tokenizer/BpeWindow.h"

namespace llmc::tokenizer {

void BpeWindow::merge(const MergeTable &table, const int32_t *ids,
                      size_t count) {
  input.assign(ids, ids + count);
  list.clear();
  first.clear();
  queue.clear();
  for (uint32_t i = 0; i < count; ++i) {
    list.push_back(
        {ids[i], i == 0 ? none : i - 1, i + 1 == count ? none : i + 1});
    if (i + 1 < count)
      if (const MergeTable::Pair *p = table.find(ids[i], ids[i + 1]))
        first.push_back(MergeQueue::keyOf(p->rank, i));
  }
  queue.start(first);

  auto offer = [&](uint32_t at) {
    if (const MergeTable::Pair *p =
            table.find(list[at].id, list[list[at].right].id))
      queue.push(MergeQueue::keyOf(p->rank, at));
  };
  for (uint64_t key; (key = queue.pop()) != MergeQueue::none;) {
    auto at = uint32_t(key);
    Symbol &symbol = list[at];
    // The neighbours may have been merged since the candidate was noted.
    if (symbol.id < 0 || symbol.right == none)
      continue;
    uint32_t eaten = symbol.right;
    const MergeTable::Pair *p = table.find(symbol.id, list[eaten].id);
    if (!p || p->rank != uint32_t(key >> 32))
      continue;
    symbol.id = p->result;
    list[eaten].id = -1;
    symbol.right = list[eaten].right;
    if (symbol.right != none) {
      list[symbol.right].left = at;
      offer(at);
    }
    if (symbol.left != none)
      offer(symbol.left);
  }

  tokens.clear();
  for (uint32_t i = 0; i < count;) {
    uint32_t next = list[i].right == none ? uint32_t(count) : list[i].right;
    tokens.push_back({list[i].id, next - i});
    i = next;
  }
}

} // namespace llmc::tokenizer
