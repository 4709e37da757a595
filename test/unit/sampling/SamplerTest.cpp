#include "runtime/sampling/Sampler.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <random>
#include <set>

using namespace llmc;
using namespace llmc::sampling;

namespace {
constexpr float infinite = std::numeric_limits<float>::infinity();
constexpr float notANumber = std::numeric_limits<float>::quiet_NaN();

Sampler make(int32_t vocab, SamplingOptions options) {
  auto sampler = Sampler::create(vocab, options);
  EXPECT_TRUE(sampler);
  return *std::move(sampler);
}

std::vector<int> histogram(Sampler &sampler, const std::vector<float> &logits,
                           int draws, std::vector<int32_t> history = {}) {
  std::vector<int> count(logits.size());
  for (int i = 0; i < draws; ++i)
    ++count[size_t(*sampler.sample(logits, 0, uint64_t(i), history))];
  return count;
}

/// The tokens that come up at all in many draws from near-equal logits.
std::set<int32_t> kept(SamplingOptions options,
                       const std::vector<float> &logits,
                       std::vector<int32_t> history = {}) {
  Sampler sampler = make(int32_t(logits.size()), options);
  std::vector<int> count = histogram(sampler, logits, 4000, history);
  std::set<int32_t> ids;
  for (size_t i = 0; i < count.size(); ++i)
    if (count[i] != 0)
      ids.insert(int32_t(i));
  return ids;
}

/// The sum of (observed - expected)^2 / expected.
double chiSquare(const std::vector<int> &count, const std::vector<double> &p) {
  int draws = std::accumulate(count.begin(), count.end(), 0);
  double chi = 0;
  for (size_t i = 0; i < count.size(); ++i) {
    if (p[i] == 0) {
      EXPECT_EQ(count[i], 0) << "token " << i;
      continue;
    }
    double expected = p[i] * draws;
    chi += (count[i] - expected) * (count[i] - expected) / expected;
  }
  return chi;
}

/// What the options mean, written the long way: sort, cut, normalize.
std::vector<double> reference(const SamplingOptions &o,
                              const std::vector<float> &logits) {
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  std::vector<double> p(logits.size());
  double top = logits[order[0]];
  for (size_t i = 0; i < p.size(); ++i)
    p[i] = std::exp((double(logits[i]) - top) / double(o.temperature));
  auto normalize = [&] {
    double sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double &x : p)
      x /= sum;
  };
  if (o.topK > 0 && size_t(o.topK) < p.size())
    for (size_t i = 0; i < p.size(); ++i)
      if (logits[i] < logits[order[size_t(o.topK) - 1]])
        p[i] = 0;
  normalize();
  double before = 0;
  for (size_t i : order) {
    double mass = p[i];
    if (before >= double(o.topP))
      p[i] = 0;
    before += mass;
  }
  normalize();
  for (double &x : p)
    if (x < double(o.minP) * p[order[0]])
      x = 0;
  normalize();
  return p;
}
} // namespace

TEST(Sampler, GreedyTakesTheLargest) {
  Sampler s = make(4, {});
  EXPECT_EQ(*s.sample(std::vector<float>{1, 5, -2, 3}, 0, 0), 1);
}

TEST(Sampler, GreedyTakesTheLowestIdOfEquals) {
  Sampler s = make(5, {});
  EXPECT_EQ(*s.sample(std::vector<float>{1, 7, 7, 7, 2}, 0, 0), 1);
  EXPECT_EQ(*s.sample(std::vector<float>{-0.0f, 0.0f, -1, -1, -1}, 0, 0), 0);
}

TEST(Sampler, RefusesLogitsThatAreNoNumbers) {
  for (float temperature : {0.0f, 1.0f}) {
    SamplingOptions o;
    o.temperature = temperature;
    Sampler s = make(3, o);
    for (std::vector<float> logits : {std::vector<float>{1, notANumber, 2},
                                      {notANumber, 1},
                                      {1, -notANumber},
                                      {1, infinite, 2},
                                      {-infinite, -infinite, -infinite},
                                      {},
                                      {1, 2, 3, 4}}) {
      auto id = s.sample(logits, 0, 0);
      ASSERT_FALSE(id);
      EXPECT_EQ(id.error().code, Code::BadLogits);
    }
    EXPECT_EQ(*s.sample(std::vector<float>{-infinite, 1, -infinite}, 0, 0), 1);
  }
}

