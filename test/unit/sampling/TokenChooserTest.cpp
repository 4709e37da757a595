#include "runtime/sampling/TokenChooser.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <random>

using namespace llmc;
using namespace llmc::sampling;

namespace {

constexpr float infinite = std::numeric_limits<float>::infinity();

uint64_t upper(uint64_t a, uint64_t b) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b >> 64);
}

/// TokenChoice.h, written the long way.
int32_t reference(const std::vector<float> &logits, const TokenChoice &c) {
  float largest = *std::ranges::max_element(logits);
  std::vector<uint32_t> distance;
  for (float logit : logits)
    distance.push_back(distanceOf(logit, largest, c.inverseTemperature));
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::ranges::stable_sort(order, {}, [&](size_t i) { return distance[i]; });
  std::vector<uint64_t> weight;
  for (uint32_t d : distance)
    weight.push_back(c.topK > 0 && d > distance[order[size_t(c.topK) - 1]] ? 0
                                                                         : weightOf(d));
  uint64_t total = std::accumulate(weight.begin(), weight.end(), uint64_t(0));
  if (c.topP > 0) {
    uint64_t wanted = std::max<uint64_t>(upper(total, c.topP), 1), sum = 0;
    for (size_t i : order) {
      uint64_t one = weight[i];
      if (sum >= wanted)
        weight[i] = 0;
      sum += one;
    }
  }
  for (uint64_t &w : weight)
    w = w < c.leastWeight ? 0 : w;
  total = std::accumulate(weight.begin(), weight.end(), uint64_t(0));
  uint64_t target = upper(total, c.random), sum = 0;
  for (size_t i = 0; i < weight.size(); ++i)
    if ((sum += weight[i]) > target)
      return static_cast<int32_t>(i);
  return -1;
}

} // namespace

TEST(TokenChooser, WeightsArePowersOfE) {
  for (float d = 0; d < 33; d += 0.00137f) {
    double wanted = std::exp(-double(d)) * 0x1p40;
    double weight = double(weightOf(std::bit_cast<uint32_t>(d)));
    EXPECT_LE(std::abs(weight - wanted), wanted * 1e-7 + 1) << d;
  }
  EXPECT_EQ(weightOf(0), choice::mostWeight);
  EXPECT_EQ(weightOf(1), choice::mostWeight);
  EXPECT_EQ(weightOf(choice::beyond), 0u);
  EXPECT_EQ(weightOf(std::bit_cast<uint32_t>(infinite)), 0u);
}

TEST(TokenChooser, DistancesAreOrderedAndFlushed) {
  EXPECT_EQ(distanceOf(2, 2, 1), 0u);
  EXPECT_EQ(distanceOf(-0.0f, 0, 1), 0u);
  EXPECT_EQ(distanceOf(0, -0.0f, 1), 0u);
  EXPECT_EQ(distanceOf(1, 2, 3), std::bit_cast<uint32_t>(3.0f));
  EXPECT_EQ(distanceOf(-infinite, 2, 1e-38f), std::bit_cast<uint32_t>(infinite));
  // Denormals: logits, differences, products.
  EXPECT_EQ(distanceOf(1e-39f, 1e-39f, 1e30f), 0u);
  EXPECT_EQ(distanceOf(-1e-39f, 1e-39f, 1e38f), 0u);
  EXPECT_EQ(distanceOf(1.5e-38f, 2e-38f, 1e38f), 0u);
  EXPECT_EQ(distanceOf(1, 2, 1.2e-38f), std::bit_cast<uint32_t>(1.2e-38f));
  EXPECT_LT(distanceOf(1, 2, 1), distanceOf(0.5f, 2, 1));
}

TEST(TokenChooser, DoesWhatTheRulesSay) {
  std::mt19937_64 random(8);
  std::normal_distribution<float> normal;
  TokenChooser chooser;
  chooser.reserve(300);
  for (int round = 0; round < 4000; ++round) {
    std::vector<float> logits(1 + random() % 300);
    float scale = std::exp(float(random() % 50) / 10 - 3);
    bool coarse = random() % 2;
    for (float &x : logits)
      x = coarse ? std::round(normal(random) * scale) : normal(random) * scale;
    TokenChoice c;
    c.inverseTemperature = std::exp(float(random() % 60) / 10 - 3);
    if (random() % 2 && logits.size() > 1)
      c.topK = static_cast<int32_t>(1 + random() % (logits.size() - 1));
    if (random() % 2)
      c.topP = random() | 1;
    if (random() % 3 == 0)
      c.leastWeight = choice::mostWeight >> random() % 20;
    c.random = random();
    ASSERT_EQ(chooser.choose(logits, c), reference(logits, c)) << round;
  }
}

TEST(TokenChooser, TakesTheWholeRangeOfRandomNumbers) {
  TokenChooser chooser;
  TokenChoice c;
  c.inverseTemperature = 1;
  std::vector<float> logits = {-infinite, 0, 0, -infinite};
  EXPECT_EQ(chooser.choose(logits, c), 1);
  c.random = uint64_t(1) << 63;
  EXPECT_EQ(chooser.choose(logits, c), 2);
  c.random = ~uint64_t(0);
  EXPECT_EQ(chooser.choose(logits, c), 2);
}
