#include "runtime/program/Values.h"

#include <gtest/gtest.h>
#include <vector>

using namespace llmc;

namespace {

using Kind = Value::Kind;

/// left ∘ right, or nullopt where it is an error.
std::optional<int64_t> compute(Kind kind, int64_t left, int64_t right) {
  Program program;
  program.symbols = {"a", "b"};
  program.values = {{Kind::Symbol, 0, 0, 0}, {Kind::Symbol, 1, 0, 0},
                    {kind, 0, 0, 1}};
  int64_t symbols[] = {left, right};
  std::vector<int64_t> results(3);
  if (Status status = evaluateValues(program, symbols, results); !status) {
    EXPECT_EQ(status.error().code, Code::ArtifactDamaged);
    return std::nullopt;
  }
  return results[2];
}

} // namespace

TEST(Values, ComputeWhatTheirKindsSay) {
  EXPECT_EQ(compute(Kind::Add, 2, 3), 5);
  EXPECT_EQ(compute(Kind::Sub, 2, 3), -1);
  EXPECT_EQ(compute(Kind::Mul, -2, 3), -6);
  EXPECT_EQ(compute(Kind::Min, 2, 3), 2);
  EXPECT_EQ(compute(Kind::Max, 2, 3), 3);
}

TEST(Values, DivisionRoundsAsItsNameSays) {
  for (int64_t a : {-7, -6, -1, 0, 1, 6, 7}) {
    int64_t down = (a - ((a % 3) + 3) % 3) / 3;
    EXPECT_EQ(compute(Kind::FloorDiv, a, 3), down);
    EXPECT_EQ(compute(Kind::Mod, a, 3), a - 3 * down);
    EXPECT_EQ(compute(Kind::CeilDiv, a, 3), down + (a % 3 != 0));
  }
}

TEST(Values, OverflowAndBadDivisorsAreErrors) {
  EXPECT_EQ(compute(Kind::Add, INT64_MAX, 1), std::nullopt);
  EXPECT_EQ(compute(Kind::Sub, INT64_MIN, 1), std::nullopt);
  EXPECT_EQ(compute(Kind::Mul, INT64_MAX, 2), std::nullopt);
  for (Kind kind : {Kind::FloorDiv, Kind::CeilDiv, Kind::Mod}) {
    EXPECT_EQ(compute(kind, 1, 0), std::nullopt);
    EXPECT_EQ(compute(kind, INT64_MIN, -1), std::nullopt);
  }
  EXPECT_EQ(compute(Kind::FloorDiv, INT64_MIN, 1), INT64_MIN);
}