TEST(Sampler, NamesTheTokenWhoseLogitIsNaN) {
  Sampler s = make(3, {});
  auto id = s.sample(std::vector<float>{1, 2, notANumber}, 4, 9);
  ASSERT_FALSE(id);
  EXPECT_NE(id.error().why.find("token 2"), std::string::npos);
  EXPECT_NE(id.error().where.find("sequence 4, position 9"), std::string::npos);
  // No flag of sampling makes it a number.
  EXPECT_EQ(id.error().fix.find("temperature"), std::string::npos) << id.error().fix;
  EXPECT_NE(id.error().fix.find("the model's weights"), std::string::npos) << id.error().fix;
}

TEST(Sampler, RefusesOptionsOutOfRange) {
  auto refused = [](auto change) {
    SamplingOptions o;
    change(o);
    auto s = Sampler::create(8, o);
    return !s && s.error().code == Code::BadFlagValue;
  };
  EXPECT_TRUE(refused([](auto &o) { o.temperature = -1; }));
  EXPECT_TRUE(refused([](auto &o) { o.temperature = notANumber; }));
  EXPECT_TRUE(refused([](auto &o) { o.temperature = infinite; }));
  EXPECT_TRUE(refused([](auto &o) { o.topK = -1; }));
  EXPECT_TRUE(refused([](auto &o) { o.topP = 0; }));
  EXPECT_TRUE(refused([](auto &o) { o.topP = 1.5f; }));
  EXPECT_TRUE(refused([](auto &o) { o.minP = notANumber; }));
  EXPECT_TRUE(refused([](auto &o) { o.repetitionPenalty = 0; }));
  EXPECT_FALSE(refused([](auto &) {}));
}

TEST(Sampler, ANarrowerRowThanTheVocabularyIsTaken) {
  SamplingOptions o;
  o.temperature = 1;
  Sampler s = make(100, o);
  EXPECT_EQ(*s.sample(std::vector<float>{-infinite, 0}, 0, 0), 1);
  std::vector<float> wide(100, -infinite);
  wide[99] = 1;
  EXPECT_EQ(*s.sample(wide, 0, 0), 99);
}

TEST(Sampler, DrawsFollowTheProbabilities) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 1.5f);
  std::vector<float> logits(24);
  for (float &x : logits)
    x = normal(random);
  struct {
    float temperature;
    int32_t topK;
    float topP, minP;
  } settings[] = {{1, 0, 1, 0},        {0.7f, 0, 1, 0},         {2, 0, 1, 0},
                  {1, 8, 1, 0},        {1, 0, 0.8f, 0},         {1, 0, 1, 0.1f},
                  {0.8f, 12, 0.9f, 0}, {1.3f, 16, 0.95f, 0.05f}};
  for (auto [temperature, topK, topP, minP] : settings) {
    SamplingOptions o;
    o.temperature = temperature;
    o.topK = topK;
    o.topP = topP;
    o.minP = minP;
    o.seed = 11;
    std::vector<double> p = reference(o, logits);
    Sampler s = make(24, o);
    // At most 23 degrees of freedom: 1 in 1000 exceeds 49.7.
    EXPECT_LT(chiSquare(histogram(s, logits, 40000), p), 49.7)
        << temperature << ' ' << topK << ' ' << topP << ' ' << minP;
  }
}

TEST(Sampler, TopKKeepsAllThatEqualTheKth) {
  SamplingOptions o;
  o.temperature = 1;
  o.topK = 2;
  EXPECT_EQ(kept(o, {1, 3, 2, 2, 0}), (std::set<int32_t>{1, 2, 3}));
  o.topK = 1;
  EXPECT_EQ(kept(o, {1, 3, 2, 2, 0}), (std::set<int32_t>{1}));
  o.topK = 50;
  EXPECT_EQ(kept(o, {1, 1, 1}), (std::set<int32_t>{0, 1, 2}));
}

TEST(Sampler, TopPKeepsTheFewestThatReachTheSum) {
  SamplingOptions o;
  o.temperature = 1;
  auto logOf = [](std::vector<float> p) {
    for (float &x : p)
      x = std::log(x);
    return p;
  };
  o.topP = 0.7f;
  EXPECT_EQ(kept(o, logOf({0.1f, 0.5f, 0.1f, 0.3f})),
            (std::set<int32_t>{1, 3}));
  o.topP = 0.01f;
  EXPECT_EQ(kept(o, logOf({0.1f, 0.5f, 0.1f, 0.3f})), (std::set<int32_t>{1}));
  // Of equal ones the lower ids.
  o.topP = 0.5f;
  EXPECT_EQ(kept(o, {0, 0, 0, 0}), (std::set<int32_t>{0, 1}));
}

