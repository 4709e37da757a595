#include "runtime/sampling/Sampler.h"

#include "runtime/sampling/Philox.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace llmc::sampling {

static constexpr float infinity = std::numeric_limits<float>::infinity();
static constexpr int32_t anyId = std::numeric_limits<int32_t>::max();

Status checkOptions(const SamplingOptions &o) {
  auto bad = [](const char *name, float value, const char *range) {
    return Error{Code::BadFlagValue, "cannot sample with these settings", name,
                 "it is " + std::to_string(value), range};
  };
  // Written so that NaN fails.
  if (!(o.temperature >= 0 && o.temperature < infinity))
    return bad("temperature", o.temperature, "use 0 (greedy) or more");
  if (o.topK < 0)
    return bad("top-k", float(o.topK), "use 0 (off) or more");
  if (!(o.topP > 0 && o.topP <= 1))
    return bad("top-p", o.topP, "use more than 0 and at most 1 (off)");
  if (!(o.minP >= 0 && o.minP <= 1))
    return bad("min-p", o.minP, "use 0 (off) to 1");
  if (!(o.repetitionPenalty > 0 && o.repetitionPenalty < infinity))
    return bad("repetition penalty", o.repetitionPenalty,
               "use more than 0; 1 is off");
  return Status::ok();
}

Result<Sampler> Sampler::create(int32_t vocabSize, SamplingOptions options) {
  LLMC_CHECK(checkOptions(options));
  if (vocabSize <= 0)
    return Error{
        Code::BadLogits, "cannot sample", {}, "the vocabulary is empty", {}};
  return Sampler(vocabSize, options);
}

// A score is at most 0: the exponent and six bits of the mantissa order scores
// into buckets that are 1.6 % wide.
static constexpr int bucketShift = 17;
static constexpr size_t bucketCount = size_t(1) << (31 - bucketShift);

static size_t bucketOf(float score) {
  return (std::bit_cast<uint32_t>(score) & 0x7FFFFFFF) >> bucketShift;
}

Sampler::Sampler(int32_t vocabSize, SamplingOptions options)
    : settings(options) {
  auto n = size_t(vocabSize);
  scores.resize(n);
  penalized.resize(n);
  makeRoom();
}

void Sampler::makeRoom() {
  if (settings.temperature > 0) {
    weights.resize(scores.size());
    order.resize(scores.size());
  }
  if (settings.topP < 1)
    buckets.resize(bucketCount);
}

void Sampler::penalize(std::span<const int32_t> history) {
  if (++stamp == 0) {
    std::fill(penalized.begin(), penalized.end(), 0);
    stamp = 1;
  }
  for (int32_t id : history) {
    if (id < 0 || size_t(id) >= scores.size() || penalized[size_t(id)] == stamp)
      continue;
    penalized[size_t(id)] = stamp;
    float &score = scores[size_t(id)];
    score = score < 0 ? score * settings.repetitionPenalty
                      : score / settings.repetitionPenalty;
    // A penalty near zero would overflow.
    score = std::min(score, std::numeric_limits<float>::max());
  }
}

/// The bits of a float as an integer that orders like it: NaN beyond the
/// infinities, -0 just below 0. Loops over it vectorise, those over floats,
/// which must mind NaN, do not.
static int32_t orderedBits(float x) {
  auto bits = std::bit_cast<int32_t>(x);
  return bits ^ ((bits >> 31) & 0x7FFFFFFF);
}

static float fromOrderedBits(int32_t bits) {
  return std::bit_cast<float>(bits ^ ((bits >> 31) & 0x7FFFFFFF));
}

namespace {
struct Extremes {
  int32_t lowest = std::numeric_limits<int32_t>::max();
  int32_t highest = std::numeric_limits<int32_t>::min();
};
} // namespace

static Extremes extremesOf(std::span<const float> values) {
  Extremes e;
  for (float value : values) {
    int32_t bits = orderedBits(value);
    e.lowest = std::min(e.lowest, bits);
    e.highest = std::max(e.highest, bits);
  }
  return e;
}

/// The lowest index of \p value, which is there; 0 equals -0.
static int32_t firstOf(std::span<const float> values, float value) {
  return int32_t(std::find(values.begin(), values.end(), value) -
                 values.begin());
}

Status Sampler::setOptions(SamplingOptions options) {
  LLMC_CHECK(checkOptions(options));
  settings = options;
  makeRoom();
  return Status::ok();
}

