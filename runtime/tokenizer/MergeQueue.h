/// Candidates for merging, taken out by rank, then position.
#ifndef LLMC_RUNTIME_TOKENIZER_MERGEQUEUE_H
#define LLMC_RUNTIME_TOKENIZER_MERGEQUEUE_H

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace llmc::tokenizer {

/// A heap behind a few lanes, each in order: a candidate goes to the first lane
/// that it does not stand before the end of, and to the heap where there is
/// none. The candidates of one rank mostly come from left to right, so that
/// runs of equal symbols never reach the heap.
class MergeQueue {
public:
  void clear() {
    for (Lane &lane : lanes)
      lane.keys.clear(), lane.next = 0;
    fronts.fill(none);
    heap = {};
  }

  /// Notes \p keys, in any order, in an empty queue.
  void start(std::vector<uint64_t> &keys) {
    if (!std::is_sorted(keys.begin(), keys.end()))
      std::sort(keys.begin(), keys.end());
    std::swap(lanes[0].keys, keys);
    lanes[0].next = 0;
    advance(0);
  }
  static uint64_t keyOf(uint32_t rank, uint32_t position) {
    return uint64_t(rank) << 32 | position;
  }

  void push(uint64_t key) {
    for (size_t i = 0; i < lanes.size(); ++i)
      if (fronts[i] == none || lanes[i].keys.back() <= key) {
        append(i, key);
        return;
      }
    heap.push(key);
  }

  static constexpr uint64_t none = ~uint64_t(0);
  /// The first candidate, or `none`.
  uint64_t pop() {
    size_t best = 0;
    for (size_t i = 1; i < fronts.size(); ++i)
      best = fronts[i] < fronts[best] ? i : best;
    if (!heap.empty() && heap.top() < fronts[best]) {
      uint64_t key = heap.top();
      heap.pop();
      return key;
    }
    uint64_t key = fronts[best];
    if (key != none)
      advance(best);
    return key;
  }

private:
  struct Lane {
    std::vector<uint64_t> keys;
    size_t next = 0; // Behind the front.
  };
  std::array<Lane, 4> lanes;
  std::array<uint64_t, 4> fronts{none, none, none, none};
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> heap;

  void append(size_t i, uint64_t key) {
    Lane &lane = lanes[i];
    if (fronts[i] == none) {
      lane.keys.clear();
      lane.next = 1;
      fronts[i] = key;
    }
    lane.keys.push_back(key);
  }
  void advance(size_t i) {
    Lane &lane = lanes[i];
    fronts[i] = lane.next < lane.keys.size() ? lane.keys[lane.next++] : none;
  }
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_MERGEQUEUE_H