TEST(Sampler, TopPOverManyTokensNeedsMoreThanOneStep) {
  SamplingOptions o;
  o.temperature = 1;
  o.topP = 0.5f;
  std::vector<float> flat(1000, 0.25f);
  Sampler s = make(1000, o);
  std::vector<int> count = histogram(s, flat, 20000);
  EXPECT_TRUE(std::all_of(count.begin() + 500, count.end(),
                          [](int n) { return n == 0; }));
  EXPECT_GT(count[499], 0);
}

TEST(Sampler, MinPIsRelativeToTheLargest) {
  SamplingOptions o;
  o.temperature = 1;
  o.minP = 0.2f;
  EXPECT_EQ(kept(o, {0, std::log(0.19f), std::log(0.21f)}),
            (std::set<int32_t>{0, 2}));
  o.minP = 1;
  EXPECT_EQ(kept(o, {0, -0.01f, 0}), (std::set<int32_t>{0, 2}));
}

TEST(Sampler, ThePenaltyLowersBothSignsOnceAndComesFirst) {
  SamplingOptions o;
  o.repetitionPenalty = 2;
  Sampler s = make(4, o);
  std::vector<int32_t> history = {1, 1, 1, -5, 99};
  // 3 / 2 = 1.5 (not 3 / 8).
  EXPECT_EQ(*s.sample(std::vector<float>{1, 3, 1.4f, -1}, 0, 0, history), 1);
  EXPECT_EQ(*s.sample(std::vector<float>{1, 3, 1.6f, -1}, 0, 0, history), 2);
  // -1 * 2 = -2.
  EXPECT_EQ(*s.sample(std::vector<float>{-1.5f, -1, -9, -9}, 0, 0, history), 0);
  o.temperature = 1;
  o.topK = 1;
  EXPECT_EQ(kept(o, {1, 3, 1.6f, -1}, history), (std::set<int32_t>{2}));
}

TEST(Sampler, APenaltyNearZeroDoesNotOverflow) {
  SamplingOptions o;
  o.repetitionPenalty = 1e-38f;
  o.temperature = 1;
  Sampler s = make(2, o);
  EXPECT_EQ(
      *s.sample(std::vector<float>{1e30f, 1}, 0, 0, std::vector<int32_t>{0}),
      0);
}

TEST(Sampler, ADrawDependsOnNothingBefore) {
  SamplingOptions o;
  o.temperature = 1;
  o.topP = 0.9f;
  o.seed = 42;
  std::vector<float> logits(50);
  std::iota(logits.begin(), logits.end(), 0.0f);
  for (float &x : logits)
    x = std::sin(x);
  Sampler alone = make(50, o), batched = make(50, o);
  for (uint64_t position = 0; position < 100; ++position) {
    int32_t expected = *alone.sample(logits, 5, position);
    for (uint64_t other = 0; other < 5; ++other)
      (void)batched.sample(logits, other, position);
    EXPECT_EQ(*batched.sample(logits, 5, position), expected);
  }
}

TEST(Sampler, TinyTemperaturesAreGreedy) {
  SamplingOptions o;
  o.temperature = 1e-30f;
  EXPECT_EQ(kept(o, {1, 3, 2.9999f}), (std::set<int32_t>{1}));
}

TEST(Sampler, ItsChoiceAsNumbersIsTheTokenThatItTakes) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> logits(40);
  for (float &x : logits)
    x = normal(random);
  TokenChooser chooser;
  for (SamplingOptions o : {SamplingOptions{1, 0}, {1, 0.8f}, {1, 2, 5}, {1, 1, 0, 0.6f},
                            {1, 1, 0, 1, 0.1f}, {1, 1e-39f}, {1, 3e38f, 99, 0.9f}}) {
    o.seed = 5;
    Sampler s = make(40, o);
    for (uint64_t position = 0; position < 50; ++position) {
      auto choice = s.choiceAt(2, position);
      ASSERT_TRUE(choice);
      EXPECT_EQ(chooser.choose(logits, *choice), *s.sample(logits, 2, position));
    }
  }
  SamplingOptions penalized;
  penalized.repetitionPenalty = 1.1f;
  EXPECT_FALSE(make(40, penalized).choiceAt(0, 0));
  EXPECT_FALSE(make((1 << 22) + 1, {}).choiceAt(0, 0));
}