Result<int32_t> Sampler::sample(std::span<const float> logits,
                                uint64_t sequence, uint64_t position,
                                std::span<const int32_t> history) {
  auto bad = [&](std::string why) {
    return Error{Code::BadLogits,
                 "cannot choose the next token",
                 "sequence " + std::to_string(sequence) + ", position " +
                     std::to_string(position),
                 std::move(why),
                 "try --temperature=0 and fewer filters; where it stays, compile "
                 "with --dtype=f32"};
  };
  if (logits.empty() || logits.size() > penalized.size())
    return bad(std::to_string(logits.size()) + " logits for a vocabulary of " +
               std::to_string(penalized.size()));
  size_t n = logits.size();
  Extremes range = extremesOf(logits);
  if (range.highest >= orderedBits(infinity) ||
      range.lowest < orderedBits(-infinity)) {
    size_t at = 0;
    while (logits[at] < infinity)
      ++at;
    return bad("the logit of token " + std::to_string(at) + " is " +
               std::to_string(logits[at]));
  }
  if (range.highest == orderedBits(-infinity))
    return bad("every token is excluded");

  bool plain = settings.repetitionPenalty == 1;
  if (plain && settings.temperature == 0)
    return firstOf(logits, fromOrderedBits(range.highest));
  scores.assign(logits.begin(), logits.end()); // Within what was reserved.
  if (!plain)
    penalize(history);
  float largest = plain ? fromOrderedBits(range.highest)
                        : fromOrderedBits(extremesOf(scores).highest);
  int32_t best = firstOf(scores, largest);
  if (settings.temperature == 0)
    return best;

  // Relative to the largest, so that no temperature overflows.
  for (float &score : scores)
    score = (score - largest) / settings.temperature;

  Cut cut = cutTopK();
  double total = 0;
  for (size_t i = 0; i < n; ++i) {
    bool kept = cut.keeps(scores[i], int32_t(i));
    weights[i] = kept ? std::exp(double(scores[i])) : 0;
    total += weights[i];
  }
  if (settings.topP < 1)
    cutTopP(cut, total);
  if (settings.minP > 0) {
    auto least = float(std::log(double(settings.minP)));
    if (least > cut.score)
      cut = {least, anyId};
  }
  if (settings.topP < 1 || settings.minP > 0) {
    total = 0;
    for (size_t i = 0; i < n; ++i)
      if (cut.keeps(scores[i], int32_t(i)))
        total += weights[i];
  }

  double left = uniformAt(settings.seed, sequence, position) * total;
  int32_t last = best;
  for (size_t i = 0; i < n; ++i) {
    if (weights[i] == 0 || !cut.keeps(scores[i], int32_t(i)))
      continue;
    last = int32_t(i);
    left -= weights[i];
    if (left < 0)
      break;
  }
  return last;
}

Sampler::Cut Sampler::cutTopK() {
  auto k = size_t(settings.topK);
  if (k == 0 || k >= scores.size())
    return {-infinity, anyId};
  // The front of the scratch is a heap of the k largest so far, the least of
  // them on top.
  auto above = [&](int32_t a, int32_t b) {
    return scores[size_t(a)] > scores[size_t(b)];
  };
  auto begin = order.begin(), end = begin + ptrdiff_t(k);
  std::iota(begin, end, 0);
  std::make_heap(begin, end, above);
  for (size_t i = k; i < scores.size(); ++i) {
    if (!(scores[i] > scores[size_t(*begin)]))
      continue;
    std::pop_heap(begin, end, above);
    *(end - 1) = int32_t(i);
    std::push_heap(begin, end, above);
  }
  return {scores[size_t(*begin)], anyId};
}

void Sampler::cutTopP(Cut &cut, double total) {
  // The bucket in which the sum is reached, then the place in it: no sort of
  // the whole vocabulary, however flat the distribution.
  std::fill(buckets.begin(), buckets.end(), 0);
  for (size_t i = 0; i < scores.size(); ++i)
    buckets[bucketOf(scores[i])] += weights[i];
  double sum = 0, wanted = double(settings.topP) * total;
  size_t last = 0;
  while (last < buckets.size() && sum + buckets[last] < wanted)
    sum += buckets[last++];
  if (last == buckets.size())
    return; // By rounding, all of them do not reach the sum.

  auto end = order.begin();
  for (size_t i = 0; i < scores.size(); ++i)
    if (weights[i] > 0 && bucketOf(scores[i]) == last)
      *end++ = int32_t(i);
  std::sort(order.begin(), end, [&](int32_t a, int32_t b) {
    float x = scores[size_t(a)], y = scores[size_t(b)];
    return x > y || (x == y && a < b);
  });
  for (auto at = order.begin(); at != end; ++at) {
    cut = {scores[size_t(*at)], *at};
    sum += weights[size_t(*at)];
    if (sum >= wanted)
      return;
  }
}

} // namespace llmc::sampling
