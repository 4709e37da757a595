#include "runtime/sampling/TokenChooser.h"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <limits>

namespace llmc::sampling {

namespace {

constexpr int32_t anyId = std::numeric_limits<int32_t>::max();

// The exponent and six bits of the mantissa order distances into buckets that are
// 1.6 % wide.
constexpr int bucketShift = 17;
constexpr size_t bucketCount = size_t(1) << (31 - bucketShift);

uint64_t highProduct(uint64_t a, uint64_t b) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b >> 64);
}

/// Devices flush denormals; loops over this vectorise.
float flushed(float x) { return std::fabs(x) < FLT_MIN ? 0.0f : x; }

/// The bits of a float as an integer that orders like it: NaN beyond the
/// infinities, -0 just below 0. Loops over it vectorise, those over floats,
/// which must mind NaN, do not.
int32_t orderedBits(float x) {
  auto bits = std::bit_cast<int32_t>(x);
  return bits ^ ((bits >> 31) & 0x7FFFFFFF);
}

float fromOrderedBits(int32_t bits) {
  return std::bit_cast<float>(bits ^ ((bits >> 31) & 0x7FFFFFFF));
}

} // namespace

uint32_t distanceOf(float logit, float largest, float inverseTemperature) {
  float difference = flushed(flushed(largest) - flushed(logit));
  float distance = flushed(difference * inverseTemperature);
  return std::bit_cast<uint32_t>(distance) & 0x7FFFFFFF;
}

uint64_t weightOf(uint32_t distance) {
  if (distance >= choice::weightless)
    return 0;
  float scaled = std::bit_cast<float>(distance) * float(1 << choice::distanceBits);
  return choice::weightOfFixed(static_cast<uint32_t>(scaled));
}

void TokenChooser::reserve(size_t tokens) {
  distances.resize(tokens);
  weights.resize(tokens);
  heap.resize(tokens);
  order.resize(tokens);
  buckets.resize(bucketCount);
}

int32_t TokenChooser::choose(std::span<const float> logits, const TokenChoice &choice) {
  if (logits.empty())
    return choice::noToken;
  int32_t lowest = std::numeric_limits<int32_t>::max();
  int32_t highest = std::numeric_limits<int32_t>::min();
  for (float logit : logits) {
    int32_t bits = orderedBits(logit);
    lowest = std::min(lowest, bits);
    highest = std::max(highest, bits);
  }
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (highest >= orderedBits(infinity) || lowest < orderedBits(-infinity) ||
      highest == orderedBits(-infinity))
    return choice::noToken;
  float largest = fromOrderedBits(highest);
  if (choice.isGreedy()) // 0 equals -0.
    return static_cast<int32_t>(std::find(logits.begin(), logits.end(), largest) -
                                logits.begin());

  size_t count = logits.size();
  if (count > distances.size())
    reserve(count);
  for (size_t i = 0; i < count; ++i)
    distances[i] = distanceOf(logits[i], largest, choice.inverseTemperature);
  uint32_t furthest = choice::beyond;
  if (choice.topK > 0 && static_cast<size_t>(choice.topK) < count) {
    heap.resize(count);
    furthest = nearest(static_cast<size_t>(choice.topK));
  }
  weights.resize(count);
  uint64_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    weights[i] = distances[i] <= furthest ? weightOf(distances[i]) : 0;
    total += weights[i];
  }
  Cut cut = {choice::beyond, anyId};
  if (choice.topP > 0)
    cut = cutTopP(std::max<uint64_t>(highProduct(total, choice.topP), 1));
  if (choice.topP > 0 || choice.leastWeight > 0) {
    total = 0;
    for (size_t i = 0; i < count; ++i) {
      bool kept = weights[i] >= choice.leastWeight &&
                  cut.keeps(distances[i], static_cast<int32_t>(i));
      weights[i] = kept ? weights[i] : 0;
      total += weights[i];
    }
  }
  uint64_t left = highProduct(total, choice.random);
  size_t i = 0;
  while (i + 1 < count && weights[i] <= left)
    left -= weights[i++];
  return static_cast<int32_t>(i);
}

/// The k-th smallest distance. A heap of the k smallest so far, the largest of them
/// on top.
uint32_t TokenChooser::nearest(size_t k) {
  auto end = heap.begin() + static_cast<ptrdiff_t>(k);
  std::copy_n(distances.begin(), k, heap.begin());
  std::make_heap(heap.begin(), end);
  size_t count = heap.size();
  for (size_t i = k; i < count; ++i) {
    if (distances[i] >= heap.front())
      continue;
    std::pop_heap(heap.begin(), end);
    *(end - 1) = distances[i];
    std::push_heap(heap.begin(), end);
  }
  return heap.front();
}

/// The bucket in which the sum is reached, then the place in it: no sort of the
/// whole vocabulary, however flat the distribution.
TokenChooser::Cut TokenChooser::cutTopP(uint64_t wanted) {
  size_t count = weights.size();
  std::fill(buckets.begin(), buckets.end(), 0);
  for (size_t i = 0; i < count; ++i)
    buckets[distances[i] >> bucketShift] += weights[i];
  size_t last = 0;
  uint64_t sum = 0;
  while (last + 1 < buckets.size() && sum + buckets[last] < wanted)
    sum += buckets[last++];

  auto end = order.begin();
  for (size_t i = 0; i < count; ++i)
    if (weights[i] > 0 && distances[i] >> bucketShift == last)
      *end++ = static_cast<int32_t>(i);
  std::sort(order.begin(), end, [&](int32_t a, int32_t b) {
    uint32_t x = distances[static_cast<size_t>(a)], y = distances[static_cast<size_t>(b)];
    return x < y || (x == y && a < b);
  });
  for (auto at = order.begin(); at != end; ++at) {
    sum += weights[static_cast<size_t>(*at)];
    if (sum >= wanted)
      return {distances[static_cast<size_t>(*at)], *at};
  }
  return {choice::beyond, anyId}; // Not reached: the weights sum to more.
}

} // namespace llmc::sampling
