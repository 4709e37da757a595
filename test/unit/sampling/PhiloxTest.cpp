#include "runtime/sampling/Philox.h"

#include <gtest/gtest.h>

using namespace llmc::sampling;
using Words = std::array<uint32_t, 4>;

// The known answers that the authors of the paper publish with Random123.
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, NumbersFillTheirRange) {
  constexpr int cells = 64, draws = 64000;
  std::array<int, cells> count{};
  for (int i = 0; i < draws; ++i)
    ++count[size_t(randomAt(7, 3, uint64_t(i)) >> 58)];
  double chi = 0, expected = double(draws) / cells;
  for (int n : count)
    chi += (n - expected) * (n - expected) / expected;
  // 63 degrees of freedom: 1 in 1000 exceeds 103; the seed is fixed.
  EXPECT_LT(chi, 103);
}

TEST(Philox, DrawsDifferBySeedSequenceAndPosition) {
  uint64_t u = randomAt(1, 2, 3);
  EXPECT_EQ(u, randomAt(1, 2, 3));
  EXPECT_NE(u, randomAt(2, 2, 3));
  EXPECT_NE(u, randomAt(1, 3, 3));
  EXPECT_NE(u, randomAt(1, 2, 4));
  EXPECT_NE(u, randomAt(1, 2, 3 + (uint64_t(1) << 32)));
  EXPECT_NE(u, randomAt(1, 2 + (uint64_t(1) << 32), 3));
  EXPECT_NE(u, randomAt(1 + (uint64_t(1) << 32), 2, 3));
}
